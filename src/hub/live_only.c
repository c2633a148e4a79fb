/* SPDX-License-Identifier: MIT
 *
 * live_only.c - counting by label set. See live_only.h.
 */
#include "hub/live_only.h"

#include <errno.h>
#include <stdlib.h>

bool live_only_fits(const struct live_only *l, uint32_t count)
{
    return l->end_id - l->first_id + count <= UINT32_MAX;
}

/* The map holds places from 1 on. */
static struct live_set *find_set(const struct live_only *l, const struct labels *labels)
{
    uintptr_t place = (uintptr_t)map_find(&l->by_wire, labels->wire);
    return place ? &l->sets[place - 1] : NULL;
}

static struct live_set *add_set(struct live_only *l, struct labels *labels)
{
    if (l->set_count == LIVE_SETS_MAX || l->sets_n + labels->wire.n > LIVE_SETS_BYTES)
        return NULL;
    if (!l->sets && !(l->sets = calloc(LIVE_SETS_MAX, sizeof *l->sets)))
        return NULL;
    if (map_put(&l->by_wire, labels->wire, (void *)(uintptr_t)(l->set_count + 1)) < 0)
        return NULL;
    l->sets[l->set_count].labels = labels_ref(labels);
    l->sets_n += labels->wire.n;
    return &l->sets[l->set_count++];
}

void live_only_add(struct live_only *l, const struct batch *b)
{
    struct live_set *set = NULL;

    lm_assert(l->first_id == 0 || b->first_id == l->end_id);
    if (l->first_id == 0)
        l->first_id = b->first_id;
    l->end_id = b->first_id + b->count;
    for (uint32_t i = 0; i < b->count; i++) {
        struct labels *labels = b->records[i].labels;
        if (i == 0 || labels != b->records[i - 1].labels) {
            set = find_set(l, labels);
            set = set ? set : add_set(l, labels);
        }
        ++*(set ? &set->count : &l->beyond);
    }
}

int live_only_gap(const struct live_only *l, struct batch *gap)
{
    int err = 0;

    batch_begin(gap, &(struct origin){0}, 0);
    for (uint32_t i = 0; i < l->set_count && err == 0; i++)
        err = batch_add(gap, &(struct record){.labels = l->sets[i].labels});
    gap->unstored = true;
    gap->ids = (uint32_t)(l->end_id - l->first_id);
    gap->first_id = l->first_id;
    return err;
}

void live_only_fini(struct live_only *l)
{
    for (uint32_t i = 0; i < l->set_count; i++)
        labels_unref(l->sets[i].labels);
    free(l->sets);
    map_fini(&l->by_wire);
    *l = (struct live_only){0};
}
