/* SPDX-License-Identifier: MIT
 *
 * frame_fuzz.c - a hostile peer on the local socket: any bytes are frames or an error, and what was
 * understood can be written again.
 */
#include "ipc/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Reads what only keepers or only the hub send; nobody encodes it again here. */
static void read_other(const struct frame *f)
{
    struct frame_hello hello;
    struct frame_ack ack;
    struct frame_exit ex;
    struct frame_note note;
    struct str text;
    uint64_t a, b;
    uint32_t grace_ms;
    int number;

    (void)!frame_get_hello(f->payload, &hello);
    (void)!frame_get_ack(f->payload, &ack);
    (void)!frame_get_exit(f->payload, &ex);
    (void)!frame_get_note(f->payload, &note);
    (void)!frame_get_error(f->payload, &number, &text);
    (void)!frame_get_end(f->payload, &a, &b);
    (void)!frame_get_stop(f->payload, &grace_ms);
    (void)!frame_get_signal(f->payload, &number);
}

static void read_texts(const struct frame *f)
{
    struct frame_run run, again;
    struct frame_data data;
    struct buf out = {0};
    struct frame g;

    if (frame_get_run(f->payload, &run) == 0) {
        frame_add_run(&out, &run);
        lm_assert(frame_read(buf_str(&out), FRAME_MAX, &g) == (int64_t)out.n);
        lm_assert(frame_get_run(g.payload, &again) == 0 && str_eq(run.name, again.name));
        buf_clear(&out);
    }
    if (frame_get_data(f->payload, &data) == 0) {
        frame_add_data(&out, &data);
        lm_assert(frame_read(buf_str(&out), FRAME_MAX, &g) == (int64_t)out.n);
    }
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct str rest = str_of((const char *)bytes, n);
    struct frame f;

    for (;;) {
        int64_t taken = frame_read(rest, FRAME_MAX, &f);
        if (taken <= 0)
            return 0;
        read_other(&f);
        read_texts(&f);
        rest = str_of(rest.p + taken, rest.n - (size_t)taken);
    }
}
