/* SPDX-License-Identifier: MIT
 *
 * call_frame_test.c - every frame in tests/golden/call-frames.json, which another program wrote, is
 * understood and written again byte for byte; what is cut or lies is refused.
 */
#include "ipc/call_frame.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void add_hex(struct buf *out, const char *hex)
{
    for (; hex[0] && hex[1]; hex += 2) {
        char pair[3] = {hex[0], hex[1], 0};
        buf_add_char(out, (char)strtoul(pair, NULL, 16));
    }
}

static const char *text_of(const json_t *vector, const char *name)
{
    const char *text = json_string_value(json_object_get(vector, name));
    assert_non_null(text);
    return text;
}

static struct str str_in(const json_t *vector, const char *name)
{
    return str_from(text_of(vector, name));
}

static uint64_t number_in(const json_t *vector, const char *name)
{
    const json_t *value = json_object_get(vector, name);

    assert_non_null(value);
    return json_is_string(value) ? strtoull(json_string_value(value), NULL, 10)
                                 : (uint64_t)json_integer_value(value);
}

static uint32_t same_pieces(const json_t *vector, const struct pieces *pieces, struct str *ret)
{
    const json_t *want = json_object_get(vector, "attachments");
    struct buf bytes = {0};

    assert_int_equal(json_array_size(want), pieces->count);
    for (uint32_t i = 0; i < pieces->count; i++) {
        buf_clear(&bytes);
        add_hex(&bytes, json_string_value(json_array_get(want, i)));
        ret[i] = pieces_at(pieces, i);
        assert_true(str_eq(buf_str(&bytes), ret[i]));
    }
    buf_fini(&bytes);
    return pieces->count;
}

static void check_call(const json_t *vector, const struct frame *f, struct buf *again)
{
    struct call_frame call;
    struct str attached[CALL_PIECES_MAX];

    assert_int_equal(call_get(f, &call), 0);
    assert_true(str_eq(call.channel, str_in(vector, "channel")));
    assert_true(str_eq(call.args, str_in(vector, "args")));
    assert_int_equal(call.timeout_ms, number_in(vector, "timeout_ms"));
    assert_int_equal(call.credit, number_in(vector, "credit"));
    call_add(again, &call, attached, same_pieces(vector, &call.pieces, attached));
}

static void check_result(const json_t *vector, const struct frame *f, struct buf *again)
{
    struct result_frame result;
    struct str attached[CALL_PIECES_MAX];

    assert_int_equal(call_get_result(f, &result), 0);
    assert_true(str_eq(result.data, str_in(vector, "data")));
    assert_int_equal(result.execution_us, number_in(vector, "execution_us"));
    call_add_result(again, &result, attached, same_pieces(vector, &result.pieces, attached));
}

static void check_failure(const json_t *vector, const struct frame *f, struct buf *again)
{
    struct failure_frame failure;

    assert_int_equal(call_get_failure(f, &failure), 0);
    assert_int_equal(failure.code, number_in(vector, "code"));
    assert_true(str_eq(failure.message, str_in(vector, "message")));
    assert_true(str_eq(failure.details, str_in(vector, "details")));
    call_add_failure(again, &failure);
}

static void check_chunk(const json_t *vector, const struct frame *f, struct buf *again)
{
    struct chunk_frame chunk;
    struct str attached[CALL_PIECES_MAX];

    assert_int_equal(call_get_chunk(f, &chunk), 0);
    assert_int_equal(chunk.index, number_in(vector, "index"));
    assert_int_equal(chunk.current, number_in(vector, "current"));
    assert_int_equal(chunk.total, number_in(vector, "total"));
    assert_true(str_eq(chunk.data, str_in(vector, "data")));
    call_add_chunk(again, &chunk, attached, same_pieces(vector, &chunk.pieces, attached));
}

static void check_vector(const json_t *vector, const struct frame *f, struct buf *again)
{
    struct frame_hello hello;
    uint32_t bytes;

    assert_int_equal(f->flags, number_in(vector, "flags"));
    assert_int_equal(f->request, number_in(vector, "request"));
    switch (f->type) {
    case FRAME_HELLO:
        assert_int_equal(frame_get_hello(f->payload, &hello), 0);
        assert_int_equal(hello.features, FRAME_FEATURE_CALLS);
        frame_add_hello(again, &hello);
        return;
    case FRAME_CALL:
        check_call(vector, f, again);
        return;
    case FRAME_RESULT:
        check_result(vector, f, again);
        return;
    case FRAME_FAILURE:
        check_failure(vector, f, again);
        return;
    case FRAME_CHUNK:
        check_chunk(vector, f, again);
        return;
    case FRAME_CREDIT:
        assert_int_equal(call_get_credit(f, &bytes), 0);
        call_add_credit(again, f->request, bytes);
        return;
    default:
        assert_int_equal(f->type, FRAME_CANCEL);
        call_add_cancel(again, f->request);
    }
}

static void every_recorded_frame_is_understood_and_written_again(void **state)
{
    (void)state;
    json_t *vectors = json_load_file(GOLDEN_DIR "/call-frames.json", 0, NULL);
    const json_t *vector;
    size_t i;

    assert_true(json_array_size(vectors) > 15);
    json_array_foreach(vectors, i, vector)
    {
        struct buf bytes = {0}, again = {0};
        struct frame f;

        add_hex(&bytes, text_of(vector, "hex"));
        assert_int_equal(frame_read(buf_str(&bytes), FRAME_MAX, &f), (int64_t)bytes.n);
        check_vector(vector, &f, &again);
        assert_int_equal(again.n, bytes.n);
        assert_memory_equal(again.p, bytes.p, bytes.n);
        buf_fini(&bytes);
        buf_fini(&again);
    }
    json_decref(vectors);
}

/* Refused at every length but the whole one. */
static void a_payload_that_is_cut_is_refused(void **state)
{
    (void)state;
    struct buf out = {0};
    struct frame f;
    struct call_frame call = {.request = 9, .channel = STR("a:b"), .args = STR("[1]")};

    call_add(&out, &call, (struct str[]){STR("bytes"), STR("")}, 2);
    assert_int_equal(frame_read(buf_str(&out), FRAME_MAX, &f), (int64_t)out.n);
    assert_int_equal(call_get(&f, &call), 0);
    assert_true(str_is(pieces_at(&call.pieces, 0), "bytes"));
    for (size_t whole = f.payload.n; f.payload.n > 0; f.payload.n--)
        assert_int_equal(call_get(&f, &call), f.payload.n == whole ? 0 : -LM_E_PROTOCOL);
    buf_fini(&out);
}

static void lengths_that_lie_are_refused(void **state)
{
    (void)state;
    struct buf out = {0};
    struct frame f;
    struct call_frame call = {.request = 9, .channel = STR("a:b")};

    call_add(&out, &call, (struct str[]){STR("bytes")}, 1);
    memset(out.p + FRAME_HEADER + CALL_HEAD + 3, 0xff, 4); /* the attachment's length */
    assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
    assert_int_equal(call_get(&f, &call), -LM_E_PROTOCOL);
    out.p[FRAME_HEADER + 2] = (char)200; /* 200 attachments */
    assert_int_equal(call_get(&f, &call), -LM_E_PROTOCOL);
    buf_fini(&out);
}

static void a_call_needs_a_number_and_a_channel(void **state)
{
    (void)state;
    struct call_frame call = {.channel = STR("a:b")};
    struct buf out = {0};
    struct frame f;

    call_add(&out, &call, NULL, 0);
    assert_true(frame_read(buf_str(&out), FRAME_MAX, &f) > 0);
    assert_int_equal(call_get(&f, &call), -LM_E_PROTOCOL);
    assert_true(call_channel_ok(STR("logs:get")));
    assert_false(call_channel_ok(STR("")));
    assert_false(call_channel_ok(STR("a b")));
    assert_false(call_channel_ok(STR("a/b")));
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_frame_is_understood_and_written_again),
        cmocka_unit_test(a_payload_that_is_cut_is_refused),
        cmocka_unit_test(lengths_that_lie_are_refused),
        cmocka_unit_test(a_call_needs_a_number_and_a_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
