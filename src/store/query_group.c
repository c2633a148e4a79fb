/* SPDX-License-Identifier: MIT
 *
 * query_group.c - from lines that match to the whole groups they belong to.
 *
 * A group is a line and those after it that are marked as continuing it, within one stream of one label
 * set (record/group.h). Two passes over a part: the first finds the head of each row and notes which
 * heads have a match below them, the second takes every row of these. A group that runs from one part
 * into the next is two groups here.
 */
#include "base/map.h"
#include "store/query_part.h"

#include <errno.h>
#include <stdlib.h>

enum { STREAMS = 4 };

struct groups {
    uint32_t *heads;  /* of each row: the row its group begins with */
    struct found hit; /* heads with a match in their group */
};

static int groups_init(struct groups *g, uint32_t rows)
{
    *g = (struct groups){.heads = malloc(((size_t)rows + 1) * sizeof *g->heads)};
    return g->heads ? found_none(&g->hit, rows) : -ENOMEM;
}

static void groups_fini(struct groups *g)
{
    free(g->heads);
    found_fini(&g->hit);
}

/* *last is the head of this row's stream so far, plus 1; 0: there is none. */
static void note_row(struct groups *g, const struct found *f, uint32_t row, bool cont,
                     uint32_t *last)
{
    if (!cont || *last == 0)
        *last = row + 1;
    g->heads[row] = *last - 1;
    if (found_has(f, row) && !found_has(&g->hit, g->heads[row]))
        found_add(&g->hit, g->heads[row]);
}

static void take_row(const struct groups *g, struct found *f, uint32_t row)
{
    if (found_has(&g->hit, g->heads[row]) && !found_has(f, row))
        found_add(f, row);
}

/* --- chunks --- */

static int note_chunk(struct groups *g, const struct chunk_reader *r, const struct found *f)
{
    uint32_t *last = calloc((size_t)r->chunk->set_count * STREAMS + 1, sizeof *last);

    if (!last)
        return -ENOMEM;
    for (uint32_t row = 0; row < r->chunk->count; row++)
        note_row(g, f, row, r->kinds[row] >> KIND_FLAGS & RECORD_CONT,
                 &last[r->row_sets[row] * STREAMS + reader_stream(r, row)]);
    free(last);
    return 0;
}

static bool in_ids(const struct find_range *g, uint64_t id, const struct labels *l)
{
    return id >= g->min_id && id <= g->max_id && id > tombs_dead_to(g->tombs, l);
}

static int widen_chunk(struct searcher *s, struct chunk *c, struct found *f)
{
    struct chunk_reader *r = &s->finder.reader;
    struct groups g = {0};
    int err = r->chunk == c ? 0 : reader_open(r, c);

    if (err == 0)
        err = reader_need(r, NEED_IDS | NEED_KINDS | NEED_SETS | NEED_ROW_SETS);
    if (err == 0)
        err = groups_init(&g, c->count);
    if (err == 0)
        err = note_chunk(&g, r, f);
    for (uint32_t row = 0; row < c->count && err == 0; row++)
        if (found_has(&g.hit, g.heads[row]) &&
            in_ids(&s->range, reader_id(r, row), r->sets[r->row_sets[row]].labels))
            take_row(&g, f, row);
    groups_fini(&g);
    return err;
}

/* --- files of the journal --- */

/* Each record of the file with its row. */
typedef int row_fn(struct searcher *s, const struct record *r, uint32_t row, void *ctx);

static int each_row(struct searcher *s, uint32_t file, row_fn *fn, void *ctx)
{
    struct journal_cursor c = journal_file_start(s->view->journal, file);
    struct jframe f;
    struct record r;
    uint32_t row = 0;
    int err = 0;

    while (err == 0 && journal_next_in_file(&c, &f)) {
        err = jframe_open(&s->frames, &f, &s->table);
        while (err == 0 && jframe_next(&s->frames, &r))
            err = fn(s, &r, row + s->frames.at - 1, ctx);
        row += f.count;
    }
    return err;
}

struct noting {
    struct groups groups;
    struct found *found;
    struct map last; /* wire form and stream → head + 1 */
    struct buf key;
};

static int note_record(struct searcher *s, const struct record *r, uint32_t row, void *ctx)
{
    struct noting *n = ctx;

    (void)s;
    buf_clear(&n->key);
    buf_add_str(&n->key, r->labels->wire);
    buf_add_char(&n->key, (char)r->stream);
    if (buf_error(&n->key) < 0)
        return -ENOMEM;
    uint32_t last = (uint32_t)(uintptr_t)map_find(&n->last, buf_str(&n->key)), before = last;
    note_row(&n->groups, n->found, row, r->flags & RECORD_CONT, &last);
    return last == before ? 0 : map_put(&n->last, buf_str(&n->key), (void *)(uintptr_t)last);
}

static int take_record(struct searcher *s, const struct record *r, uint32_t row, void *ctx)
{
    struct noting *n = ctx;

    if (in_ids(&s->journal_range, r->id, r->labels))
        take_row(&n->groups, n->found, row);
    return 0;
}

static int widen_journal(struct searcher *s, uint32_t file, struct found *f)
{
    struct noting n = {.found = f};
    int err = groups_init(&n.groups, JOURNAL_FILE_SIZE / JFRAME_RECORD);

    if (err == 0)
        err = each_row(s, file, note_record, &n);
    if (err == 0)
        err = each_row(s, file, take_record, &n);
    groups_fini(&n.groups);
    map_fini(&n.last);
    buf_fini(&n.key);
    return err;
}

int part_widen(struct searcher *s, const struct part *p, struct found *f)
{
    if (f->count == 0)
        return 0;
    return p->chunk ? widen_chunk(s, p->chunk, f) : widen_journal(s, p->file, f);
}
