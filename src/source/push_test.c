/* SPDX-License-Identifier: MIT
 *
 * push_test.c - bodies against a hub that only counts: what is refused, what is stored, and once.
 */
#include "source/push.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* A hub in memory. It forgets nothing when it is "killed": that is what a journal is for. */
struct fixture {
    struct intake intake;
    struct push_shared shared;
    struct push push;
    struct label_table labels;
    struct metrics metrics;
    struct buf messages; /* "a b c " */
    uint64_t next_id;
    uint32_t frames;
    struct origin origin;
    struct position position;
    bool has_position;
    int fail_at; /* the frame that fails, from 1 */
    int fail_with;
    uint32_t wait_ms; /* of the source "noisy" */
    uint64_t charged;
};

static int publish(void *hub, struct batch *b)
{
    struct fixture *f = hub;

    if (f->fail_at && (int)f->frames + 1 == f->fail_at)
        return f->fail_with;
    f->frames++;
    b->first_id = f->next_id;
    f->next_id += b->count;
    if (b->origin.kind == ORIGIN_PUSH) {
        f->origin = b->origin;
        f->position = b->position;
        f->has_position = true;
    }
    for (uint32_t i = 0; i < b->count; i++) {
        buf_add_str(&f->messages, b->records[i].message);
        buf_add_char(&f->messages, ' ');
    }
    return 0;
}

static const struct position *position(void *hub, const struct origin *o)
{
    struct fixture *f = hub;
    return f->has_position && memcmp(o, &f->origin, sizeof *o) == 0 ? &f->position : NULL;
}

static uint64_t next_id(void *hub)
{
    return ((struct fixture *)hub)->next_id;
}

static uint32_t wait_ms(void *hub, struct str source)
{
    return str_is(source, "noisy") ? ((struct fixture *)hub)->wait_ms : 0;
}

static void charge(void *hub, struct str source, uint64_t records)
{
    struct fixture *f = hub;
    f->charged += str_is(source, "noisy") ? records : 0;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->next_id = 1;
    f->intake = (struct intake){.hub = f,
                                .publish = publish,
                                .position = position,
                                .next_id = next_id,
                                .push_wait_ms = wait_ms,
                                .push_charge = charge,
                                .labels = &f->labels,
                                .metrics = &f->metrics};
    push_shared_init(&f->shared, &f->intake);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    push_fini(&f->push);
    push_shared_fini(&f->shared);
    label_table_fini(&f->labels);
    buf_fini(&f->messages);
    free(f);
    return 0;
}

static int send_body(struct fixture *f, const char *source, const char *key, struct str body)
{
    push_fini(&f->push);
    push_begin(&f->push, &f->shared, str_from(source), str_from(key), false);
    return push_take(&f->push, body, true);
}

static struct buf numbered(unsigned from, unsigned to)
{
    struct buf body = {0};

    for (unsigned i = from; i < to; i++)
        buf_printf(&body, "{\"message\":\"%u\"}\n", i);
    return body;
}

static void a_source_over_its_limit_is_refused_before_anything_is_stored(void **state)
{
    struct fixture *f = *state;

    f->wait_ms = 1500;
    assert_int_equal(
        send_body(f, "quiet", "",
                  STR("[{\"message\":\"a\"},{\"message\":\"b\",\"source\":\"noisy\"}]")),
        -LM_E_FULL);
    assert_int_equal(f->push.wait_ms, 1500);
    assert_string_equal(f->push.limited, "noisy");
    assert_int_equal(f->frames, 0);
    assert_int_equal(f->charged, 0);
}

static void a_body_that_was_let_in_is_taken_whole_and_charged(void **state)
{
    struct fixture *f = *state;
    struct buf body = numbered(0, 40000);

    push_begin(&f->push, &f->shared, STR("noisy"), STR_NONE, true);
    assert_int_equal(push_take(&f->push, str_of(body.p, body.n - 100), false), 0);
    assert_true(f->frames >= 2);
    f->wait_ms = 1000;
    assert_int_equal(push_take(&f->push, str_of(body.p + body.n - 100, 100), true), 0);
    assert_int_equal(f->charged, 40000);
    buf_fini(&body);
}

static void at_most_a_hundred_rejects_are_listed_and_all_are_counted(void **state)
{
    struct fixture *f = *state;
    struct buf body = {0}, out = {0};

    for (int i = 0; i < 250; i++)
        buf_printf(&body, i % 2 ? "{\"message\":\"%d\"}\n" : "{\"massage\":\"%d\"}\n", i);
    assert_int_equal(send_body(f, "app", "", buf_str(&body)), 0);
    assert_int_equal(f->push.accepted, 125);
    assert_int_equal(f->push.rejected, 125);
    push_add_rejects(&f->push, &out);
    assert_non_null(memmem(out.p, out.n, "\"index\":198,", 12));
    assert_null(memmem(out.p, out.n, "\"index\":200,", 12));
    assert_non_null(memmem(out.p, out.n, "],\"rejected_total\":125", 22));
    buf_fini(&body);
    buf_fini(&out);
}

static void a_body_that_fits_a_frame_is_stored_at_its_end_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct buf body = numbered(0, 1000);

    push_begin(&f->push, &f->shared, STR("app"), STR_NONE, false);
    assert_int_equal(push_take(&f->push, str_of(body.p, body.n - 1), false), 0);
    assert_int_equal(f->frames, 0);
    assert_int_equal(push_take(&f->push, str_of(body.p + body.n - 1, 1), true), 0);
    assert_int_equal(f->frames, 1);
    assert_int_equal(f->push.wait_id, 1001);
    buf_fini(&body);
}

static void the_error_of_the_journal_comes_out(void **state)
{
    struct fixture *f = *state;

    f->fail_at = 1;
    f->fail_with = -ENOSPC;
    assert_int_equal(send_body(f, "app", "k", STR("{\"message\":\"a\"}")), -ENOSPC);
    assert_false(f->has_position);
    f->fail_at = 0;
    assert_int_equal(send_body(f, "app", "k", STR("{\"message\":\"a\"}")), 0);
    assert_true(str_is(buf_str(&f->messages), "a "));
}

static void the_same_key_is_not_stored_again_and_gets_the_same_answer(void **state)
{
    struct fixture *f = *state;
    struct buf first = {0}, second = {0};
    static const struct str body = {"[{\"message\":\"a\"},{},{\"message\":\"b\"}]", 37};

    assert_int_equal(send_body(f, "app", "key", body), 0);
    push_add_rejects(&f->push, &first);
    assert_int_equal(send_body(f, "app", "key", body), 0);
    push_add_rejects(&f->push, &second);
    assert_true(f->push.is_repeat);
    assert_int_equal(f->push.accepted, 2);
    assert_true(str_eq(buf_str(&first), buf_str(&second)));
    assert_true(str_is(buf_str(&f->messages), "a b "));
    assert_int_equal(f->push.wait_id, f->next_id);
    assert_int_equal(send_body(f, "app", "another", body), 0);
    assert_true(str_is(buf_str(&f->messages), "a b a b "));
    buf_fini(&first);
    buf_fini(&second);
}

static void a_key_whose_records_were_all_refused_is_not_remembered(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(send_body(f, "app", "key", STR("[{},{}]")), 0);
    assert_int_equal(f->frames, 0);
    assert_false(f->has_position);
}

/* Whatever frame the hub dies behind, the same body under the same key makes it whole. */
static void a_batch_that_was_cut_off_goes_on_behind_what_is_there(void **state)
{
    struct fixture *f = *state;
    struct buf body = numbered(0, 50000), want = {0};

    for (unsigned i = 0; i < 50000; i++)
        buf_printf(&want, "%u ", i);
    for (int dies = 1; dies <= 4; dies++) {
        buf_clear(&f->messages);
        f->has_position = false;
        f->frames = 0;
        f->fail_at = dies;
        f->fail_with = -EIO;
        assert_int_equal(send_body(f, "app", "key", buf_str(&body)), -EIO);
        f->fail_at = 0;
        assert_int_equal(send_body(f, "app", "key", buf_str(&body)), 0);
        assert_int_equal(f->push.accepted, 50000);
        assert_true(str_eq(buf_str(&f->messages), buf_str(&want)));
        struct push_position p = push_position_decode(&f->position);
        assert_int_equal(p.accepted, 50000);
        assert_int_equal(p.flags, 0);
    }
    buf_fini(&body);
    buf_fini(&want);
}

static void a_batch_that_ends_with_a_frame_still_says_that_it_is_whole(void **state)
{
    struct fixture *f = *state;
    struct buf body = numbered(0, BATCH_RECORDS_MAX);

    assert_int_equal(send_body(f, "app", "key", buf_str(&body)), 0);
    assert_int_equal(f->frames, 2);
    assert_int_equal(push_position_decode(&f->position).flags, 0);
    assert_int_equal(f->push.wait_id, BATCH_RECORDS_MAX + 1);
    buf_fini(&body);
}

static void records_without_a_time_get_the_one_of_the_read(void **state)
{
    struct fixture *f = *state;

    clock_fake(1700000000000000);
    push_begin(&f->push, &f->shared, STR("app"), STR_NONE, true);
    clock_advance(5000000);
    assert_int_equal(push_take(&f->push, STR("{\"message\":\"a\"}\n"), false), 0);
    assert_int_equal(f->push.batch.records[0].time_us, 1700000005000000);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_source_over_its_limit_is_refused_before_anything_is_stored),
        TEST(a_body_that_was_let_in_is_taken_whole_and_charged),
        TEST(at_most_a_hundred_rejects_are_listed_and_all_are_counted),
        TEST(a_body_that_fits_a_frame_is_stored_at_its_end_or_not_at_all),
        TEST(the_error_of_the_journal_comes_out),
        TEST(the_same_key_is_not_stored_again_and_gets_the_same_answer),
        TEST(a_key_whose_records_were_all_refused_is_not_remembered),
        TEST(a_batch_that_was_cut_off_goes_on_behind_what_is_there),
        TEST(a_batch_that_ends_with_a_frame_still_says_that_it_is_whole),
        TEST(records_without_a_time_get_the_one_of_the_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
