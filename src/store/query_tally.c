/* SPDX-License-Identifier: MIT
 *
 * query_tally.c - counting records by a text, with bounded memory.
 */
#include "store/query_impl.h"

#include <errno.h>
#include <stdlib.h>

struct tally tally_none(void)
{
    return (struct tally){.first_id = UINT64_MAX,
                          .min_time_us = INT64_MAX,
                          .max_time_us = INT64_MIN,
                          .counted_id = UINT64_MAX}; /* no id */
}

void tally_fini(struct tally_map *m)
{
    map_fini(&m->by_text);
    arena_fini(&m->tallies);
    *m = (struct tally_map){0};
}

static int new_tally(struct tally_map *m, struct str text, struct tally **ret)
{
    struct tally *t = arena_alloc(&m->tallies, sizeof *t);

    if (!t)
        return -ENOMEM;
    *t = tally_none();
    int err = map_put(&m->by_text, text, t);
    if (err < 0)
        return err;
    m->sums.distinct++;
    *ret = t;
    return 0;
}

int tally_add(struct tally_map *m, struct str text, const struct record *r)
{
    struct tally *t = map_find(&m->by_text, text);
    int err = 0;

    if (!t && m->sums.distinct == QUERY_TALLIES_MAX) {
        m->sums.other++;
        return 0;
    }
    if (!t)
        err = new_tally(m, text, &t);
    if (err < 0 || t->counted_id == r->id)
        return err;
    t->counted_id = r->id;
    t->count++;
    t->bytes += r->message.n;
    t->levels[r->level < LEVEL_COUNT ? r->level : LEVEL_NONE]++;
    t->first_id = r->id < t->first_id ? r->id : t->first_id;
    t->last_id = r->id > t->last_id ? r->id : t->last_id;
    t->min_time_us = r->time_us < t->min_time_us ? r->time_us : t->min_time_us;
    t->max_time_us = r->time_us > t->max_time_us ? r->time_us : t->max_time_us;
    return 0;
}

static void add_tally(struct tally *t, const struct tally *from)
{
    t->count += from->count;
    t->bytes += from->bytes;
    for (int i = 0; i < LEVEL_COUNT; i++)
        t->levels[i] += from->levels[i];
    t->first_id = from->first_id < t->first_id ? from->first_id : t->first_id;
    t->last_id = from->last_id > t->last_id ? from->last_id : t->last_id;
    t->min_time_us = from->min_time_us < t->min_time_us ? from->min_time_us : t->min_time_us;
    t->max_time_us = from->max_time_us > t->max_time_us ? from->max_time_us : t->max_time_us;
}

int tally_add_sums(struct tally_map *m, struct str text, const struct tally *sums)
{
    struct tally *t = map_find(&m->by_text, text);
    int err = 0;

    if (!t && m->sums.distinct == QUERY_TALLIES_MAX) {
        m->sums.other += sums->count;
        return 0;
    }
    if (!t)
        err = new_tally(m, text, &t);
    if (err == 0)
        add_tally(t, sums);
    return err;
}

int tally_merge(struct tally_map *m, const struct tally_map *from)
{
    int err = 0;

    for (struct map_slot *s = map_next(&from->by_text, NULL); s && err == 0;
         s = map_next(&from->by_text, s))
        err = tally_add_sums(m, str_of(s->key, s->key_n), s->value);
    m->sums.records += from->sums.records;
    m->sums.with_key += from->sums.with_key;
    m->sums.other += from->sums.other;
    return err;
}

static int by_count(const void *a, const void *b)
{
    const struct map_slot *x = *(struct map_slot *const *)a, *y = *(struct map_slot *const *)b;
    const struct tally *left = x->value, *right = y->value;
    size_t n = x->key_n < y->key_n ? x->key_n : y->key_n;

    if (left->count != right->count)
        return left->count > right->count ? -1 : 1;
    int order = memcmp(x->key, y->key, n);
    return order ? order : (x->key_n > y->key_n) - (x->key_n < y->key_n);
}

static int hand_out(const struct map_slot *slot, query_tally_fn *emit, void *ctx)
{
    const struct tally *t = slot->value;
    struct query_tally out = {.text = str_of(slot->key, slot->key_n),
                              .count = t->count,
                              .bytes = t->bytes,
                              .first_id = t->first_id,
                              .last_id = t->last_id,
                              .min_time_us = t->min_time_us,
                              .max_time_us = t->max_time_us};

    memcpy(out.levels, t->levels, sizeof out.levels);
    return emit(&out, ctx);
}

int tally_top(const struct tally_map *m, uint32_t top_n, query_tally_fn *emit, void *ctx)
{
    struct map_slot **sorted = malloc((m->by_text.count + 1) * sizeof(struct map_slot *));
    size_t n = 0;
    int err = 0;

    if (!sorted)
        return -ENOMEM;
    for (struct map_slot *s = map_next(&m->by_text, NULL); s; s = map_next(&m->by_text, s))
        sorted[n++] = s;
    qsort(sorted, n, sizeof(struct map_slot *), by_count);
    for (size_t i = 0; i < n && i < top_n && err == 0; i++)
        err = hand_out(sorted[i], emit, ctx);
    free(sorted);
    return err;
}
