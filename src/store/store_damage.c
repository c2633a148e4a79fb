/* SPDX-License-Identifier: MIT
 *
 * store_damage.c - damage that somebody met while he read: said once for each place, and counted.
 *
 * A query goes on behind it (unread.h), so without this nobody would know but the one who asked.
 */
#include "store/store_impl.h"

#include "base/diag.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PLACES_MAX = 1000 };

static const struct segment *segment_of(const struct store *s, const struct chunk *c)
{
    LIST_FOR_EACH (link, &s->segments) {
        const struct segment *g = LIST_ITEM(link, struct segment, link);
        if (g->files == c->files)
            return g;
    }
    return NULL;
}

static bool was_said(const struct damage_log *l, const struct damage_place *p)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (l->places[i].first_id == p->first_id && l->places[i].at == p->at)
            return true;
    return l->count == PLACES_MAX;
}

/* False: memory is short, and it will be said again. */
static bool remember(struct damage_log *l, const struct damage_place *p)
{
    if (l->count == l->cap) {
        uint32_t cap = l->cap ? l->cap * 2 : 16;
        struct damage_place *places = realloc(l->places, cap * sizeof *places);
        if (!places)
            return false;
        l->places = places;
        l->cap = cap;
    }
    l->places[l->count++] = *p;
    return true;
}

static void say(const struct segment *g, const struct unread_place *p)
{
    if (p->records > 0)
        diag_error("History damage: history/%s/%s.seg at %" PRIu64 ": %" PRIu32
                   " records cannot be read; answers go without them, and `logmill verify` "
                   "looks for more",
                   g->day, g->name, p->at, p->records);
    else
        diag_warn("History damage: history/%s/%s.seg at %" PRIu64
                  ": a table that saves time; nothing is lost",
                  g->day, g->name, p->at);
}

void damage_say(struct store *s, const struct unread *u)
{
    for (uint32_t i = 0; i < u->count; i++) {
        const struct unread_place *p = &u->places[i];
        const struct damage_place place = {p->chunk->first_id, p->at};
        const struct segment *g = segment_of(s, p->chunk);

        if (!g || was_said(&s->damage, &place)) /* no segment: it has gone meanwhile */
            continue;
        if (remember(&s->damage, &place))
            say(g, p);
        if (s->damage.count == PLACES_MAX)
            diag_error("History damage: there is more, which is not said any more");
    }
}

uint32_t store_damaged(const struct store *s)
{
    return s->damage.count;
}
