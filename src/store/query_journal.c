/* SPDX-License-Identifier: MIT
 *
 * query_journal.c - files of the journal as parts: the recent past, not sealed yet.
 *
 * A row is the number of a record within its file. Frames whose texts have none of the needles that
 * every match must have, or whose label sets cannot match, are not opened record by record.
 */
#include "store/query_part.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

enum { ROWS_MAX = JOURNAL_FILE_SIZE / JFRAME_RECORD };

/* In the head of a record (docs/journal-format.md). */
enum { HEAD_MESSAGE_N = 8, HEAD_FIELDS_N = 12 };

/* Filters do not see colours, so a needle may lie across one: then nothing can be said. */
static bool texts_may_match(const struct plan *p, struct str texts)
{
    for (uint32_t i = 0; i < p->needle_count; i++)
        if (needle_find(&p->needles[i], texts, 0) != SIZE_MAX)
            return true;
    return p->needle_count == 0 || (texts.n && memchr(texts.p, '\x1b', texts.n));
}

static bool frame_in_range(const struct searcher *s, const struct jframe *f)
{
    const struct find_range *g = &s->journal_range;
    return f->first_id <= g->max_id && f->first_id + f->count > g->min_id;
}

static bool sets_may_match(struct searcher *s, const struct jframe *f)
{
    s->decided = NULL;
    for (uint32_t i = 0; i < f->set_count; i++) {
        filter_decide(s->plan->filter, s->frames.sets[i], &s->verdict);
        if (s->verdict.truth != TRUTH_NO)
            return true;
    }
    return false;
}

static bool expired(const struct searcher *s, const struct record *r)
{
    return r->class && s->range.now_us - s->arrival_us > chunk_class_ttl_us(r->class);
}

static bool matches(struct searcher *s, const struct record *r)
{
    const struct find_range *g = &s->journal_range;

    if (r->id < g->min_id || r->id > g->max_id || r->time_us < g->from_us || r->time_us >= g->to_us)
        return false;
    if (s->decided != r->labels) {
        filter_decide(s->plan->filter, r->labels, &s->verdict);
        s->dead_to = tombs_dead_to(g->tombs, r->labels);
    }
    s->decided = r->labels;
    return r->id > s->dead_to && !expired(s, r) &&
           filter_match_rest(s->plan->filter, &s->verdict, r);
}

/* `row` is the number of the frame's first record. */
static int find_in_frame(struct searcher *s, const struct jframe *f, uint32_t row,
                         struct found *ret)
{
    struct record r;
    int err = 0;

    if (!frame_in_range(s, f) || !texts_may_match(s->plan, f->texts))
        return 0;
    err = jframe_open(&s->frames, f, &s->table);
    s->arrival_us = f->arrival_us;
    if (err < 0 || !sets_may_match(s, f))
        return err == -LM_E_DAMAGED ? 0 : err;
    while (jframe_next(&s->frames, &r))
        if (matches(s, &r))
            found_add(ret, row + s->frames.at - 1);
    return 0;
}

int journal_find(struct searcher *s, uint32_t file, struct found *ret)
{
    struct journal_cursor c = journal_file_start(s->view->journal, file);
    struct jframe f;
    uint32_t row = 0;
    int err = found_none(ret, ROWS_MAX);

    while (err == 0 && journal_next_in_file(&c, &f)) {
        err = find_checkpoint(s->plan, &s->journal_range);
        if (err == 0)
            err = find_in_frame(s, &f, row, ret);
        row += f.count;
    }
    return err == 0 ? find_checkpoint(s->plan, &s->journal_range) : err;
}

/* --- showing --- */

/* Where a row to be shown lies. */
struct spot {
    struct journal_cursor before; /* in front of its frame */
    uint32_t index;               /* within the frame */
    size_t text_at;               /* its text among those of the frame */
};

struct spots {
    struct spot *at;
    uint32_t count;
    uint64_t from, to; /* which of the found rows are wanted, in order of ids */
    uint64_t passed;
};

static void note_spots(struct spots *spots, const struct found *f, uint32_t row,
                       const struct jframe *frame, const struct journal_cursor *before)
{
    size_t text_at = 0;

    for (uint32_t i = 0; i < frame->count && spots->passed < spots->to; i++) {
        const char *head = frame->heads.p + (size_t)i * JFRAME_RECORD;
        if (found_has(f, row + i) && spots->passed++ >= spots->from)
            spots->at[spots->count++] = (struct spot){*before, i, text_at};
        text_at += (size_t)format_u32(head + HEAD_MESSAGE_N) + format_u32(head + HEAD_FIELDS_N);
    }
}

static void find_spots(const struct searcher *s, uint32_t file, const struct found *f,
                       struct spots *spots)
{
    struct journal_cursor c = journal_file_start(s->view->journal, file), before = c;
    struct jframe frame;

    for (uint32_t row = 0; spots->passed < spots->to && journal_next_in_file(&c, &frame);
         before = c) {
        note_spots(spots, f, row, &frame, &before);
        row += frame.count;
    }
}

/* Opens the frame of a spot unless it is open, and goes to its record. */
static int record_at(struct searcher *s, const struct spot *spot, size_t *open_at,
                     struct record *ret)
{
    struct journal_cursor c = spot->before;
    struct jframe f;
    int err = 0;

    if (*open_at != c.at) {
        bool found = journal_next_in_file(&c, &f);
        lm_assert(found); /* it was there a moment ago and cannot have changed */
        err = jframe_open(&s->frames, &f, &s->table);
        *open_at = spot->before.at;
    }
    if (err < 0)
        return err;
    s->frames.at = spot->index;
    s->frames.text_at = spot->text_at;
    return jframe_next(&s->frames, ret) ? 0 : -LM_E_DAMAGED;
}

static int show(struct searcher *s, const struct spots *spots, enum query_order order,
                query_emit_fn *emit, void *ctx, uint32_t *ret_emitted)
{
    size_t open_at = 0;
    struct record r;
    int err = 0;

    for (uint32_t i = 0; i < spots->count && err == 0; i++) {
        uint32_t at = order == QUERY_OLDEST_FIRST ? i : spots->count - 1 - i;
        err = record_at(s, &spots->at[at], &open_at, &r);
        if (err == 0) {
            (*ret_emitted)++;
            err = emit(&r, ctx);
        }
    }
    return err;
}

int journal_emit(struct searcher *s, uint32_t file, const struct found *f,
                 const struct part_window *w, query_emit_fn *emit, void *ctx, uint32_t *ret_emitted)
{
    uint64_t left = f->count - w->skip, n = left < w->limit ? left : w->limit;
    struct spots spots = {.at = malloc((n + 1) * sizeof *spots.at)};
    int err = spots.at ? 0 : -ENOMEM;

    spots.from = w->order == QUERY_OLDEST_FIRST ? w->skip : left - n;
    spots.to = spots.from + n;
    if (err == 0) {
        find_spots(s, file, f, &spots);
        err = show(s, &spots, w->order, emit, ctx, ret_emitted);
    }
    free(spots.at);
    return err;
}
