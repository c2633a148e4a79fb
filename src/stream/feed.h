/* SPDX-License-Identifier: MIT
 *
 * feed.h - one distinct (filter, form), encoded once for everybody who wants exactly that.
 *
 * Frames are appended to pages; a subscriber is a place in them. The bytes are a cache of what the
 * journal has: pages behind the last reader go at once, and when memory is short the oldest page
 * goes even if somebody still stood in it - the stream sends such readers back to the journal.
 *
 *     head ▶ [page] ▶ [page] ▶ [page] ◀ tail
 *               ▲ place of a slow reader     ▲ place of everybody else
 *
 * A form whose wire sends batches gathers records in `rows` until feed_seal() makes a frame of them;
 * readers only ever stand in front of frames.
 *
 * Threads: loop thread. Owns: its filter, its pages.
 */
#ifndef LM_STREAM_FEED_H
#define LM_STREAM_FEED_H

#include "base/list.h"
#include "record/filter.h"
#include "stream/pages.h"
#include "stream/wire.h"

struct feed {
    struct list link;  /* in its bucket of the stream */
    struct list dirty; /* in one of the stream's lists of feeds with something to send */
    int64_t due_us;    /* monotonic: with form.batch_ms, when the next may be sent */
    struct list live;  /* subscribers that follow the pages */
    uint32_t subs;     /* all of them, also those that are still replaying */
    struct filter *filter;
    struct form form;
    struct page_pool *pool;
    struct page *head, *tail;
    uint64_t end;                /* bytes ever appended */
    uint64_t total[LEVEL_COUNT]; /* records ever appended, by level */
    struct feed_batch {
        struct buf rows; /* JSON of the records that no frame has yet, commas between */
        struct page_entry *records;
        uint32_t count, cap;
    } batch;
    struct feed_cost {
        int64_t spent_us; /* asking the filter in this window, estimated */
        uint32_t samples; /* answers timed in this window */
        uint32_t until_timed;
        bool refused;
    } cost;
    char *key; /* under which the stream has it */
    size_t key_n;
};

/* Where a subscriber stands: in front of frame `entry` of `page`, `off` bytes of the page sent. In
 * the middle of a frame when off > page_frame_start(page, entry). */
struct feed_place {
    struct page *page;
    uint32_t entry, off;
};

/* Takes ownership of filter (heap) on success; the name in form must live as long as the feed. */
int feed_new(struct feed **ret, struct filter *filter, const struct form *form,
             struct page_pool *pool) LM_MUST_CHECK;
/* Nobody may be subscribed any more. */
void feed_free(struct feed *f);

/* Does the filter want this record? A filter with a regex is timed now and then: one that needs more than
 * FEED_COST_MAX_US in a window, or did not get to an answer, wants nothing from then on. */
enum { FEED_COST_WINDOW_MS = 5000, FEED_COST_MAX_US = FEED_COST_WINDOW_MS * 1000 / 50 /* 2 % */ };
bool feed_wants(struct feed *f, const struct filter_verdict *v, const struct record *r);
/* A new window begins. */
void feed_forgive(struct feed *f);
/* Is the filter too expensive to be live? Its subscribers must be told and sent away. */
static inline bool feed_refused(const struct feed *f)
{
    return f->cost.refused || (f->filter->costly && filter_overruns(f->filter) > 0);
}

/* Room for a frame of n bytes at the end; then write it there and call feed_commit(). NULL when
 * memory is short: the record is then missing from this feed, and the caller says so. */
char *feed_reserve(struct feed *f, uint32_t n) LM_MUST_CHECK;
void feed_commit(struct feed *f, uint32_t n, uint64_t id, enum level level);

/* Adds a record to the batch; it is in the feed from the next feed_seal() on. */
int feed_gather(struct feed *f, struct str json, uint64_t id, enum level level) LM_MUST_CHECK;
static inline bool feed_batch_is_full(const struct feed *f)
{
    return f->batch.rows.n >= BATCH_BYTES || f->batch.count >= BATCH_RECORDS;
}
/* Makes a frame of what was gathered. `cursor` is of the last of it; `scratch` gets overwritten. On
 * failure the records are missing from this feed. */
int feed_seal(struct feed *f, struct str cursor, struct buf *scratch) LM_MUST_CHECK;

/* The end of the feed as a place; registers the reader. Nothing may be gathered and not sealed. */
int feed_join(struct feed *f, struct feed_place *ret) LM_MUST_CHECK;
void feed_leave(struct feed_place *at);

/* Moves on over n sent bytes. Returns how many frames were completed. */
uint32_t feed_advance(struct feed_place *at, size_t n);
/* Bytes between the place and the end. */
uint64_t feed_lag(const struct feed *f, const struct feed_place *at);
/* The rest of the frame the place is in the middle of; empty at a frame's start. */
struct str feed_rest_of_frame(const struct feed_place *at);
/* Id of the next record, in a frame or gathered, or 0 at the end. */
uint64_t feed_next_id(const struct feed *f, const struct feed_place *at);

/* What skipping means, exactly. */
struct feed_skipped {
    uint64_t from, to; /* ids of the first and last frame skipped; 0 when none */
    uint64_t count, levels[LEVEL_COUNT];
};
/* Moves a place that is at a frame's start forward until at most `keep` bytes lie ahead of it. */
struct feed_skipped feed_skip(struct feed *f, struct feed_place *at, uint64_t keep);

/* Gives back pages nobody stands in or before. */
void feed_trim(struct feed *f);

#endif
