/* SPDX-License-Identifier: MIT
 *
 * keeper_in_ack_test.c - what is said to be safe is; who breaks off, or the rules, loses nothing
 * that was.
 */
#include "source/keepers_test.h"

/* --- the disk fails --- */

static void what_could_not_be_stored_comes_again_on_a_new_connection(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    put_text(c, FRAME_STDOUT, 0, "one\n");
    flush(f, c);
    f->failures = 1;
    put_text(c, FRAME_STDOUT, 4, "two\n");
    flush(f, c);
    UNTIL(f, c->eof);
    assert_int_equal(c->errors, 1);
    expect_position(f, 1, 4, 0, 0);
    c = call(f, 0, 1);
    assert_int_equal(c->resume.stdout_n, 4);
    put_text(c, FRAME_STDOUT, 4, "two\nthree\n");
    flush(f, c);
    UNTIL(f, f->count == 3);
    expect_record(f, 1, STREAM_STDOUT, "two");
}

static void an_end_that_could_not_be_stored_is_not_acknowledged_and_not_forgotten(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    put_text(c, FRAME_STDOUT, 0, "one\n");
    flush(f, c);
    f->failures = 1;
    put_text(c, FRAME_STDOUT, 4, "two\n");
    put_exit(c, 0);
    frame_add_end(&c->out, 8, 0);
    flush(f, c);
    sync_upto(f, f->next_id); /* the connection lingers; somebody else's sync is over */
    UNTIL(f, c->eof);
    hang_up(c);
    UNTIL(f, f->metrics.keepers == 0);
    assert_int_equal(f->forgotten, 0);
    expect_position(f, 1, 4, 0, 0);
}

static void an_exit_record_that_waits_dies_with_its_connection(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    put_exit(c, 0);
    flush(f, c);
    f->failures = 1;
    put_text(c, FRAME_STDOUT, 0, "lost?\n");
    flush(f, c);
    UNTIL(f, c->eof); /* 100 ms: the exit timer would have fired */
    hang_up(c);
    UNTIL(f, f->metrics.keepers == 0);
    assert_int_equal(f->count, 0);
    assert_int_equal(f->run_count, 0);
}

static void a_waiting_exit_record_that_cannot_be_stored_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    f->failures = 1;
    put_exit(c, 0);
    flush(f, c);
    UNTIL(f, c->eof);
    assert_int_equal(c->acked.flags, 0);
    c = call(f, 0, 1);
    put_exit(c, 0);
    flush(f, c);
    UNTIL(f, c->acked.flags == FRAME_ACK_EXIT);
    assert_int_equal(f->count, 1);
}

/* --- who calls again --- */

static void a_keeper_that_calls_again_displaces_its_earlier_connection(void **state)
{
    struct fixture *f = *state;
    struct caller *old = call(f, 0, 1), *c;

    put_text(old, FRAME_STDOUT, 0, "one\n");
    flush(f, old);
    put_text(old, FRAME_STDOUT, 4, "two\n");
    c = dial(f, 1);
    put_run(c, 1);
    put_text(c, FRAME_STDOUT, 4, "two\nthree\n");
    /* Both are there when the loop looks; the new one is read first. */
    assert_int_equal(send(c->fd, c->out.p, c->out.n, 0), c->out.n);
    turn(f);
    assert_int_equal(send(old->fd, old->out.p, old->out.n, MSG_NOSIGNAL), old->out.n);
    UNTIL(f, old->eof);
    UNTIL(f, c->acked.stdout_n == 14);
    assert_int_equal(f->count, 3);
    expect_position(f, 1, 14, 0, 0);
}

static void a_displaced_connection_does_not_end_the_run(void **state)
{
    struct fixture *f = *state;
    struct caller *old = call(f, 0, 1), *c;

    put_exit(old, 0);
    frame_add_end(&old->out, 0, 0);
    flush(f, old);
    UNTIL(f, old->acked.flags & FRAME_ACK_END);
    c = call(f, 1, 1);
    UNTIL(f, f->metrics.keepers == 1);
    assert_int_equal(f->forgotten, 0);
    assert_int_equal(c->resume.flags, FRAME_ACK_EXIT | FRAME_ACK_END);
}

/* --- acknowledging --- */

static void acknowledgements_are_gathered_for_a_while(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);
    uint64_t start = uv_hrtime();

    for (int i = 0; i < 5; i++) {
        put_text(c, FRAME_STDOUT, (uint64_t)i * 4, "abc\n");
        flush(f, c);
    }
    assert_int_equal(c->acks, 0);
    UNTIL(f, c->acked.stdout_n == 20);
    assert_in_range((uv_hrtime() - start) / 1000000, 10, 10000);
    assert_int_equal(c->acks, 1);
}

static void many_that_write_at_once_may_collect_longer(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < KEEPERS_MAX; i++)
        call(f, i, (uint8_t)(i + 1));
    for (int i = 0; i < KEEPERS_MAX; i++) {
        put_text(&f->callers[i], FRAME_STDOUT, 0, "abc\n");
        flush(f, &f->callers[i]);
    }
    UNTIL(f, f->callers[KEEPERS_MAX - 1].acked.stdout_n == 4);
    assert_in_range(f->callers[KEEPERS_MAX - 1].acked.rest_us, 500, 4000);
    put_text(&f->callers[0], FRAME_STDOUT, 4, "abc\n");
    flush(f, &f->callers[0]);
    UNTIL(f, f->callers[0].acked.stdout_n == 8);
    assert_int_equal(f->callers[0].acked.rest_us, 0);
}

static void much_is_acknowledged_at_once(void **state)
{
    static char line[FRAME_DATA_MAX];
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    put_bytes(c, FRAME_STDOUT, 0, str_of(line, sizeof line));
    put_bytes(c, FRAME_STDERR, 0, str_of(line, sizeof line));
    flush(f, c);
    turn(f);
    assert_int_equal(c->acked.stdout_n, sizeof line);
    assert_int_equal(c->acked.stderr_n, sizeof line);
}

static void half_a_line_is_not_acknowledged(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    put_text(c, FRAME_STDOUT, 0, "line\nha");
    flush(f, c);
    UNTIL(f, c->acks == 1);
    assert_int_equal(c->acked.stdout_n, 5);
}

static void nothing_is_acknowledged_before_it_is_synced(void **state)
{
    struct fixture *f = *state;
    uint64_t at[64] = {0}; /* bytes that are safe once ids below are */

    f->lagging = true;
    f->synced_id = 1;
    struct caller *c = call(f, 0, 1);
    for (uint64_t i = 1; i < 60; i++) {
        put_text(c, FRAME_STDOUT, (i - 1) * 5, "line\n");
        flush(f, c);
        at[i] = i * 5;
        if (i % 4 == 0)
            sync_upto(f, i - 2);
        turn(f);
        assert_true(c->acked.stdout_n <= at[f->synced_id - 1]);
    }
    assert_true(c->acked.stdout_n > 0); /* it goes on under continuous writing */
    sync_upto(f, f->next_id);
    UNTIL(f, c->acked.stdout_n == 59 * 5);
}

static void an_end_is_acknowledged_when_it_is_synced(void **state)
{
    struct fixture *f = *state;

    f->lagging = true;
    f->synced_id = 1;
    struct caller *c = call(f, 0, 1);
    put_text(c, FRAME_STDOUT, 0, "line\n");
    put_exit(c, 0);
    frame_add_end(&c->out, 5, 0);
    flush(f, c);
    for (int i = 0; i < 20; i++)
        turn(f);
    assert_int_equal(f->publishes, 1);
    assert_int_equal(c->acks, 0);
    sync_upto(f, 2);
    turn(f);
    assert_int_equal(c->acks, 0);
    sync_upto(f, 3);
    UNTIL(f, c->acked.flags == (FRAME_ACK_EXIT | FRAME_ACK_END));
}

static void who_does_not_read_acknowledgements_costs_no_memory(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);
    int least = 1, fd = c->fd;
    uint64_t at = 0;

    c->fd = -1; /* the keeper is deaf */
    f->lagging = true;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least), 0);
    for (int i = 0; i < 20000; i++, at += 5) {
        put_text(c, FRAME_STDOUT, at, "line\n");
        while (send(fd, c->out.p, c->out.n, 0) < 0)
            turn(f);
        buf_clear(&c->out);
        turn(f);
        sync_upto(f, f->next_id);
        assert_true(c->conn->out.n < 1000);
    }
    c->fd = fd;
    UNTIL(f, c->acked.stdout_n == at);
    assert_true(c->acks < 20000);
}

/* --- what is refused --- */

static void refuse_after(struct fixture *f, struct caller *c)
{
    size_t before = f->count;

    flush(f, c);
    UNTIL(f, c->eof);
    assert_int_equal(c->errors, 1);
    assert_int_equal(f->count, before);
    hang_up(c);
    UNTIL(f, f->metrics.keepers == 0);
}

static void what_breaks_the_protocol_ends_the_connection_with_a_reason(void **state)
{
    struct fixture *f = *state;
    struct frame_run run = some_run(1);
    struct caller *c = dial(f, 0);

    put_text(c, FRAME_STDOUT, 0, "data before anything\n");
    refuse_after(f, c);
    c = dial(f, 0);
    frame_add_run(&c->out, &run);
    refuse_after(f, c);
    c = dial(f, 0);
    put_hello(c);
    put_text(c, FRAME_STDOUT, 0, "data before RUN\n");
    refuse_after(f, c);
    c = dial(f, 0);
    put_hello(c);
    put_hello(c);
    refuse_after(f, c);
    c = dial(f, 0);
    put_run(c, 1);
    frame_add_run(&c->out, &run);
    refuse_after(f, c);
    c = dial(f, 0);
    put_hello(c);
    c->out.p[FRAME_HEADER] ^= 1; /* the magic */
    refuse_after(f, c);
    c = call(f, 0, 1);
    buf_add(&c->out, "\xff\xff\xff\xff garbage", 12);
    refuse_after(f, c);
    c = call(f, 0, 1);
    put_bytes(c, 3, 0, STR("no such stream\n"));
    refuse_after(f, c);
    c = call(f, 0, 1);
    frame_add_exit(&c->out, &(struct frame_exit){.code = -1, .signal = 65});
    refuse_after(f, c);
    c = call(f, 0, 1);
    frame_add_exit(&c->out, &(struct frame_exit){.code = -1, .signal = -1});
    refuse_after(f, c);
    c = call(f, 0, 1);
    frame_add_error(&c->out, -LM_E_FULL, STR("I \x1b[2J give up \xff"));
    refuse_after(f, c);
    run.labels[0].name = STR("Not A Label");
    c = dial(f, 0);
    put_hello(c);
    frame_add_run(&c->out, &run);
    refuse_after(f, c);
}

static void frames_of_a_later_version_are_skipped(void **state)
{
    struct fixture *f = *state;
    struct caller *c = dial(f, 0);
    uint8_t head[FRAME_HEADER];

    put_hello(c);
    frame_put_header(head, (enum frame_type)0x3f, 3);
    buf_add(&c->out, head, sizeof head);
    buf_add(&c->out, "abc", 3);
    struct frame_run run = some_run(1);
    frame_add_run(&c->out, &run);
    buf_add(&c->out, head, sizeof head);
    buf_add(&c->out, "abc", 3);
    put_text(c, FRAME_STDOUT, 0, "line\n");
    flush(f, c);
    UNTIL(f, f->count == 1);
    assert_int_equal(c->errors, 0);
}

static void texts_of_a_keeper_are_made_text(void **state)
{
    struct fixture *f = *state;
    struct frame_run run = some_run(1);
    char bad[LABEL_VALUE_MAX];
    struct caller *c = dial(f, 0);

    memset(bad, 0xff, sizeof bad); /* three times as long when it is text */
    run.labels[0].value = str_of(bad, sizeof bad);
    put_hello(c);
    frame_add_run(&c->out, &run);
    put_text(c, FRAME_STDOUT, 0, "a\xc3(b\n");
    frame_add_note(&c->out, &(struct frame_note){4, STR("n\xfeote")});
    flush(f, c);
    UNTIL(f, f->count == 2); /* store() checks that everything is UTF-8 */
    expect_record(f, 0, STREAM_STDOUT, "a\xef\xbf\xbd(b");
    expect_record(f, 1, STREAM_SYSTEM, "n\xef\xbf\xbdote");
    assert_int_equal(f->records[1].level, LEVEL_WARN);
    assert_int_equal(f->metrics.lines_invalid_utf8_total, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_could_not_be_stored_comes_again_on_a_new_connection),
        TEST(an_end_that_could_not_be_stored_is_not_acknowledged_and_not_forgotten),
        TEST(an_exit_record_that_waits_dies_with_its_connection),
        TEST(a_waiting_exit_record_that_cannot_be_stored_ends_the_connection),
        TEST(a_keeper_that_calls_again_displaces_its_earlier_connection),
        TEST(a_displaced_connection_does_not_end_the_run),
        TEST(acknowledgements_are_gathered_for_a_while),
        TEST(many_that_write_at_once_may_collect_longer),
        TEST(much_is_acknowledged_at_once),
        TEST(half_a_line_is_not_acknowledged),
        TEST(nothing_is_acknowledged_before_it_is_synced),
        TEST(an_end_is_acknowledged_when_it_is_synced),
        TEST(who_does_not_read_acknowledgements_costs_no_memory),
        TEST(what_breaks_the_protocol_ends_the_connection_with_a_reason),
        TEST(frames_of_a_later_version_are_skipped),
        TEST(texts_of_a_keeper_are_made_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
