/* SPDX-License-Identifier: MIT
 *
 * store.c - the history as one thing.
 */
#include "store/store.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

struct store {
    struct store_opts opts;
    struct hub *hub; /* NULL before store_attach() */
    uint32_t views;  /* taken and not dropped */
};

int store_open(struct store **ret, const struct store_opts *opts, struct errinfo *info)
{
    struct store *s = calloc(1, sizeof *s);

    if (!s)
        return err_set(info, -ENOMEM, "cannot open the store: %s", err_text(-ENOMEM));
    s->opts = *opts;
    *ret = s;
    return 0;
}

int store_attach(struct store *s, struct hub *hub)
{
    lm_assert(!s->hub);
    s->hub = hub;
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    lm_assert(s->views == 0);
    free(s);
}

struct store_view *store_view_take(struct store *s, uint64_t from_id)
{
    struct store_view *v = calloc(1, sizeof *v);

    if (!v)
        return NULL;
    v->journal = journal_view_take(s->hub->journal, from_id);
    if (!v->journal) {
        free(v);
        return NULL;
    }
    v->now_us = clock_wall_us();
    s->views++;
    return v;
}

void store_view_drop(struct store *s, struct store_view *v)
{
    if (!v)
        return;
    journal_view_drop(s->hub->journal, v->journal);
    tombs_unref(v->tombs);
    free(v);
    s->views--;
}
