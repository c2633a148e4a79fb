/* SPDX-License-Identifier: MIT
 *
 * chunk_reader.h - the columns of a chunk, decoded when somebody needs them.
 *
 * A reader goes from chunk to chunk and keeps its memory. What it hands out is checked: counts add
 * up, numbers of sets and rows lie in their ranges.
 *
 *     row     by its place in the order of ids, 0 … count - 1
 *     place   by its place among the texts of all blocks; order[place] is the row
 *
 * Threads: one at a time; several readers may read one chunk.
 * Owns:    its buffers, its label sets, a reference to the chunk.
 */
#ifndef LM_STORE_CHUNK_READER_H
#define LM_STORE_CHUNK_READER_H

#include "store/chunk.h"
#include "store/chunk_codec.h"

/* What can be asked for. */
enum {
    NEED_IDS = 1,
    NEED_TIMES = 2,
    NEED_KINDS = 4, /* with the flags */
    NEED_SETS = 8,  /* the table of sets */
    NEED_ROW_SETS = 16,
    NEED_ORDER = 32,
    NEED_PLACES = 64,
};

struct reader_set {
    struct labels *labels;
    uint32_t lane;
    uint16_t class;
};

struct reader_run {
    uint64_t first_id;
    uint32_t first_row, count;
};

/* Rows one after another that have the same label set. */
struct reader_burst {
    uint32_t end; /* the first row behind */
    uint32_t set;
};

struct reader_block {
    uint32_t first_place, rows;
    const char *head; /* its descriptor */
};

struct chunk_reader {
    struct chunk *chunk;
    struct label_table table;
    struct unpacker unpacker;
    unsigned have; /* NEED_… that are decoded */
    /* Within the .seg file: what was read last, and is to blame when an error comes. */
    uint64_t read_at;
    struct buf meta, disk, raw;
    struct buf old_sets_at; /* of the chunk before: the next one has most of them again */
    uint32_t old_set_count;
    struct buf sets_at, runs_at, blocks_at, times_at, kinds_at, flags_at, row_sets_at, bursts_at,
        order_at, places_at;
    /* Valid after reader_open(): */
    const struct reader_block *blocks;
    /* Valid as far as they were asked for; one element a row unless it says otherwise. */
    const struct reader_run *runs;
    uint32_t run_count;
    const int64_t *times;
    const uint8_t *kinds;          /* level, stream, three flags */
    const uint16_t *flags;         /* NULL: the three are all */
    const struct reader_set *sets; /* chunk->set_count */
    const uint32_t *row_sets;
    const struct reader_burst *bursts; /* the same, shorter */
    uint32_t burst_count;
    const uint32_t *order;  /* place → row */
    const uint32_t *places; /* row → place */
};

/* Reads the meta of a chunk; everything of the chunk before is forgotten. -LM_E_DAMAGED, -EIO,
 * -ENOMEM. */
int reader_open(struct chunk_reader *r, struct chunk *c) LM_MUST_CHECK;
/* Decodes what is not there yet. Also -LM_E_VERSION. */
int reader_need(struct chunk_reader *r, unsigned what) LM_MUST_CHECK;
/* The raw bytes of a column, valid until the next call; empty when the chunk has none. */
int reader_column(struct chunk_reader *r, enum column_kind kind, struct str *ret,
                  uint64_t *ret_arg) LM_MUST_CHECK;
void reader_close(struct chunk_reader *r);

/* --- questions; what they rest on must have been asked for --- */

uint64_t reader_id(const struct chunk_reader *r, uint32_t row); /* NEED_IDS */
/* The first row whose id is at least this; count when there is none. */
uint32_t reader_row(const struct chunk_reader *r, uint64_t id); /* NEED_IDS */
/* Everything but the texts. NEED_IDS, TIMES, KINDS, SETS, ROW_SETS */
void reader_record(const struct chunk_reader *r, uint32_t row, struct record *ret);

static inline uint8_t reader_level(const struct chunk_reader *r, uint32_t row)
{
    return r->kinds[row] & 7;
}

static inline uint8_t reader_stream(const struct chunk_reader *r, uint32_t row)
{
    return r->kinds[row] >> KIND_STREAM & 3;
}

/* n bytes at `at` of a file, all of them. -LM_E_DAMAGED when it ends before, -EIO and the like. */
int read_fully(int fd, uint64_t at, char *to, size_t n) LM_MUST_CHECK;
/* The same into a buffer, which is emptied first. */
int read_buf(int fd, uint64_t at, size_t n, struct buf *to) LM_MUST_CHECK;

#endif
