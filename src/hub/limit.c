/* SPDX-License-Identifier: MIT
 *
 * limit.c - token buckets with debt.
 *
 * Tokens are counted in millionths, so that microseconds times records a second need no division. A
 * bucket that is full says no more than none at all; when the table is full those are thrown out, once a
 * second at most, lest whoever makes up sources makes each record cost a look at all of them.
 */
#include "hub/limit.h"

#include "base/clock.h"

#include <stdlib.h>

enum { TOKEN = 1000000, TELL_EVERY_US = 60 * 1000 * 1000, SWEEP_EVERY_US = 1000 * 1000 };

static int64_t full(const struct limit *l)
{
    return (int64_t)l->rate * TOKEN;
}

static void fill(const struct limit *l, struct limit_bucket *b, int64_t now_us)
{
    int64_t passed = now_us - b->filled_us, missing = full(l) - b->tokens;

    /* Divided, so that a long silence cannot overflow. */
    if (passed >= missing / (int64_t)l->rate + 1)
        b->tokens = full(l);
    else
        b->tokens += passed * (int64_t)l->rate;
    b->filled_us = now_us;
}

/* Takes out every bucket that is full again. */
static void sweep(struct limit *l, int64_t now_us)
{
    struct map kept = {0};

    if (l->swept_us && now_us - l->swept_us < SWEEP_EVERY_US)
        return;
    l->swept_us = now_us;
    for (struct map_slot *s = map_next(&l->by_source, NULL); s; s = map_next(&l->by_source, s)) {
        struct limit_bucket *b = s->value;
        fill(l, b, now_us);
        if (b->tokens >= full(l) || map_put(&kept, str_of(s->key, s->key_n), b) < 0)
            free(b);
    }
    map_fini(&l->by_source);
    l->by_source = kept;
}

static struct limit_bucket *bucket_of(struct limit *l, struct str source)
{
    int64_t now_us = clock_mono_us();
    struct limit_bucket *b = map_find(&l->by_source, source);

    if (!b && l->by_source.count >= LIMIT_SOURCES)
        sweep(l, now_us);
    if (!b && l->by_source.count < LIMIT_SOURCES && (b = malloc(sizeof *b))) {
        *b = (struct limit_bucket){.tokens = full(l), .filled_us = now_us};
        if (map_put(&l->by_source, source, b) < 0) {
            free(b);
            b = NULL;
        }
    }
    if (!b)
        b = &l->others;
    fill(l, b, now_us);
    return b;
}

uint32_t limit_wait_ms(struct limit *l, struct str source)
{
    if (l->rate == 0)
        return 0;
    struct limit_bucket *b = bucket_of(l, source);
    if (b->tokens >= TOKEN)
        return 0;
    int64_t wait_ms = (TOKEN - b->tokens) / (int64_t)l->rate / 1000 + 1;
    return wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX;
}

void limit_charge(struct limit *l, struct str source, uint64_t records)
{
    if (l->rate > 0)
        bucket_of(l, source)->tokens -= (int64_t)records * TOKEN;
}

uint64_t limit_refused(struct limit *l, struct str source)
{
    struct limit_bucket *b = bucket_of(l, source);
    int64_t now_us = clock_mono_us();
    uint64_t n = ++b->refused;

    if (b->told_us && now_us - b->told_us < TELL_EVERY_US)
        return 0;
    b->told_us = now_us;
    b->refused = 0;
    return n;
}

void limit_fini(struct limit *l)
{
    for (struct map_slot *s = map_next(&l->by_source, NULL); s; s = map_next(&l->by_source, s))
        free(s->value);
    map_fini(&l->by_source);
    *l = (struct limit){0};
}
