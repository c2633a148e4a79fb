/* SPDX-License-Identifier: MIT
 *
 * origin.c - positions as bytes.
 */
#include "record/origin.h"

#include "base/err.h"

#include <string.h>

struct origin run_origin(const uint8_t run[16])
{
    struct origin o = {.kind = ORIGIN_RUN, .key_n = 16};
    memcpy(o.key, run, 16);
    return o;
}

struct position run_position_encode(const struct run_position *p)
{
    struct position out = {.n = 24};

    memcpy(out.bytes, &p->stdout_n, 8);
    memcpy(out.bytes + 8, &p->stderr_n, 8);
    memcpy(out.bytes + 16, &p->flags, 4);
    return out;
}

struct run_position run_position_decode(const struct position *p)
{
    struct run_position out = {0};

    if (!p || p->n != 24)
        return out;
    memcpy(&out.stdout_n, p->bytes, 8);
    memcpy(&out.stderr_n, p->bytes + 8, 8);
    memcpy(&out.flags, p->bytes + 16, 4);
    return out;
}

struct origin push_origin(struct str key)
{
    struct origin o = {.kind = ORIGIN_PUSH, .key_n = (uint8_t)key.n};

    lm_assert(key.n >= 1 && key.n <= ORIGIN_KEY_MAX);
    memcpy(o.key, key.p, key.n);
    return o;
}

struct position push_position_encode(const struct push_position *p)
{
    struct position out = {.n = 8};

    memcpy(out.bytes, &p->accepted, 4);
    memcpy(out.bytes + 4, &p->flags, 4);
    return out;
}

struct push_position push_position_decode(const struct position *p)
{
    struct push_position out = {.flags = PUSH_UNFINISHED};

    if (!p || p->n != 8)
        return out;
    memcpy(&out.accepted, p->bytes, 4);
    memcpy(&out.flags, p->bytes + 4, 4);
    return out;
}

struct origin file_origin(uint64_t device, uint64_t inode)
{
    struct origin o = {.kind = ORIGIN_FILE, .key_n = 16};

    memcpy(o.key, &device, 8);
    memcpy(o.key + 8, &inode, 8);
    return o;
}

struct position file_position_encode(const struct file_position *p)
{
    struct position out = {.n = 24};

    memcpy(out.bytes, &p->offset, 8);
    memcpy(out.bytes + 8, &p->fingerprint, 8);
    memcpy(out.bytes + 16, &p->fingerprint_n, 4);
    memcpy(out.bytes + 20, &p->done, 4);
    return out;
}

bool file_position_decode(const struct position *p, struct file_position *ret)
{
    if (!p || p->n != 24)
        return false;
    memcpy(&ret->offset, p->bytes, 8);
    memcpy(&ret->fingerprint, p->bytes + 8, 8);
    memcpy(&ret->fingerprint_n, p->bytes + 16, 4);
    memcpy(&ret->done, p->bytes + 20, 4);
    return ret->fingerprint_n <= FINGERPRINT_MAX;
}

bool position_is_final(const struct origin *o, const struct position *p)
{
    if (o->kind == ORIGIN_FILE)
        return p->n == 0;
    return o->kind == ORIGIN_RUN && (run_position_decode(p).flags & RUN_ENDED);
}
