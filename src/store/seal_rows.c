/* SPDX-License-Identifier: MIT
 *
 * seal_rows.c - collecting and ordering.
 */
#include "store/seal_rows.h"

#include <errno.h>
#include <stdlib.h>

/* Makes room for one more element. */
static int grow(void **array, uint32_t *cap, uint32_t count, size_t size)
{
    if (count < *cap)
        return 0;
    uint32_t bigger = *cap ? *cap * 2 : 64;
    void *p = realloc(*array, bigger * size);
    if (!p)
        return -ENOMEM;
    *array = p;
    *cap = bigger;
    return 0;
}

#define GROW(array, cap, count) grow((void **)&(array), &(cap), (count), sizeof *(array))

void seal_rows_fini(struct seal_rows *s)
{
    for (uint32_t i = 0; i < s->set_count; i++)
        labels_unref(s->sets[i].labels);
    label_table_fini(&s->table);
    map_fini(&s->by_labels);
    free(s->rows);
    free(s->sets);
    free(s->runs);
    free(s->holes);
    free(s->hole_sets);
    free(s->order);
    *s = (struct seal_rows){0};
}

/* The number of this label set with this class. */
static int find_set(struct seal_rows *s, struct labels *l, uint16_t class, uint32_t *ret)
{
    char bytes[sizeof l->wire.p + sizeof class];
    struct labels *own = NULL;
    int err = labels_from_wire(&s->table, l->wire, &own);

    if (err < 0)
        return err;
    memcpy(bytes, &own, sizeof own);
    memcpy(bytes + sizeof own, &class, sizeof class);
    uintptr_t known = (uintptr_t)map_find(&s->by_labels, str_of(bytes, sizeof bytes));
    if (known == 0)
        err = GROW(s->sets, s->set_cap, s->set_count);
    if (known == 0 && err == 0)
        err = map_put(&s->by_labels, str_of(bytes, sizeof bytes),
                      (void *)(uintptr_t)(s->set_count + 1));
    if (known || err < 0) {
        labels_unref(own);
        *ret = (uint32_t)known - 1;
        return err;
    }
    s->sets[s->set_count] =
        (struct seal_set){.labels = own, .class = class, .dead_to = tombs_dead_to(s->tombs, own)};
    *ret = s->set_count++;
    return 0;
}

/* As find_set(), quicker where a set of our table follows itself. */
static int set_of(struct seal_rows *s, const struct record *r, uint16_t class, uint32_t *ret)
{
    if (s->count > 0) {
        uint32_t last = s->rows[s->count - 1].set;
        if (s->sets[last].class == class && s->sets[last].labels == r->labels) {
            *ret = last;
            return 0;
        }
    }
    return find_set(s, r->labels, class, ret);
}

static int add_id(struct seal_rows *s, uint64_t id)
{
    struct seal_run *last = s->run_count ? &s->runs[s->run_count - 1] : NULL;

    if (last && last->first_id + last->count == id) {
        last->count++;
        return 0;
    }
    int err = GROW(s->runs, s->run_cap, s->run_count);
    if (err == 0)
        s->runs[s->run_count++] = (struct seal_run){id, 1};
    return err;
}

/* A hole like the one before it that touches it is one with it. */
static int add_cleared(struct seal_rows *s, uint64_t id)
{
    struct seal_hole *last = s->hole_count ? &s->holes[s->hole_count - 1] : NULL;
    const struct chunk_hole hole = {id, id + 1, HOLE_CLEARED, NULL, 0};

    if (last && last->end_id == id && last->reason == HOLE_CLEARED) {
        last->end_id++;
        return 0;
    }
    return seal_rows_add_hole(s, &hole);
}

static void note_arrival(struct seal_rows *s, int64_t arrival_us)
{
    if (s->count == 0 || arrival_us < s->min_arrival_us)
        s->min_arrival_us = arrival_us;
    if (s->count == 0 || arrival_us > s->max_arrival_us)
        s->max_arrival_us = arrival_us;
}

int seal_rows_add(struct seal_rows *s, const struct record *r, uint16_t class, int64_t arrival_us)
{
    uint32_t set = 0;
    int err = set_of(s, r, class, &set);

    if (err == 0 && r->id <= s->sets[set].dead_to)
        return add_cleared(s, r->id);
    if (err == 0)
        err = GROW(s->rows, s->cap, s->count);
    if (err == 0)
        err = add_id(s, r->id);
    if (err < 0)
        return err;
    note_arrival(s, arrival_us);
    s->rows[s->count++] = (struct seal_row){.time_us = r->time_us,
                                            .message = r->message.p,
                                            .fields = r->fields.p,
                                            .message_n = (uint32_t)r->message.n,
                                            .fields_n = (uint32_t)r->fields.n,
                                            .set = set,
                                            .flags = r->flags,
                                            .level = (uint8_t)r->level,
                                            .stream = (uint8_t)r->stream};
    return 0;
}

int seal_rows_add_hole(struct seal_rows *s, const struct chunk_hole *h)
{
    int err = GROW(s->holes, s->hole_cap, s->hole_count);
    uint32_t at = s->hole_set_count;

    for (uint32_t i = 0; i < h->set_count && err == 0; i++) {
        err = GROW(s->hole_sets, s->hole_set_cap, s->hole_set_count);
        if (err == 0)
            err = find_set(s, h->sets[i], 0, &s->hole_sets[s->hole_set_count]);
        s->hole_set_count += err == 0;
    }
    if (err == 0)
        s->holes[s->hole_count++] =
            (struct seal_hole){h->first_id, h->end_id, h->reason, at, h->set_count};
    return err;
}

/* --- lanes --- */

static int by_bytes(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;

    return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* What makes a lane: class, source, job, task. */
static int by_lane(const struct seal_set *a, const struct seal_set *b)
{
    int order = (a->class > b->class) - (a->class < b->class);

    if (order == 0)
        order = by_bytes(a->labels->source, b->labels->source);
    if (order == 0)
        order = by_bytes(labels_get(a->labels, STR("job_run_id")),
                         labels_get(b->labels, STR("job_run_id")));
    if (order == 0)
        order = by_bytes(labels_get(a->labels, STR("task_run_id")),
                         labels_get(b->labels, STR("task_run_id")));
    return order;
}

static int by_set(const void *a, const void *b)
{
    const struct seal_set *x = a, *y = b;
    int order = by_lane(x, y);

    return order ? order : by_bytes(x->labels->wire, y->labels->wire);
}

/* Sorts the sets; to_new[old number] is the new one. */
static void sort_sets(struct seal_rows *s, uint32_t *to_new)
{
    for (uint32_t i = 0; i < s->set_count; i++)
        s->sets[i].number = i;
    if (s->set_count)
        qsort(s->sets, s->set_count, sizeof *s->sets, by_set);
    for (uint32_t i = 0; i < s->set_count; i++) {
        bool same = i > 0 && by_lane(&s->sets[i - 1], &s->sets[i]) == 0;
        s->lane_count += !same;
        s->sets[i].lane = s->lane_count - 1;
        to_new[s->sets[i].number] = i;
    }
}

static int sort_rows(struct seal_rows *s)
{
    uint32_t *next = calloc(s->lane_count + 1, sizeof *next);

    s->order = malloc((s->count + 1) * sizeof *s->order);
    if (!next || !s->order) {
        free(next);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < s->count; i++)
        next[s->sets[s->rows[i].set].lane + 1]++;
    for (uint32_t lane = 0; lane < s->lane_count; lane++)
        next[lane + 1] += next[lane];
    for (uint32_t i = 0; i < s->count; i++)
        s->order[next[s->sets[s->rows[i].set].lane]++] = i;
    free(next);
    return 0;
}

int seal_rows_order(struct seal_rows *s)
{
    uint32_t *to_new = malloc((s->set_count + 1) * sizeof *to_new);

    if (!to_new)
        return -ENOMEM;
    sort_sets(s, to_new);
    for (uint32_t i = 0; i < s->count; i++)
        s->rows[i].set = to_new[s->rows[i].set];
    for (uint32_t i = 0; i < s->hole_set_count; i++)
        s->hole_sets[i] = to_new[s->hole_sets[i]];
    free(to_new);
    return sort_rows(s);
}
