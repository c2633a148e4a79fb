/* SPDX-License-Identifier: MIT
 *
 * frame_test.c - what goes out comes back, half of it is refused, and the recorded conversation of
 * the first released keeper is still written and understood byte for byte.
 */
#include "ipc/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#ifndef GOLDEN_DIR
#define GOLDEN_DIR "tests/golden"
#endif

static struct frame_run sample_run(void)
{
    struct frame_run run = {
        .keeper_pid = 4711,
        .child_pid = 4712,
        .started_us = 1768473045123456,
        .flags = FRAME_RUN_CONFIGURED,
        .name = STR("game_control"),
        .log_file = STR("/var/lib/logmill/logs/game_control.log"),
        .command = STR("python3 -u game.py 'two words'"),
        .label_count = 2,
        .labels = {{STR("job_run_id"), STR("nightly-42")}, {STR("task_run_id"), STR("")}},
    };
    for (size_t i = 0; i < FRAME_RUN_ID; i++)
        run.run[i] = (uint8_t)(0xf0 + i);
    return run;
}

static const struct frame_exit sample_exit = {
    .ended_us = 1768473046000001,
    .code = -1,
    .signal = 11,
    .core = 1,
    .oom = 2,
    .max_rss_kb = 20480,
    .user_us = 1234567890123,
    .system_us = 42,
    .stdout_n = 29,
    .stderr_n = 13,
};

/* Everything one keeper says in one conversation, in order; the hub was away once in between. */
static void keeper_side(struct buf *out)
{
    struct frame_run run = sample_run();

    frame_add_hello(out, &(struct frame_hello){1, 0, FRAME_MAX});
    frame_add_run(out, &run);
    frame_add_data(out,
                   &(struct frame_data){0, 1768473045200000, FRAME_STDOUT, STR("ready\nhalf a ")});
    frame_add_data(out, &(struct frame_data){0, 1768473045200001, FRAME_STDERR,
                                             str_of("\0\xff\x1b[31mbad\r\n", 11)});
    frame_add_data(out, &(struct frame_data){13, 1768473045300000, FRAME_STDOUT, STR("line\n")});
    frame_add_note(out, &(struct frame_note){4, STR("7 bytes of stdout were given up")});
    frame_add_data(out, &(struct frame_data){25, 1768473045400000, FRAME_STDOUT, STR("last")});
    frame_add_data(out, &(struct frame_data){11, 1768473045400001, FRAME_STDERR, STR("no")});
    frame_add_exit(out, &sample_exit);
    frame_add_end(out, 29, 13);
}

static void hub_side(struct buf *out)
{
    frame_add_hello(out, &(struct frame_hello){1, 0, FRAME_MAX});
    frame_add_ack(out, FRAME_RESUME, &(struct frame_ack){0, 0, 0, 0});
    frame_add_ack(out, FRAME_ACK, &(struct frame_ack){18, 11, 0, 0});
    frame_add_signal(out, 10);
    frame_add_stop(out, 10000);
    frame_add_ack(out, FRAME_ACK, &(struct frame_ack){29, 13, FRAME_ACK_EXIT | FRAME_ACK_END, 0});
    frame_add_error(out, -LM_E_PROTOCOL, STR("the offset goes back"));
}

static void read_golden(const char *name, struct buf *ret)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", GOLDEN_DIR, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(buf_reserve(ret, 65536), 0);
    ret->n = fread(ret->p, 1, ret->cap, f);
    fclose(f);
}

static void assert_same_bytes(const struct buf *a, const struct buf *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->p, b->p, a->n);
}

static void the_recorded_conversation_is_written_byte_for_byte(void **state)
{
    (void)state;
    struct buf golden = {0}, now = {0};

    read_golden("keeper-v1.frames", &golden);
    keeper_side(&now);
    assert_same_bytes(&golden, &now);
    buf_clear(&golden);
    buf_clear(&now);
    read_golden("hub-v1.frames", &golden);
    hub_side(&now);
    assert_same_bytes(&golden, &now);
    buf_fini(&golden);
    buf_fini(&now);
}

/* Decodes a payload and encodes it again. */
static void write_again(const struct frame *f, struct buf *out)
{
    struct frame_hello hello;
    struct frame_run run;
    struct frame_data data;
    struct frame_exit ex;
    struct frame_note note;
    uint64_t stdout_n, stderr_n;

    switch (f->type) {
    case FRAME_HELLO:
        assert_int_equal(frame_get_hello(f->payload, &hello), 0);
        frame_add_hello(out, &hello);
        break;
    case FRAME_RUN:
        assert_int_equal(frame_get_run(f->payload, &run), 0);
        frame_add_run(out, &run);
        break;
    case FRAME_DATA:
        assert_int_equal(frame_get_data(f->payload, &data), 0);
        frame_add_data(out, &data);
        break;
    case FRAME_EXIT:
        assert_int_equal(frame_get_exit(f->payload, &ex), 0);
        frame_add_exit(out, &ex);
        break;
    case FRAME_END:
        assert_int_equal(frame_get_end(f->payload, &stdout_n, &stderr_n), 0);
        frame_add_end(out, stdout_n, stderr_n);
        break;
    case FRAME_NOTE:
        assert_int_equal(frame_get_note(f->payload, &note), 0);
        frame_add_note(out, &note);
        break;
    default:
        fail_msg("type %d is not a keeper's", f->type);
    }
}

static void the_recorded_keeper_is_understood(void **state)
{
    (void)state;
    struct buf golden = {0}, again = {0};
    struct frame f;
    size_t at = 0, frames = 0;

    read_golden("keeper-v1.frames", &golden);
    while (at < golden.n) {
        int64_t n = frame_read(str_of(golden.p + at, golden.n - at), FRAME_MAX, &f);
        assert_true(n > 0);
        write_again(&f, &again);
        at += (size_t)n;
        frames++;
    }
    assert_int_equal(frames, 10);
    assert_same_bytes(&golden, &again);
    buf_fini(&golden);
    buf_fini(&again);
}

static void a_run_keeps_its_labels_and_texts(void **state)
{
    (void)state;
    struct frame_run want = sample_run(), got;
    struct buf out = {0};
    struct frame f;

    frame_add_run(&out, &want);
    assert_int_equal(frame_read(buf_str(&out), FRAME_MAX, &f), (int64_t)out.n);
    assert_int_equal(frame_get_run(f.payload, &got), 0);
    assert_memory_equal(got.run, want.run, FRAME_RUN_ID);
    assert_int_equal(got.keeper_pid, 4711);
    assert_int_equal(got.child_pid, 4712);
    assert_true(str_eq(got.name, want.name));
    assert_true(str_eq(got.log_file, want.log_file));
    assert_true(str_eq(got.command, want.command));
    assert_int_equal(got.label_count, 2);
    assert_true(str_eq(got.labels[0].value, STR("nightly-42")));
    assert_true(str_eq(got.labels[1].name, STR("task_run_id")));
    assert_int_equal(got.labels[1].value.n, 0);
    buf_fini(&out);
}

static void the_hubs_frames_come_back(void **state)
{
    (void)state;
    struct buf out = {0};
    struct frame f;
    struct frame_ack ack;
    struct str text;
    uint32_t grace_ms;
    int32_t signal_number;
    int code;

    frame_add_ack(&out, FRAME_ACK, &(struct frame_ack){UINT64_MAX, 7, FRAME_ACK_END, 3000});
    assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
    assert_int_equal(frame_get_ack(f.payload, &ack), 0);
    assert_true(ack.stdout_n == UINT64_MAX && ack.stderr_n == 7 && ack.flags == FRAME_ACK_END &&
                ack.rest_us == 3000);
    buf_clear(&out);
    frame_add_stop(&out, 10000);
    assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
    assert_int_equal(frame_get_stop(f.payload, &grace_ms), 0);
    assert_int_equal(grace_ms, 10000);
    buf_clear(&out);
    frame_add_signal(&out, 15);
    assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
    assert_int_equal(frame_get_signal(f.payload, &signal_number), 0);
    assert_int_equal(signal_number, 15);
    buf_clear(&out);
    frame_add_error(&out, -LM_E_VERSION, STR("too new"));
    assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
    assert_int_equal(frame_get_error(f.payload, &code, &text), 0);
    assert_int_equal(code, -LM_E_VERSION);
    assert_true(str_eq(text, STR("too new")));
    buf_fini(&out);
}

static int get_any(uint8_t type, struct str payload)
{
    union {
        struct frame_hello hello;
        struct frame_run run;
        struct frame_ack ack;
        struct frame_data data;
        struct frame_exit ex;
        struct frame_note note;
    } u;
    struct str text;
    uint64_t a, b;
    uint32_t grace_ms;
    int32_t number;

    switch (type) {
    case FRAME_HELLO:
        return frame_get_hello(payload, &u.hello);
    case FRAME_ERROR:
        return frame_get_error(payload, &number, &text);
    case FRAME_RUN:
        return frame_get_run(payload, &u.run);
    case FRAME_RESUME:
    case FRAME_ACK:
        return frame_get_ack(payload, &u.ack);
    case FRAME_DATA:
        return frame_get_data(payload, &u.data);
    case FRAME_EXIT:
        return frame_get_exit(payload, &u.ex);
    case FRAME_END:
        return frame_get_end(payload, &a, &b);
    case FRAME_STOP:
        return frame_get_stop(payload, &grace_ms);
    case FRAME_SIGNAL:
        return frame_get_signal(payload, &number);
    default:
        return frame_get_note(payload, &u.note);
    }
}

/* How long the payload must be at least: all known members, without a text at its end. */
static size_t least_payload(const struct frame *f)
{
    switch (f->type) {
    case FRAME_ERROR:
        return 4;
    case FRAME_DATA:
        return FRAME_DATA_HEAD;
    case FRAME_NOTE:
        return 8;
    default:
        return f->payload.n;
    }
}

/* Each truncated payload lies in memory of exactly its size, so that a sanitizer sees one byte too
 * many being read. */
static void check_truncations(const struct frame *f)
{
    for (size_t n = 0; n < f->payload.n; n++) {
        char *exact = malloc(n ? n : 1);
        assert_non_null(exact);
        memcpy(exact, f->payload.p, n);
        int want = n < least_payload(f) ? -LM_E_PROTOCOL : 0;
        assert_int_equal(get_any(f->type, str_of(exact, n)), want);
        free(exact);
    }
}

static void every_truncation_is_noticed(void **state)
{
    (void)state;
    struct buf out = {0};
    struct frame f;

    keeper_side(&out);
    hub_side(&out);
    for (size_t at = 0; at < out.n;) {
        int64_t whole = frame_read(str_of(out.p + at, out.n - at), FRAME_MAX, &f);
        assert_true(whole > 0);
        for (size_t n = 0; n < (size_t)whole; n++) {
            struct frame none;
            assert_int_equal(frame_read(str_of(out.p + at, n), FRAME_MAX, &none), 0);
        }
        check_truncations(&f);
        at += (size_t)whole;
    }
    buf_fini(&out);
}

static void members_added_later_are_ignored(void **state)
{
    (void)state;
    struct buf out = {0};
    struct frame f;
    struct frame_exit ex, with = sample_exit;

    with.last[0] = STR("words of stdout");
    with.last[1] = STR("and stderr");
    frame_add_exit(&out, &with);
    assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
    size_t n = f.payload.n;
    BUF_LIT(&out, "a member of version 2");
    struct str longer = str_of(out.p + FRAME_HEADER, out.n - FRAME_HEADER);
    assert_int_equal(frame_get_exit(longer, &ex), 0);
    assert_int_equal(ex.signal, 11);
    assert_true(str_is(ex.last[0], "words of stdout") && str_is(ex.last[1], "and stderr"));
    assert_int_equal(frame_get_exit(str_of(longer.p, n - 1), &ex), -LM_E_PROTOCOL);
    assert_int_equal(frame_get_exit(str_of(longer.p, n - 26), &ex), -LM_E_PROTOCOL);
    buf_fini(&out);
}

static void a_length_beyond_the_limit_is_refused_at_once(void **state)
{
    (void)state;
    struct frame f;

    assert_int_equal(frame_read(str_of("\xff\xff\xff\xff", 4), FRAME_MAX, &f), -LM_E_PROTOCOL);
    assert_int_equal(frame_read(str_of("\x41\0\0\0", 4), 64, &f), -LM_E_PROTOCOL);
    assert_int_equal(frame_read(str_of("\x40\0\0\0", 4), 64, &f), 0);
}

static void values_outside_their_range_are_refused(void **state)
{
    (void)state;
    struct buf out = {0};
    struct frame f;
    struct frame_data data;
    struct frame_run run = sample_run(), got;
    int32_t number;

    frame_add_data(&out, &(struct frame_data){0, 0, 3, STR("x")});
    assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
    assert_int_equal(frame_get_data(f.payload, &data), -LM_E_PROTOCOL);
    buf_clear(&out);
    frame_add_data(&out, &(struct frame_data){UINT64_MAX, 0, FRAME_STDOUT, STR("x")});
    assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
    assert_int_equal(frame_get_data(f.payload, &data), -LM_E_PROTOCOL);
    static const char *const bad_names[] = {"", ".", "..", "a/b", "with space", "caf\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++) {
        buf_clear(&out);
        run.name = str_from(bad_names[i]);
        frame_add_run(&out, &run);
        assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
        assert_int_equal(frame_get_run(f.payload, &got), -LM_E_PROTOCOL);
    }
    buf_clear(&out);
    frame_add_signal(&out, 65);
    assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
    assert_int_equal(frame_get_signal(f.payload, &number), -LM_E_PROTOCOL);
    buf_fini(&out);
}

static void a_hello_of_another_kind_is_refused(void **state)
{
    (void)state;
    struct frame_hello hello;
    struct buf out = {0};
    struct frame f;

    frame_add_hello(&out, &(struct frame_hello){0, 0, FRAME_MAX});
    assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
    assert_int_equal(frame_get_hello(f.payload, &hello), -LM_E_PROTOCOL);
    buf_clear(&out);
    frame_add_hello(&out, &(struct frame_hello){2, 1, FRAME_MAX});
    assert_true(out.p[0] < 'A');
    assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
    assert_int_equal(frame_get_hello(f.payload, &hello), 0);
    assert_int_equal(hello.version, 2);
    out.p[FRAME_HEADER] ^= 1;
    assert_int_equal(frame_get_hello(f.payload, &hello), -LM_E_PROTOCOL);
    buf_fini(&out);
}

static void nothing_remains_of_a_frame_that_did_not_fit_into_memory(void **state)
{
    (void)state;
    struct buf out = {0};

    frame_add_end(&out, 1, 2);
    size_t before = out.n;
    out.failed = true;
    frame_add_end(&out, 3, 4);
    assert_int_equal(out.n, before);
    assert_true(buf_error(&out) < 0);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recorded_conversation_is_written_byte_for_byte),
        cmocka_unit_test(the_recorded_keeper_is_understood),
        cmocka_unit_test(a_run_keeps_its_labels_and_texts),
        cmocka_unit_test(the_hubs_frames_come_back),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(members_added_later_are_ignored),
        cmocka_unit_test(a_length_beyond_the_limit_is_refused_at_once),
        cmocka_unit_test(values_outside_their_range_are_refused),
        cmocka_unit_test(a_hello_of_another_kind_is_refused),
        cmocka_unit_test(nothing_remains_of_a_frame_that_did_not_fit_into_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
