/* SPDX-License-Identifier: MIT
 *
 * chunk_seal.c - the steps of sealing, in order.
 */
#include "store/chunk_seal.h"

#include "store/chunk_index.h"
#include "store/seal_blocks.h"
#include "store/seal_columns.h"

#include <errno.h>
#include <stdlib.h>

void chunk_image_fini(struct chunk_image *i)
{
    buf_fini(&i->seg);
    buf_fini(&i->idx);
}

struct seal {
    const struct chunk_seal_opts *opts;
    struct chunk_image *image;
    struct seal_rows *rows;
    struct seal_index index;
    struct packer packer;
    struct buf columns, blocks, labels; /* descriptors, and the filter of labels */
    uint32_t column_count, block_count;
    int64_t min_time_us, max_time_us;
};

static int write_columns(struct seal *s)
{
    struct seal_columns c = {
        .rows = s->rows, .packer = &s->packer, .seg = &s->image->seg, .table = &s->columns};
    int err = seal_columns_write(&c);

    s->column_count = c.count;
    s->min_time_us = c.min_time_us;
    s->max_time_us = c.max_time_us;
    seal_columns_fini(&c);
    return err;
}

static int write_blocks(struct seal *s)
{
    struct seal_blocks b = {.rows = s->rows,
                            .packer = &s->packer,
                            .index = &s->index,
                            .seg = &s->image->seg,
                            .table = &s->blocks,
                            .cancel = s->opts->cancel};
    int err = seal_blocks_write(&b);

    s->block_count = b.count;
    seal_blocks_fini(&b);
    return err;
}

/* Does a stream of a label set begin with a line that continues one of an earlier chunk? */
static bool begins_with_cont(const struct seal_rows *rows)
{
    unsigned char *seen = calloc(rows->set_count + 1, 1);
    bool found = !seen; /* when in doubt: it only costs a look */

    for (uint32_t i = 0; i < rows->count && !found; i++) {
        const struct seal_row *r = &rows->rows[i];
        unsigned char bit = (unsigned char)(1u << (r->stream & 3));
        found = !(seen[r->set] & bit) && (r->flags & RECORD_CONT);
        seen[r->set] |= bit;
    }
    free(seen);
    return found;
}

static void put_meta_sums(char *meta, const struct seal_rows *rows)
{
    uint32_t levels[8] = {0};
    uint64_t raw_n = 0;

    for (uint32_t i = 0; i < rows->count; i++) {
        levels[rows->rows[i].level & 7]++;
        raw_n += rows->rows[i].message_n + rows->rows[i].fields_n;
    }
    format_put64(meta + META_RAW_N, raw_n);
    for (uint32_t i = 0; i < 8; i++)
        format_put32(meta + META_LEVELS + i * 4, levels[i]);
}

/* Appends it to the chunk. */
static int write_meta(struct seal *s)
{
    const struct seal_rows *rows = s->rows;
    char meta[META_HEAD] = {0};

    format_put64(meta + META_FIRST_ID, rows->first_id);
    format_put64(meta + META_END_ID, rows->end_id);
    format_put64(meta + META_MIN_TIME, (uint64_t)s->min_time_us);
    format_put64(meta + META_MAX_TIME, (uint64_t)s->max_time_us);
    format_put64(meta + META_MIN_ARRIVAL, (uint64_t)rows->min_arrival_us);
    format_put64(meta + META_MAX_ARRIVAL, (uint64_t)rows->max_arrival_us);
    format_put32(meta + META_COUNT, rows->count);
    format_put32(meta + META_SET_COUNT, rows->set_count);
    format_put32(meta + META_BLOCK_COUNT, s->block_count);
    format_put32(meta + META_COLUMN_COUNT, s->column_count);
    format_put32(meta + META_FLAGS, begins_with_cont(rows) ? META_LEADING_CONT : 0);
    put_meta_sums(meta, rows);
    buf_add(&s->image->seg, meta, sizeof meta);
    buf_add_str(&s->image->seg, buf_str(&s->columns));
    buf_add_str(&s->image->seg, buf_str(&s->blocks));
    return buf_error(&s->image->seg);
}

static struct str put_head(struct seal *s, size_t meta_at)
{
    struct buf *seg = &s->image->seg;
    struct str meta = str_of(seg->p + meta_at, seg->n - meta_at);

    memcpy(seg->p, CHUNK_MAGIC.p, CHUNK_MAGIC.n);
    format_put32(seg->p + CHUNK_SIZE, (uint32_t)seg->n);
    format_put32(seg->p + CHUNK_META_N, (uint32_t)meta.n);
    format_put64(seg->p + CHUNK_META_CHECK, format_check(meta.p, meta.n));
    format_put64(seg->p + CHUNK_FIRST_ID, s->rows->first_id);
    format_put64(seg->p + CHUNK_END_ID, s->rows->end_id);
    format_put32(seg->p + CHUNK_EPOCH, s->opts->epoch);
    format_put64(seg->p + CHUNK_CHECK, format_check(seg->p, CHUNK_CHECK));
    return meta;
}

static int write_index(struct seal *s, struct str meta)
{
    int err = index_labels(s->rows->sets, s->rows->set_count, &s->labels);
    const struct index_parts parts = {.epoch = s->opts->epoch,
                                      .seg_at = s->opts->seg_at,
                                      .seg = buf_str(&s->image->seg),
                                      .meta = meta,
                                      .labels = buf_str(&s->labels),
                                      .positions = s->opts->positions,
                                      .index = &s->index};

    return err < 0 ? err : index_write(&parts, &s->image->idx);
}

static int write_image(struct seal *s)
{
    static const char head[CHUNK_HEAD];
    int err = seal_rows_order(s->rows);

    buf_add(&s->image->seg, head, sizeof head);
    if (err == 0)
        err = write_columns(s);
    if (err == 0)
        err = write_blocks(s);
    size_t meta_at = s->image->seg.n;
    if (err == 0)
        err = write_meta(s);
    return err < 0 ? err : write_index(s, put_head(s, meta_at));
}

/* Packs rows, which are finished here. */
static int seal_all(struct seal_rows *rows, const struct chunk_seal_opts *opts,
                    struct chunk_image *ret)
{
    struct seal s = {.opts = opts, .image = ret, .rows = rows};
    int err;

    *ret = (struct chunk_image){.first_id = rows->first_id,
                                .end_id = rows->end_id,
                                .count = rows->count,
                                .min_arrival_us = rows->min_arrival_us,
                                .max_arrival_us = rows->max_arrival_us};
    err = write_image(&s);
    seal_index_fini(&s.index);
    packer_fini(&s.packer);
    buf_fini(&s.columns);
    buf_fini(&s.blocks);
    buf_fini(&s.labels);
    if (err < 0)
        chunk_image_fini(ret);
    return err;
}

/* --- from the journal --- */

enum { HEAD_CLASS = 22 }; /* in the head of a record of a frame (docs/journal-format.md) */

static bool expired(const struct chunk_seal_opts *opts, uint16_t class, int64_t arrival_us)
{
    return class && opts->now_us && opts->now_us - arrival_us > chunk_class_ttl_us(class);
}

static int add_unstored(struct seal_rows *rows, const struct jframe_reader *reader)
{
    const struct jframe *f = &reader->frame;
    const struct chunk_hole hole = {.first_id = f->first_id - f->unstored,
                                    .end_id = f->first_id,
                                    .reason = HOLE_UNSTORED,
                                    .sets = reader->sets,
                                    .set_count = f->set_count};

    return f->unstored && hole.first_id < hole.end_id ? seal_rows_add_hole(rows, &hole) : 0;
}

static int add_frame(struct seal_rows *rows, struct jframe_reader *reader, const struct jframe *f,
                     const struct chunk_seal_opts *opts)
{
    struct record r;
    int err = jframe_open(reader, f, &rows->table);

    if (err == 0)
        err = add_unstored(rows, reader);
    while (err == 0 && jframe_next(reader, &r)) {
        const char *head = f->heads.p + (size_t)(reader->at - 1) * JFRAME_RECORD;
        uint16_t class = format_u16(head + HEAD_CLASS);
        const struct chunk_hole hole = {r.id, r.id + 1, HOLE_CLEARED, NULL, 0};
        err = expired(opts, class, f->arrival_us) ? seal_rows_add_hole(rows, &hole)
                                                  : seal_rows_add(rows, &r, class, f->arrival_us);
    }
    return err == -LM_E_DAMAGED ? 0 : err; /* its ids will be missing, as they are in the journal */
}

static int add_file(struct seal_rows *rows, struct jframe_reader *reader,
                    const struct journal_view *v, uint32_t file, const struct chunk_seal_opts *opts)
{
    struct journal_cursor c = journal_file_start(v, file);
    struct jframe f;
    int err = 0;

    rows->first_id = rows->end_id = c.next_id;
    while (err == 0 && journal_next_or_unstored(&c, &f) && c.file == file) {
        err = add_frame(rows, reader, &f, opts);
        rows->end_id = f.first_id + f.count;
        if (err == 0 && opts->cancel && atomic_load_explicit(opts->cancel, memory_order_relaxed))
            err = -ECANCELED;
    }
    return err;
}

int chunk_seal(const struct journal_view *v, uint32_t file, const struct chunk_seal_opts *opts,
               struct chunk_image *ret)
{
    struct seal_rows rows = {.tombs = opts->tombs};
    struct jframe_reader reader = {0};
    int err;

    *ret = (struct chunk_image){0};
    err = add_file(&rows, &reader, v, file, opts);
    if (err == 0)
        err = seal_all(&rows, opts, ret);
    jframe_close(&reader);
    seal_rows_fini(&rows);
    return err;
}
