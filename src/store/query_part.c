/* SPDX-License-Identifier: MIT
 *
 * query_part.c - chunks as parts, and choosing parts.
 */
#include "store/query_part.h"

#include "store/query_keep.h"

#include <errno.h>
#include <stdlib.h>

static bool touches(const struct chunk *c, const struct query *q)
{
    return c->count > 0 && c->end_id > q->min_id && c->first_id <= q->max_id &&
           c->max_time_us >= q->from_us && c->min_time_us < q->to_us;
}

int parts_of(const struct store_view *v, const struct query *q, struct part **ret,
             uint32_t *ret_count)
{
    uint32_t files = v->journal ? journal_view_files(v->journal) : 0, n = 0;
    struct part *parts = malloc(((size_t)v->chunk_count + files + 1) * sizeof *parts);

    if (!parts)
        return -ENOMEM;
    for (uint32_t i = 0; i < v->chunk_count; i++)
        if (touches(v->chunks[i], q) && v->chunks[i]->first_id < v->journal_from)
            parts[n++] = (struct part){.chunk = v->chunks[i], .records = v->chunks[i]->count};
    for (uint32_t i = 0; i < files; i++) {
        uint64_t first = journal_file_start(v->journal, i).next_id;
        uint64_t end = i + 1 < files ? journal_file_start(v->journal, i + 1).next_id
                                     : journal_view_end(v->journal);
        if (first <= q->max_id && end > q->min_id && end > v->journal_from)
            parts[n++] = (struct part){.file = i, .records = end - first};
    }
    *ret = parts;
    *ret_count = n;
    return 0;
}

void searcher_init(struct searcher *s, const struct store_view *v, const struct query *q,
                   const struct plan *plan, int64_t end_us)
{
    *s = (struct searcher){.view = v,
                           .plan = plan,
                           .range = {.min_id = q->min_id,
                                     .max_id = q->max_id,
                                     .from_us = q->from_us,
                                     .to_us = q->to_us,
                                     .tombs = v->tombs,
                                     .now_us = v->now_us,
                                     .cancel = q->cancel,
                                     .end_us = end_us,
                                     .unread = v->unread}};
    s->journal_range = s->range;
    if (s->journal_range.min_id < v->journal_from)
        s->journal_range.min_id = v->journal_from;
    if (v->journal_from && s->range.max_id >= v->journal_from)
        s->range.max_id = v->journal_from - 1;
}

void searcher_fini(struct searcher *s)
{
    finder_fini(&s->finder);
    jframe_close(&s->frames);
    label_table_fini(&s->table);
}

int part_find(struct searcher *s, const struct part *p, bool count_only, struct found *ret)
{
    if (!p->chunk)
        return journal_find(s, p->file, ret);
    int err = find_rows(&s->finder, p->chunk, s->plan, &s->range, count_only, ret);
    if (err < 0) {
        err = part_pass(s, p, err);
        ret->count = 0;
    } else if (!count_only) {
        part_keep(s, ret);
    }
    return err;
}

int part_pass(struct searcher *s, const struct part *p, int err)
{
    const struct chunk_reader *r = &s->finder.reader;
    return p->chunk && r->chunk == p->chunk ? unread_pass_chunk(s->range.unread, r, err) : err;
}

/* --- rows of a chunk --- */

struct showing {
    struct searcher *s;
    struct emitter emitter;
    const struct part_window *window;
    query_emit_fn *emit;
    void *ctx;
    uint64_t passed;
    uint32_t emitted;
};

/* A row whose block does not hold is passed over. */
static int show_row(struct showing *g, uint32_t row)
{
    const struct chunk_reader *reader = &g->s->finder.reader;
    struct record r;

    if (g->passed++ < g->window->skip)
        return 0;
    if (g->window->texts) {
        int err = emitter_record(&g->emitter, row, &r);
        if (err < 0)
            return unread_pass_block(g->s->range.unread, reader, emitter_block(&g->emitter, row),
                                     err);
    } else {
        reader_record(reader, row, &r);
    }
    g->emitted++;
    return g->emit(&r, g->ctx);
}

/* Eight rows without a match are passed at once. */
static int show_rows(struct showing *g, const struct found *f)
{
    uint32_t count = g->s->finder.reader.chunk->count;
    int err = 0;

    for (uint32_t i = 0; i < count && err == 0 && g->emitted < g->window->limit; i++) {
        uint32_t row = g->window->order == QUERY_OLDEST_FIRST ? i : count - 1 - i;
        if (row % 8 == (g->window->order == QUERY_OLDEST_FIRST ? 0 : 7) &&
            f->bits_at.p[row / 8] == 0)
            i += 7;
        else if (found_has(f, row))
            err = show_row(g, row);
    }
    return err;
}

static int emit_chunk(struct showing *g, struct chunk *c, const struct found *f)
{
    struct chunk_reader *r = &g->s->finder.reader;
    int err = r->chunk == c ? 0 : reader_open(r, c);

    if (err == 0)
        err = g->window->texts
                  ? emitter_init(&g->emitter, r)
                  : reader_need(r, NEED_IDS | NEED_TIMES | NEED_KINDS | NEED_SETS | NEED_ROW_SETS);
    if (err < 0)
        err = unread_pass_chunk(g->s->range.unread, r, err);
    else
        err = show_rows(g, f);
    emitter_fini(&g->emitter);
    return err;
}

int part_emit(struct searcher *s, const struct part *p, const struct found *f,
              const struct part_window *w, query_emit_fn *emit, void *ctx, uint32_t *ret_emitted)
{
    struct showing g = {.s = s, .window = w, .emit = emit, .ctx = ctx};
    int err;

    if (f->count <= w->skip || w->limit == 0)
        return 0;
    lm_assert(f->listed);
    if (!p->chunk)
        return journal_emit(s, p->file, f, w, emit, ctx, ret_emitted);
    if (part_is_kept(f))
        return part_emit_kept(s, f, w, emit, ctx, ret_emitted);
    err = emit_chunk(&g, p->chunk, f);
    *ret_emitted += g.emitted;
    return err;
}
