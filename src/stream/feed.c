/* SPDX-License-Identifier: MIT
 *
 * feed.c - a chain of pages and the places in it.
 */
#include "stream/feed.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

int feed_new(struct feed **ret, struct filter *filter, const struct form *form,
             struct page_pool *pool)
{
    struct feed *f = calloc(1, sizeof *f);

    if (!f)
        return -ENOMEM;
    list_init(&f->link);
    list_init(&f->dirty);
    list_init(&f->live);
    f->filter = filter;
    f->form = *form;
    f->pool = pool;
    *ret = f;
    return 0;
}

void feed_free(struct feed *f)
{
    lm_assert(f->subs == 0);
    while (f->head) {
        struct page *p = f->head;
        f->head = p->next;
        page_free(f->pool, p);
    }
    list_remove(&f->link);
    list_remove(&f->dirty);
    filter_fini(f->filter);
    free(f->filter);
    buf_fini(&f->batch.rows);
    free(f->batch.records);
    free(f->key);
    free(f);
}

/* --- what the filter costs --- */

enum {
    TIMED_EVERY = 8, /* on average */
    SAMPLES_MIN = 4, /* one slow answer is not yet a slow filter */
};

bool feed_wants(struct feed *f, const struct filter_verdict *v, const struct record *r)
{
    struct feed_cost *c = &f->cost;

    if (!f->filter->costly)
        return filter_match_rest(f->filter, v, r);
    if (feed_refused(f))
        return false;
    if (c->until_timed > 0) {
        c->until_timed--;
        return filter_match_rest(f->filter, v, r);
    }
    int64_t start_us = clock_mono_us();
    bool yes = filter_match_rest(f->filter, v, r);
    int64_t end_us = clock_mono_us();
    c->spent_us += (end_us - start_us) * TIMED_EVERY;
    c->samples++;
    /* Not every eighth, lest a pattern in the log decide what is timed. */
    c->until_timed = (uint32_t)(end_us % (2 * TIMED_EVERY - 1));
    c->refused = c->spent_us > FEED_COST_MAX_US && c->samples >= SAMPLES_MIN;
    return yes;
}

void feed_forgive(struct feed *f)
{
    f->cost.spent_us = 0;
    f->cost.samples = 0;
}

/* --- pages --- */

static struct page *add_page(struct feed *f, uint32_t n, uint32_t records)
{
    struct page *p = page_new(f->pool, n, records);

    if (!p)
        return NULL;
    p->start = f->end;
    memcpy(p->before, f->total, sizeof p->before);
    if (f->tail)
        f->tail->next = p;
    else
        f->head = p;
    f->tail = p;
    return p;
}

static char *reserve(struct feed *f, uint32_t n, uint32_t records)
{
    struct page *p = f->tail;

    if (!p || !page_has_room(p, n, records))
        p = add_page(f, n, records);
    return p ? p->bytes + p->used : NULL;
}

char *feed_reserve(struct feed *f, uint32_t n)
{
    return reserve(f, n, 1);
}

static void commit(struct feed *f, uint32_t n, const struct page_entry *records, uint32_t count)
{
    struct page *p = f->tail;

    p->used += n;
    f->end += n;
    for (uint32_t i = 0; i < count; i++) {
        *page_entry(p, p->count++) = (struct page_entry){records[i].id, p->used, records[i].level};
        f->total[records[i].level]++;
    }
}

void feed_commit(struct feed *f, uint32_t n, uint64_t id, enum level level)
{
    struct page_entry record = {.id = id, .level = level};
    commit(f, n, &record, 1);
}

/* --- batches --- */

enum { ROWS_KEEP = 8 * 1024 }; /* there may be thousands of feeds */

int feed_gather(struct feed *f, struct str json, uint64_t id, enum level level)
{
    struct feed_batch *b = &f->batch;

    if (b->count == b->cap) {
        uint32_t cap = b->cap ? b->cap * 2 : 16;
        struct page_entry *more = realloc(b->records, cap * sizeof *more);
        if (!more)
            return -ENOMEM;
        b->records = more;
        b->cap = cap;
    }
    if (buf_reserve(&b->rows, json.n + 1) < 0)
        return -ENOMEM;
    if (b->count > 0)
        buf_add_char(&b->rows, ',');
    buf_add_str(&b->rows, json);
    b->records[b->count++] = (struct page_entry){.id = id, .level = level};
    return 0;
}

int feed_seal(struct feed *f, struct str cursor, struct buf *scratch)
{
    struct feed_batch *b = &f->batch;
    uint32_t count = b->count;
    char *at = NULL;

    if (count == 0)
        return 0;
    buf_clear(scratch);
    f->form.wire->batch(scratch, &f->form, buf_str(&b->rows), cursor);
    buf_clear(&b->rows);
    if (b->rows.cap > ROWS_KEEP)
        buf_fini(&b->rows);
    b->count = 0;
    if (buf_error(scratch) == 0)
        at = reserve(f, (uint32_t)scratch->n, count);
    if (!at)
        return -ENOMEM;
    memcpy(at, scratch->p, scratch->n);
    commit(f, (uint32_t)scratch->n, b->records, count);
    return 0;
}

/* --- places --- */

int feed_join(struct feed *f, struct feed_place *ret)
{
    struct page *p = f->tail ? f->tail : add_page(f, 0, 1);

    lm_assert(f->batch.count == 0);
    if (!p)
        return -ENOMEM;
    p->readers++;
    *ret = (struct feed_place){p, p->count, p->used};
    return 0;
}

void feed_leave(struct feed_place *at)
{
    if (at->page)
        at->page->readers--;
    *at = (struct feed_place){0};
}

static void enter_page(struct feed_place *at, struct page *p)
{
    at->page->readers--;
    p->readers++;
    *at = (struct feed_place){.page = p};
}

uint32_t feed_advance(struct feed_place *at, size_t n)
{
    uint32_t frames = 0;

    while (n > 0) {
        struct page *p = at->page;
        uint32_t here = p->used - at->off;
        if (n >= here) {
            frames += p->count - at->entry;
            n -= here;
            at->off = p->used;
            at->entry = p->count;
            if (n > 0 || p->next)
                enter_page(at, p->next);
            continue;
        }
        at->off += (uint32_t)n;
        n = 0;
        for (; page_entry(p, at->entry)->end <= at->off; frames++)
            at->entry++;
    }
    return frames;
}

uint64_t feed_lag(const struct feed *f, const struct feed_place *at)
{
    return f->end - at->page->start - at->off;
}

struct str feed_rest_of_frame(const struct feed_place *at)
{
    if (at->off == page_frame_start(at->page, at->entry))
        return STR_NONE;
    return str_of(at->page->bytes + at->off, page_entry(at->page, at->entry)->end - at->off);
}

uint64_t feed_next_id(const struct feed *f, const struct feed_place *at)
{
    const struct page *p = at->page;
    uint32_t entry = at->entry;

    if (entry == p->count) {
        p = p->next;
        entry = 0;
    }
    if (p && entry < p->count)
        return page_entry(p, entry)->id;
    return f->batch.count > 0 ? f->batch.records[0].id : 0;
}

/* Records of each level in front of a place, over the life of the feed. */
static void levels_before(const struct feed_place *at, uint64_t out[LEVEL_COUNT])
{
    memcpy(out, at->page->before, sizeof at->page->before);
    for (uint32_t i = 0; i < at->entry; i++)
        out[page_entry(at->page, i)->level]++;
}

struct feed_skipped feed_skip(struct feed *f, struct feed_place *at, uint64_t keep)
{
    struct feed_skipped s = {0};
    uint64_t before[LEVEL_COUNT], after[LEVEL_COUNT];

    levels_before(at, before);
    while (feed_lag(f, at) > keep) {
        if (at->entry == at->page->count) {
            enter_page(at, at->page->next);
            continue;
        }
        const struct page_entry *e = page_entry(at->page, at->entry);
        s.from = s.from ? s.from : e->id;
        at->off = e->end;
        for (; at->entry < at->page->count && e->end == at->off; e--) {
            s.to = e->id;
            at->entry++;
        }
    }
    levels_before(at, after);
    for (int i = 0; i < LEVEL_COUNT; i++) {
        s.levels[i] = after[i] - before[i];
        s.count += s.levels[i];
    }
    return s;
}

void feed_trim(struct feed *f)
{
    while (f->head && f->head != f->tail && f->head->readers == 0) {
        struct page *p = f->head;
        f->head = p->next;
        page_free(f->pool, p);
    }
    if (f->head && f->head == f->tail && f->head->readers == 0) {
        page_free(f->pool, f->head);
        f->head = f->tail = NULL;
    }
}
