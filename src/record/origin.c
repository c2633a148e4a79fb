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

bool position_is_final(const struct origin *o, const struct position *p)
{
    return o->kind == ORIGIN_RUN && (run_position_decode(p).flags & RUN_ENDED);
}
