/* SPDX-License-Identifier: MIT
 *
 * chunk_verify.c - is everything of a chunk as it was written?
 */
#include "store/chunk_dead.h"
#include "store/chunk_holes.h"
#include "store/chunk_texts.h"

#include <errno.h>
#include <stdio.h>

struct verifying {
    struct chunk *chunk;
    struct chunk_reader reader;
    struct block_texts texts;
    const struct tombs *tombs;
    int64_t now_us;
    chunk_damage_fn *fn;
    void *ctx;
};

static void tell(struct verifying *v, bool in_idx, uint64_t at, uint64_t n, const char *what,
                 uint64_t records)
{
    const struct chunk_damage d = {.in_idx = in_idx,
                                   .at = (in_idx ? v->chunk->idx_at : v->chunk->seg_at) + at,
                                   .n = n,
                                   .what = what,
                                   .records = records};
    v->fn(&d, v->ctx);
}

static bool is_damage(int err)
{
    return err == -LM_E_DAMAGED || err == -LM_E_VERSION;
}

/* --- the .seg file --- */

static int verify_head(struct verifying *v)
{
    struct chunk_seg seg;
    int err = chunk_seg_read(v->chunk->files->seg_fd, v->chunk->seg_at, &seg);

    if (is_damage(err) ||
        (err == 0 && (seg.size != v->chunk->seg_n || seg.first_id != v->chunk->first_id ||
                      seg.end_id != v->chunk->end_id))) {
        tell(v, false, 0, v->chunk->seg_n, "head", 0);
        return 0;
    }
    return err;
}

/* Decodes a column; damage of one that rows need costs all of them. */
static int verify_column(struct verifying *v, const char *d)
{
    static const struct {
        const char *name;
        unsigned need;
    } columns[COLUMN_KIND_END] = {
        [COLUMN_IDS] = {"ids", NEED_IDS},        [COLUMN_TIMES] = {"times", NEED_TIMES},
        [COLUMN_KINDS] = {"kinds", NEED_KINDS},  [COLUMN_FLAGS] = {"flags", NEED_KINDS},
        [COLUMN_SETS] = {"sets", NEED_ROW_SETS}, [COLUMN_SET_TABLE] = {"set table", NEED_SETS},
        [COLUMN_COUNTS] = {"counts", 0},         [COLUMN_MINUTES] = {"minutes", 0},
        [COLUMN_UNSTORED] = {"holes", 0}};
    uint16_t kind = format_u16(d + COLUMN_KIND);
    struct str raw;
    uint64_t arg;
    int err;

    if (kind == 0 || kind >= COLUMN_KIND_END)
        return 0; /* of a later version, which this one may ignore */
    err = reader_column(&v->reader, (enum column_kind)kind, &raw, &arg);
    if (err == 0 && columns[kind].need)
        err = reader_need(&v->reader, columns[kind].need);
    if (!is_damage(err))
        return err;
    tell(v, false, format_u32(d + COLUMN_AT), format_u32(d + COLUMN_DISK_N), columns[kind].name,
         columns[kind].need ? v->chunk->count : 0);
    return 0;
}

static int verify_columns(struct verifying *v)
{
    int err = 0;

    for (uint32_t i = 0; i < v->chunk->column_count && err == 0; i++)
        err = verify_column(v, v->reader.meta.p + META_HEAD + (size_t)i * COLUMN_SIZE);
    return err;
}

static int verify_block(struct verifying *v, uint32_t i)
{
    const char *d = v->reader.blocks[i].head;
    bool dead = false;
    char name[32];
    int err = dead_block(&v->reader, i, v->tombs, v->now_us, &dead);

    if (err == 0 && dead)
        return 0;
    if (err == 0 || is_damage(err)) {
        err = texts_read_messages(&v->texts, &v->reader, i);
        if (err == 0)
            err = texts_read_fields(&v->texts, &v->reader, i);
        if (err == 0)
            err = texts_index(&v->texts);
    }
    if (!is_damage(err))
        return err;
    snprintf(name, sizeof name, "block %u", i);
    tell(v, false, format_u32(d + BLOCK_AT),
         (uint64_t)format_u32(d + BLOCK_TEXT_N) + format_u32(d + BLOCK_FIELDS_N), name,
         v->reader.blocks[i].rows);
    return 0;
}

/* --- the .idx file --- */

/* Head, meta, labels, positions: what chunk_open() has seen may have changed since. */
static int verify_index_head(struct verifying *v)
{
    struct buf bytes = {0};
    struct chunk *again = NULL;
    int err = read_buf(v->chunk->files->idx_fd, v->chunk->idx_at, v->chunk->grams_at, &bytes);

    if (err == 0)
        err = chunk_open(v->chunk->files, buf_str(&bytes), v->chunk->idx_at, &again);
    if (is_damage(err)) {
        tell(v, true, 0, v->chunk->grams_at, "index record", 0);
        err = 0;
    }
    chunk_unref(again);
    buf_fini(&bytes);
    return err;
}

static bool blooms_hold(struct str blooms, uint32_t block_count, uint64_t check)
{
    size_t directory_n = (size_t)block_count * BLOOM_ENTRY;
    bool ok = blooms.n >= directory_n && format_check(blooms.p, directory_n) == check;

    for (uint32_t i = 0; i < block_count && ok; i++) {
        const char *entry = blooms.p + (size_t)i * BLOOM_ENTRY;
        uint64_t at = format_u32(entry), n = format_u32(entry + 4);
        if (at == BLOOM_UNKNOWN)
            continue;
        ok = directory_n + at + n <= blooms.n &&
             format_check(blooms.p + directory_n + at, n) == format_u64(entry + 8);
    }
    return ok;
}

static int verify_indexes(struct verifying *v)
{
    const struct chunk *c = v->chunk;
    struct buf bytes = {0};
    int err = read_buf(c->files->idx_fd, c->idx_at + c->grams_at, c->grams_n, &bytes);

    if (is_damage(err) || (err == 0 && format_check(bytes.p, bytes.n) != c->grams_check)) {
        tell(v, true, c->grams_at, c->grams_n, "trigrams", 0);
        err = 0;
    }
    if (err == 0)
        err = read_buf(c->files->idx_fd, c->idx_at + c->blooms_at, c->blooms_n, &bytes);
    if (is_damage(err) ||
        (err == 0 && !blooms_hold(buf_str(&bytes), c->block_count, c->blooms_check))) {
        tell(v, true, c->blooms_at, c->blooms_n, "blooms", 0);
        err = 0;
    }
    buf_fini(&bytes);
    return err;
}

int chunk_verify(struct chunk *c, const struct tombs *tombs, int64_t now_us, chunk_damage_fn *fn,
                 void *ctx)
{
    struct verifying v = {.chunk = c, .tombs = tombs, .now_us = now_us, .fn = fn, .ctx = ctx};
    int err = verify_head(&v);

    if (err == 0)
        err = verify_index_head(&v);
    if (err == 0)
        err = verify_indexes(&v);
    if (err == 0)
        err = reader_open(&v.reader, c);
    if (is_damage(err)) {
        tell(&v, false, c->seg_n - c->meta_n, c->meta_n, "meta", c->count);
        err = 0;
    } else {
        if (err == 0)
            err = verify_columns(&v);
        for (uint32_t i = 0; i < c->block_count && err == 0; i++)
            err = verify_block(&v, i);
    }
    texts_fini(&v.texts);
    reader_close(&v.reader);
    return err;
}
