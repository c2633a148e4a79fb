/* SPDX-License-Identifier: MIT
 *
 * chunk_rebuild.c - an index from the chunk alone.
 */
#include "record/plain.h"
#include "store/chunk_index.h"
#include "store/chunk_texts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* --- heads --- */

static int check_head(const char *head)
{
    int err = format_check_head(head, CHUNK_MAGIC, CHUNK_CHECK, CHUNK_INCOMPATIBLE);

    if (err < 0)
        return err;
    uint32_t size = format_u32(head + CHUNK_SIZE), meta_n = format_u32(head + CHUNK_META_N);
    if (size % 8 || size > CHUNK_BYTES_MAX || meta_n < META_HEAD ||
        (uint64_t)CHUNK_HEAD + meta_n > size)
        return -LM_E_DAMAGED;
    return 0;
}

/* The head of the chunk at seg_at, and its meta. */
static int read_chunk(int seg_fd, uint64_t seg_at, char head[CHUNK_HEAD], struct buf *meta)
{
    int err = read_fully(seg_fd, seg_at, head, CHUNK_HEAD);

    if (err == 0)
        err = check_head(head);
    if (err < 0)
        return err;
    uint32_t meta_n = format_u32(head + CHUNK_META_N), size = format_u32(head + CHUNK_SIZE);
    err = read_buf(seg_fd, seg_at + size - meta_n, meta_n, meta);
    if (err == 0 && format_check(meta->p, meta->n) != format_u64(head + CHUNK_META_CHECK))
        err = -LM_E_DAMAGED;
    return err;
}

int chunk_seg_read(int seg_fd, uint64_t seg_at, struct chunk_seg *ret)
{
    char head[CHUNK_HEAD];
    struct buf meta = {0};
    int err = read_fully(seg_fd, seg_at, head, CHUNK_HEAD);

    if (err == 0)
        err = check_head(head);
    if (err == 0) {
        err = read_chunk(seg_fd, seg_at, head, &meta);
        *ret = (struct chunk_seg){.size = format_u32(head + CHUNK_SIZE),
                                  .epoch = format_u32(head + CHUNK_EPOCH),
                                  .first_id = format_u64(head + CHUNK_FIRST_ID),
                                  .end_id = format_u64(head + CHUNK_END_ID)};
    }
    buf_fini(&meta);
    return err;
}

/* --- the index again --- */

struct rebuilding {
    struct chunk_reader reader;
    struct block_texts texts;
    struct seal_index index;
    struct buf meta, bare, plain;
};

/* An idx record without indexes, in memory only: the reader does the rest. */
static int open_bare(struct rebuilding *g, int seg_fd, const struct index_parts *parts)
{
    struct index_parts bare = *parts;
    struct seal_index nothing = {0};
    struct chunk *c = NULL;
    int fd = fcntl(seg_fd, F_DUPFD_CLOEXEC, 3);
    struct chunk_files *files = fd >= 0 ? chunk_files_new(fd, -1) : NULL;
    int err = fd < 0 ? -errno : files ? 0 : -ENOMEM;

    bare.index = &nothing;
    if (err == 0)
        err = index_write(&bare, &g->bare);
    if (err == 0)
        err = chunk_open(files, buf_str(&g->bare), 0, &c);
    if (err == 0)
        err = reader_open(&g->reader, c);
    chunk_unref(c);
    if (!files && fd >= 0)
        close(fd);
    chunk_files_unref(files);
    return err;
}

/* Messages without colours, and what separates them. */
static int plain_messages(struct rebuilding *g)
{
    struct buf scratch = {0};

    buf_clear(&g->plain);
    for (uint32_t i = 0; i < g->texts.rows; i++) {
        buf_add_str(&g->plain, plain_text(texts_message(&g->texts, i), &scratch));
        buf_add_char(&g->plain, '\n');
    }
    buf_fini(&scratch);
    return buf_error(&g->plain);
}

/* Lengths of fields are no tokens of theirs, so the texts are put together again with gaps. */
static int gather_fields(struct rebuilding *g, struct buf *out)
{
    for (uint32_t i = 0; i < g->texts.rows; i++) {
        buf_add_str(out, texts_fields(&g->texts, i));
        buf_add_char(out, '\n');
    }
    return buf_error(out);
}

/* -LM_E_DAMAGED: the block cannot be read. */
static int index_block(struct rebuilding *g, uint32_t block)
{
    struct buf fields = {0};
    int err = texts_read_messages(&g->texts, &g->reader, block);

    if (err == 0)
        err = texts_read_fields(&g->texts, &g->reader, block);
    if (err == 0)
        err = texts_index(&g->texts);
    if (err == 0)
        err = plain_messages(g);
    if (err == 0 && g->texts.fields.n)
        err = gather_fields(g, &fields);
    if (err == 0)
        err = seal_index_block(&g->index, buf_str(&g->plain), buf_str(&fields));
    buf_fini(&fields);
    return err;
}

static int index_blocks(struct rebuilding *g)
{
    int err = 0;

    for (uint32_t i = 0; i < g->reader.chunk->block_count && err == 0; i++) {
        err = index_block(g, i);
        if (err == -LM_E_DAMAGED || err == -LM_E_VERSION)
            err = seal_index_nothing(&g->index);
    }
    return err;
}

/* The filter of labels, as sealing makes it. */
static int index_sets(struct rebuilding *g, struct buf *out)
{
    uint32_t n = g->reader.chunk->set_count;
    struct seal_set *sets = calloc((size_t)n + 1, sizeof *sets);
    int err = sets ? reader_need(&g->reader, NEED_SETS) : -ENOMEM;

    for (uint32_t i = 0; i < n && err == 0; i++)
        sets[i].labels = g->reader.sets[i].labels;
    if (err == 0)
        err = index_labels(sets, n, out);
    free(sets);
    return err == -LM_E_DAMAGED ? 0 : err; /* without it no chunk is ruled out by labels */
}

int chunk_rebuild_idx(int seg_fd, uint64_t seg_at, struct str positions, struct buf *ret_idx)
{
    struct rebuilding g = {0};
    char head[CHUNK_HEAD];
    struct buf labels = {0};
    struct index_parts parts = {
        .seg_at = seg_at, .seg = str_of(head, CHUNK_HEAD), .positions = positions};
    int err = read_chunk(seg_fd, seg_at, head, &g.meta);

    if (err == 0) {
        parts.epoch = format_u32(head + CHUNK_EPOCH);
        parts.meta = buf_str(&g.meta);
        err = open_bare(&g, seg_fd, &parts);
    }
    if (err == 0)
        err = index_blocks(&g);
    if (err == 0)
        err = index_sets(&g, &labels);
    parts.labels = buf_str(&labels);
    parts.index = &g.index;
    if (err == 0)
        err = index_write(&parts, ret_idx);
    reader_close(&g.reader);
    texts_fini(&g.texts);
    seal_index_fini(&g.index);
    buf_fini(&g.meta);
    buf_fini(&g.bare);
    buf_fini(&g.plain);
    buf_fini(&labels);
    return err;
}
