/* SPDX-License-Identifier: MIT
 *
 * seal_image.c - columns, blocks, meta, head; then the index.
 */
#include "store/seal_image.h"

#include "store/chunk_index.h"
#include "store/seal_blocks.h"
#include "store/seal_columns.h"

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
                            .cancel = s->opts->cancel,
                            .text_max = s->opts->block_text ? s->opts->block_text : BLOCK_TEXT};
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

static bool has_classes(const struct seal_rows *rows)
{
    for (uint32_t i = 0; i < rows->set_count; i++)
        if (rows->sets[i].class)
            return true;
    return false;
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
    format_put32(meta + META_FLAGS, (begins_with_cont(rows) ? META_LEADING_CONT : 0) |
                                        (has_classes(rows) ? META_CLASSES : 0));
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

int seal_image(struct seal_rows *rows, const struct chunk_seal_opts *opts, struct chunk_image *ret)
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
