/* SPDX-License-Identifier: MIT
 *
 * call_frame_fuzz.c - a hostile caller, or a hostile server: any bytes are frames of calls or an
 * error, and what was understood can be written again.
 */
#include "ipc/call_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static uint32_t all_pieces(const struct pieces *p, struct str *ret)
{
    for (uint32_t i = 0; i < p->count; i++)
        ret[i] = pieces_at(p, i);
    return p->count;
}

static void write_again(const struct frame *f, struct buf *out)
{
    struct str attached[CALL_PIECES_MAX];
    struct call_frame call;
    struct result_frame result;
    struct failure_frame failure;
    struct chunk_frame chunk;
    uint32_t bytes;

    if (call_get(f, &call) == 0)
        call_add(out, &call, attached, all_pieces(&call.pieces, attached));
    if (call_get_result(f, &result) == 0)
        call_add_result(out, &result, attached, all_pieces(&result.pieces, attached));
    if (call_get_failure(f, &failure) == 0) {
        (void)call_error_name(failure.code);
        call_add_failure(out, &failure);
    }
    if (call_get_chunk(f, &chunk) == 0)
        call_add_chunk(out, &chunk, attached, all_pieces(&chunk.pieces, attached));
    if (call_get_credit(f, &bytes) == 0)
        call_add_credit(out, f->request, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct str rest = str_of((const char *)bytes, n);
    struct buf out = {0};
    struct frame f, again;
    int64_t taken;

    while ((taken = frame_read(rest, FRAME_MAX, &f)) > 0) {
        buf_clear(&out);
        write_again(&f, &out);
        lm_assert(out.n == 0 || frame_read(buf_str(&out), UINT32_MAX, &again) > 0);
        rest = str_of(rest.p + taken, rest.n - (size_t)taken);
    }
    buf_fini(&out);
    return 0;
}
