/* SPDX-License-Identifier: MIT
 *
 * query_keep.c - copying what was found.
 *
 * Labels are copied in their wire form: sets and their references belong to the searcher that
 * decoded them.
 */
#include "store/query_keep.h"

#include "store/chunk_emit.h"

#include <errno.h>

static size_t bytes_of(const struct record *r)
{
    return r->message.n + r->fields.n + r->labels->wire.n;
}

/* False: no room. */
static bool copy_text(struct arena *a, struct str *s)
{
    size_t n = s->n;

    *s = arena_copy(a, *s);
    return s->n == n;
}

static bool copy_row(struct found *f, const struct record *r)
{
    struct found_row *to = &f->kept[f->kept_count++];

    *to = (struct found_row){.record = *r, .labels = r->labels->wire};
    to->record.labels = NULL;
    return copy_text(&f->kept_at, &to->record.message) &&
           copy_text(&f->kept_at, &to->record.fields) && copy_text(&f->kept_at, &to->labels);
}

/* False when not all could be kept. */
static bool copy_rows(struct found *f, struct emitter *e)
{
    size_t bytes = 0;
    struct record r;

    for (uint32_t row = 0; f->kept_count < f->count && row < e->reader->chunk->count; row++) {
        if (!found_has(f, row))
            continue;
        if (emitter_record(e, row, &r) < 0)
            return false;
        bytes += bytes_of(&r);
        if (bytes > KEEP_BYTES_MAX || !copy_row(f, &r))
            return false;
    }
    return true;
}

void part_keep(struct searcher *s, struct found *f)
{
    struct emitter e;

    if (f->count == 0 || f->count > KEEP_ROWS_MAX || !f->listed)
        return;
    f->kept = arena_alloc(&f->kept_at, f->count * sizeof *f->kept);
    bool ok = f->kept && emitter_init(&e, &s->finder.reader) == 0;
    if (ok) {
        emitter_take(&e, &s->finder.texts);
        ok = copy_rows(f, &e);
    }
    if (f->kept)
        emitter_fini(&e);
    if (!ok)
        f->kept = NULL;
}

static int emit_row(struct searcher *s, const struct found_row *row, query_emit_fn *emit, void *ctx)
{
    struct record r = row->record;
    int err = labels_from_wire(&s->table, row->labels, &r.labels);

    if (err == 0) {
        err = emit(&r, ctx);
        labels_unref(r.labels);
    }
    return err;
}

int part_emit_kept(struct searcher *s, const struct found *f, const struct part_window *w,
                   query_emit_fn *emit, void *ctx, uint32_t *ret_emitted)
{
    uint64_t from = w->skip, to = f->count - from > w->limit ? from + w->limit : f->count;
    int err = 0;

    for (uint64_t i = from; i < to && err == 0; i++) {
        uint64_t at = w->order == QUERY_OLDEST_FIRST ? i : f->count - 1 - i;
        (*ret_emitted)++;
        err = emit_row(s, &f->kept[at], emit, ctx);
    }
    return err;
}
