/* SPDX-License-Identifier: MIT
 *
 * frame_bytes.h - little-endian numbers and the two ways through a payload, for the files that know
 * frames.
 *
 * Writing: frame_open() leaves room for the header, the members follow, frame_close() fills in the
 * length; when memory ran out the pieces that did fit are cut off again. Reading: a cursor walks
 * the payload and remembers whether it was ever asked for more than there is.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_IPC_FRAME_BYTES_H
#define LM_IPC_FRAME_BYTES_H

#include "ipc/frame.h"

#include <endian.h>

/* Little-endian on any machine; where `bytes` is a constant it is one instruction. */
static inline void put_le(uint8_t *out, uint64_t value, int bytes)
{
    uint64_t le = htole64(value);
    memcpy(out, &le, (size_t)bytes);
}

static inline uint64_t get_le(const char *at, int bytes)
{
    uint64_t le = 0;
    memcpy(&le, at, (size_t)bytes);
    return le64toh(le);
}

/* A frame that is being appended, and where it starts. */
struct opened {
    size_t at;
    enum frame_type type;
};

static inline struct opened frame_open(struct buf *out, enum frame_type type)
{
    static const uint8_t header[FRAME_HEADER];
    struct opened f = {out->n, type};

    buf_add(out, header, sizeof header);
    return f;
}

static inline void frame_close(struct buf *out, struct opened f)
{
    if (out->failed)
        out->n = f.at;
    else
        frame_put_header((uint8_t *)out->p + f.at, f.type,
                         (uint32_t)(out->n - f.at - FRAME_HEADER));
}

static inline void add_le(struct buf *out, uint64_t value, int bytes)
{
    uint8_t le[8];

    put_le(le, value, bytes);
    buf_add(out, le, (size_t)bytes);
}

struct cursor {
    struct str rest;
    bool too_short;
};

static inline struct str take(struct cursor *c, size_t n)
{
    if (n > c->rest.n) {
        c->too_short = true;
        return STR_NONE;
    }
    struct str taken = str_of(c->rest.p, n);
    c->rest = str_of(c->rest.p + n, c->rest.n - n);
    return taken;
}

static inline uint64_t take_le(struct cursor *c, int bytes)
{
    struct str taken = take(c, (size_t)bytes);
    return taken.p ? get_le(taken.p, bytes) : 0;
}

static inline uint16_t take_u16(struct cursor *c)
{
    return (uint16_t)take_le(c, 2);
}

static inline uint32_t take_u32(struct cursor *c)
{
    return (uint32_t)take_le(c, 4);
}

static inline uint64_t take_u64(struct cursor *c)
{
    return take_le(c, 8);
}

#endif
