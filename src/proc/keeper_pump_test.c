/* SPDX-License-Identifier: MIT
 *
 * keeper_pump_test.c - when pipes are read, and which. Time is what the test says it is.
 */
#include "proc/keeper_pump.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { START_US = 10000000, OUT = 0, ERR = 1 };

struct pumped {
    struct pump pump;
    struct queue queue;
    struct link link;
    int write_ends[2];
};

static int setup(void **state)
{
    struct pumped *t = calloc(1, sizeof *t);
    int fds[2];

    assert_non_null(t);
    for (int i = 0; i < 2; i++) {
        int ends[2];
        assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
        fds[i] = ends[0];
        t->write_ends[i] = ends[1];
    }
    assert_int_equal(queue_init(&t->queue, 4 * QUEUE_FRAME_MAX, "/nowhere", 0), 0);
    pump_init(&t->pump, fds);
    t->pump.queue = &t->queue;
    t->pump.link = &t->link;
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct pumped *t = *state;

    close(t->write_ends[0]);
    close(t->write_ends[1]);
    pump_close(&t->pump);
    queue_fini(&t->queue);
    free(t);
    return 0;
}

static void say(struct pumped *t, int stream, const char *text)
{
    assert_int_equal(write(t->write_ends[stream], text, strlen(text)), (ssize_t)strlen(text));
}

static void wake(struct pumped *t, int stream, int64_t now_us)
{
    pump_wake(&t->pump, (bool[]){stream == OUT, stream == ERR}, now_us);
}

/* A child whose standard output is in a rest that began at START_US. */
static void make_busy(struct pumped *t)
{
    say(t, OUT, "one\n");
    wake(t, OUT, START_US - 600);
    say(t, OUT, "two\n");
    wake(t, OUT, START_US - 200);
    pump_drain(&t->pump, START_US);
    assert_int_equal(t->pump.streams[OUT].total, 8);
    assert_true(t->pump.rest_us > START_US);
}

static void rare_lines_pass_at_once(void **state)
{
    struct pumped *t = *state;

    for (int i = 1; i <= 3; i++) {
        say(t, OUT, "line\n");
        wake(t, OUT, START_US + 10000 * i);
        assert_int_equal(t->pump.streams[OUT].total, 5 * i);
        assert_int_equal(t->pump.rest_us, 0);
    }
}

static void who_writes_again_at_once_is_left_alone_for_half_a_millisecond(void **state)
{
    struct pumped *t = *state;

    make_busy(t);
    assert_int_equal(t->pump.rest_us, START_US + 500);
    assert_false(pump_polls(&t->pump, OUT));
    pump_drain(&t->pump, START_US + 500); /* nothing came */
    assert_int_equal(t->pump.rest_us, 0);
    assert_true(pump_polls(&t->pump, OUT));
}

static void the_silent_pipe_is_polled_and_not_read(void **state)
{
    struct pumped *t = *state;

    make_busy(t);
    assert_true(pump_polls(&t->pump, ERR));
    say(t, ERR, "nobody has said that this can be read\n");
    say(t, OUT, "three\n");
    pump_drain(&t->pump, START_US + 500);
    assert_int_equal(t->pump.streams[OUT].total, 14);
    assert_int_equal(t->pump.streams[ERR].total, 0);
}

static void
a_word_on_the_silent_pipe_ends_the_rest_and_comes_after_what_was_said_before(void **state)
{
    struct pumped *t = *state;

    make_busy(t);
    say(t, OUT, "three\n");
    say(t, ERR, "oh!\n");
    wake(t, ERR, START_US + 100);
    assert_int_equal(t->pump.streams[OUT].total, 14);
    assert_int_equal(t->pump.streams[ERR].total, 4);
    assert_int_equal(t->pump.rest_us, START_US + 600);
    assert_false(pump_polls(&t->pump, ERR)); /* it may go on */
}

static void a_hub_with_many_keepers_is_called_at_common_moments(void **state)
{
    struct pumped *t = *state;

    t->link.rest_us = 3000;
    make_busy(t);
    assert_int_equal(t->pump.rest_us % 3000, 0);
    assert_in_range(t->pump.rest_us, START_US + 1, START_US + 3000);
    int64_t now = t->pump.rest_us + 7;
    say(t, OUT, "three\n");
    pump_drain(&t->pump, now);
    assert_int_equal(t->pump.rest_us, now - 7 + 3000);
    t->link.rest_us = UINT32_MAX; /* nobody waits for ever */
    say(t, OUT, "four\n");
    pump_drain(&t->pump, now + 2993);
    assert_in_range(t->pump.rest_us, now + 2994, now + 2993 + 5000);
}

static void a_rest_ends_before_the_pipe_is_full(void **state)
{
    static char much[32768];
    struct pumped *t = *state;

    memset(much, 'x', sizeof much);
    much[sizeof much - 1] = '\0';
    t->link.rest_us = 4000;
    make_busy(t);
    say(t, OUT, much);
    pump_drain(&t->pump, START_US + 100); /* 32 KiB in 100 us, and the pipe holds 64 */
    assert_in_range(t->pump.rest_us, START_US + 101, START_US + 201);
}

static void what_a_dead_child_left_is_read_from_both(void **state)
{
    struct pumped *t = *state;

    make_busy(t);
    say(t, ERR, "last words");
    pump_set_goal(&t->pump);
    assert_false(pump_reached_goal(&t->pump));
    pump_drain_all(&t->pump, START_US + 10);
    assert_true(pump_reached_goal(&t->pump));
    assert_true(str_is(pump_last_lines(&t->pump, ERR), "last words"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rare_lines_pass_at_once),
        TEST(who_writes_again_at_once_is_left_alone_for_half_a_millisecond),
        TEST(the_silent_pipe_is_polled_and_not_read),
        TEST(a_word_on_the_silent_pipe_ends_the_rest_and_comes_after_what_was_said_before),
        TEST(a_hub_with_many_keepers_is_called_at_common_moments),
        TEST(a_rest_ends_before_the_pipe_is_full),
        TEST(what_a_dead_child_left_is_read_from_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
