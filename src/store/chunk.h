/* SPDX-License-Identifier: MIT
 *
 * chunk.h - one sealed piece of history (docs/store-format.md).
 *
 * A chunk is what one full journal file became: columns, compressed blocks of texts, and indexes
 * that say in which blocks a text cannot be. It lies in two files: its bytes in a .seg file, which
 * alone has all of the records, and one record in the .idx file beside it, which is what makes the
 * chunk exist and which has the indexes and the table of positions.
 *
 *     20261126/0000000000000001.seg   [chunk][chunk][chunk]
 *     20261126/0000000000000001.idx   [record][record][record]
 *
 * In memory a chunk is its summary and a small filter of its labels; everything else is read from
 * the files when a query asks. Every section has a checksum that is looked at each time the section
 * is read: what does not hold is never served, and an index that does not hold costs time, not
 * results.
 *
 * Threads: a chunk does not change once it is open; everything here may be called from any thread.
 * Owns:    a reference to its files.
 */
#ifndef LM_STORE_CHUNK_H
#define LM_STORE_CHUNK_H

#include "base/buf.h"
#include "record/filter.h"
#include "store/tomb.h"

#include <stdatomic.h>

struct unread;

/* --- the two files, shared by the chunks in them --- */

struct chunk_files {
    int seg_fd, idx_fd;
    atomic_uint refs;
};

/* Takes the descriptors; they are closed with the last reference. One reference for the caller.
 * NULL (descriptors untouched): memory is short. */
struct chunk_files *chunk_files_new(int seg_fd, int idx_fd) LM_MUST_CHECK;
struct chunk_files *chunk_files_ref(struct chunk_files *f);
void chunk_files_unref(struct chunk_files *f); /* NULL is fine */

/* --- records of the .idx file --- */

enum { CHUNK_IDX_HEAD = 128 }; /* bytes that say how long a record is */

struct chunk_idx {
    uint32_t size;   /* of the record; the next one follows, a multiple of 8 */
    uint32_t open_n; /* the first bytes of the record, which chunk_open() needs */
    uint32_t epoch;  /* of the store it was written for */
    uint64_t seg_at; /* the chunk in the .seg file */
    uint32_t seg_n;  /* a multiple of 8 */
    uint64_t first_id, end_id;
    struct str positions; /* as given to chunk_seal(); empty unless bytes.n >= open_n */
};

/* Looks at the record at the front of `bytes`, of which CHUNK_IDX_HEAD are enough for everything
 * but the positions. -LM_E_DAMAGED, -LM_E_VERSION. */
int chunk_idx_read(struct str bytes, struct chunk_idx *ret) LM_MUST_CHECK;

/* --- chunks --- */

struct chunk {
    uint64_t first_id, end_id; /* all ids lie in [first_id, end_id); not every one need be there */
    uint32_t count;            /* records */
    int64_t min_time_us, max_time_us;
    int64_t min_arrival_us, max_arrival_us;
    uint64_t raw_n;          /* bytes of all messages and fields */
    uint64_t seg_at, idx_at; /* where it lies in the two files */
    uint32_t seg_n, idx_n;
    uint32_t levels[8]; /* records by level */
    /* The rest is for chunk_*.c. */
    struct chunk_files *files;
    atomic_uint refs;
    uint32_t set_count, block_count, column_count, meta_flags;
    uint32_t meta_n, labels_n, grams_at, grams_n, blooms_at, blooms_n;
    uint64_t meta_check, grams_check, blooms_check;
    unsigned char label_bits[]; /* labels_n bytes */
};

/* A chunk from the first bytes of its idx record (open_n or more; not needed afterwards), which
 * lies at idx_at of the .idx file. One reference. -LM_E_DAMAGED, -LM_E_VERSION, -ENOMEM. */
int chunk_open(struct chunk_files *files, struct str idx_bytes, uint64_t idx_at,
               struct chunk **ret) LM_MUST_CHECK;
struct chunk *chunk_ref(struct chunk *c);
void chunk_unref(struct chunk *c); /* NULL is fine */

/* --- reading in order of ids --- */

/* Ids that are not there, and why. */
enum hole_reason {
    HOLE_MISSING,  /* nobody knows */
    HOLE_UNSTORED, /* not stored on purpose (store: false) */
    HOLE_CLEARED,  /* cleared or expired, and gone from the disk, too */
};

struct chunk_hole {
    uint64_t first_id, end_id;
    enum hole_reason reason;
    struct labels *const *sets; /* of HOLE_UNSTORED: whom they concern */
    uint32_t set_count;
};

/* A regex may take this long in one chunk. */
#define CHUNK_SCAN_REGEX_US (INT64_C(10) * 1000 * 1000)

typedef int chunk_emit_fn(const struct record *r, void *ctx);
typedef int chunk_hole_fn(const struct chunk_hole *h, void *ctx);

struct chunk_scan {
    const struct filter *filter; /* NULL: everything */
    uint64_t min_id, max_id;     /* both included */
    const struct tombs *tombs;   /* what was cleared is passed over */
    int64_t now_us;              /* what has expired is passed over */
    chunk_emit_fn *emit;         /* matching records; valid during the call. Non-zero stops */
    chunk_hole_fn *hole; /* may be NULL; holes that touch [min_id, max_id], among the records
                                  * in order of ids. Non-zero stops */
    void *ctx;
    const atomic_bool *cancel; /* may be NULL */
    struct unread *unread;     /* notes what does not hold; NULL: nobody does */
};

/* 0 when the range has been passed, or what emit or hole returned; -ECANCELED; -ENOMEM;
 * -LM_E_EXPENSIVE when a regex took too long; -EIO and the like; -LM_E_DAMAGED when something does not
 * hold: everything before it was emitted. A block that does not hold, whose rows are known to match, is passed
 * over when `hole` and `unread` are there: its rows are holes, HOLE_MISSING.
 * Going on after a stop costs what starting costs: decoding the columns and the blocks that may
 * match, 5 to 10 ms. So take much at a time. */
int chunk_scan(struct chunk *c, const struct chunk_scan *s) LM_MUST_CHECK;

/* --- life and death of parts --- */

/* Records of class n expire n hours after they arrived; class 0 never does by itself. A block has
 * records of one class and goes when the youngest of them has expired. */
static inline int64_t chunk_class_ttl_us(uint16_t class)
{
    return class ? class * INT64_C(3600000000) : INT64_MAX;
}

/* May some of its records expire by themselves? */
bool chunk_has_classes(const struct chunk *c);

/* Ranges of the .seg file (absolute offsets) that hold nothing but cleared or expired records. They
 * may be punched: no reader asks for them as long as it has these tombs and a clock that is not
 * behind. */
typedef int chunk_range_fn(uint64_t at, uint64_t n, void *ctx);
int chunk_dead_ranges(struct chunk *c, const struct tombs *tombs, int64_t now_us,
                      chunk_range_fn *fn, void *ctx) LM_MUST_CHECK;
/* How many records are alive, and how many bytes their messages and fields have (about: counted by
 * whole label sets where a set is not cut by a bound). */
int chunk_alive(struct chunk *c, const struct tombs *tombs, int64_t now_us,
                uint64_t *ret_records) LM_MUST_CHECK;

/* --- checking and mending --- */

struct chunk_damage {
    bool in_idx;      /* else in the .seg file */
    uint64_t at, n;   /* absolute */
    const char *what; /* "block 3", "times", …; valid during the call */
    uint64_t records; /* that cannot be read because of it; 0: none, it is an index */
};
typedef void chunk_damage_fn(const struct chunk_damage *d, void *ctx);

/* Reads everything, checks every checksum and that every column says the same. 0 also when there is
 * damage (fn has been told); -ENOMEM, -EIO. Blocks that are dead (see above) are not looked at. */
int chunk_verify(struct chunk *c, const struct tombs *tombs, int64_t now_us, chunk_damage_fn *fn,
                 void *ctx) LM_MUST_CHECK;

/* Looks for a chunk at seg_at. 0 when its head and meta hold, else -LM_E_DAMAGED (try the next
 * multiple of 8; the file may end before the chunk does), -LM_E_VERSION. */
struct chunk_seg {
    uint32_t size, epoch;
    uint64_t first_id, end_id;
};
int chunk_seg_read(int seg_fd, uint64_t seg_at, struct chunk_seg *ret) LM_MUST_CHECK;

/* Makes the idx record anew from the chunk alone. Positions are not in the chunk: the caller gives
 * what it knows, or nothing. Blocks that cannot be read (dead, damaged) get indexes that say:
 * nothing is here. */
int chunk_rebuild_idx(int seg_fd, uint64_t seg_at, struct str positions,
                      struct buf *ret_idx) LM_MUST_CHECK;

#endif
