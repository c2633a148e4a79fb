/* SPDX-License-Identifier: MIT
 *
 * segment.h - a pair of files with sealed chunks of one day (docs/store-format.md, "Files").
 *
 *     history/2026-11-26/0000000000000001.seg   [chunk][chunk][chunk]
 *     history/2026-11-26/0000000000000001.idx   [record][record][record]
 *
 * A chunk exists when its record in the .idx file is whole: the chunk is written and synced first,
 * the record is written and synced after it. So whatever a crash leaves behind the last whole
 * record is nothing, and is cut off. A segment in which writing or syncing failed is `closed`: what
 * it has stays, and the next chunk goes into a new one.
 *
 * Threads: any one at a time. Owns: its files and one reference to each of its chunks.
 */
#ifndef LM_STORE_SEGMENT_H
#define LM_STORE_SEGMENT_H

#include "base/list.h"
#include "store/chunk_seal.h"

enum { SEGMENT_NAME = 32 };
#define SEGMENT_MAX (UINT64_C(1) << 30) /* bytes of a .seg file; then a new one is begun */

struct segment {
    struct list link;
    char day[11];            /* of arrival, UTC: the folder */
    char name[SEGMENT_NAME]; /* without .seg and .idx */
    uint64_t first_id;
    struct chunk_files *files;
    uint64_t seg_n, idx_n; /* bytes that count; what lies behind them does not */
    struct chunk **chunks;
    uint32_t count, cap;
    bool closed;
    bool aside;          /* nobody finds it yet: see segment_create_twin() */
    bool idx_ends_early; /* opened to be looked at: what follows in the .idx file does not hold */
    uint64_t tail_n;     /* opened to be looked at: bytes behind what counts, in both files */
};

/* What opening had to mend. */
struct segment_report {
    uint64_t cut_bytes;  /* behind what counts: left by a crash */
    uint64_t lost_bytes; /* that should be there and are not, or belong to no chunk */
    uint32_t rebuilt;    /* idx records made anew */
    uint32_t set_aside;  /* files renamed to damaged-... */
};

/* The newest table of positions that was found. What frames of the journal below end_id say is
 * older. */
struct sealed_positions {
    struct buf bytes;
    uint64_t end_id; /* the table is true as of here */
};

/* A new pair of files, synced with their names. `dir` is the folder history/. */
int segment_create(const char *dir, const char *day, uint64_t first_id,
                   struct segment **ret) LM_MUST_CHECK;

/* Opens the pair. Positions of records that are newer replace *positions. -LM_E_DAMAGED:
 * nothing of it is a chunk of this store (-ENOENT: there is no .seg file), and its files were set aside.
 * -LM_E_VERSION. With look_only nothing is mended and nothing is written. */
int segment_open(const char *dir, const char *day, const char *name, uint32_t epoch, bool look_only,
                 struct segment_report *report, struct sealed_positions *positions,
                 struct segment **ret) LM_MUST_CHECK;
/* NULL is fine. */
void segment_close(struct segment *s);

/* Appends the chunk that was sealed for seg_at = s->seg_n, and syncs. After 0 it survives a power
 * cut and *ret is the chunk, for segment_take(). On failure nothing has happened, but the segment
 * may be closed. May run beside whoever reads `chunks`, or cuts them. */
int segment_commit(struct segment *s, const struct chunk_image *image,
                   struct chunk **ret) LM_MUST_CHECK;
/* Room for one chunk more. -ENOMEM. */
int segment_reserve(struct segment *s) LM_MUST_CHECK;
/* The chunk that lies behind the last one belongs to the segment, and so does the reference. There
 * is room for it. */
void segment_take(struct segment *s, struct chunk *c);

/* Lets go of the chunks at the front whose ids are all below `floor`. */
void segment_cut(struct segment *s, uint64_t floor);

/* A pair that will take the place of another: its names end in .new until it is shown, and a start
 * before that removes it. Nothing is synced in between. */
int segment_create_twin(const char *dir, const struct segment *of,
                        struct segment **ret) LM_MUST_CHECK;
/* Syncs everything, then gives it its names. From here on it counts, and the other one, which has
 * the same chunks, counts no more, even when it is still there. On failure it may count, or not. */
int segment_show(const char *dir, struct segment *s) LM_MUST_CHECK;

/* Removes the files; who reads them may go on. */
int segment_remove(const char *dir, const struct segment *s) LM_MUST_CHECK;

/* What this file takes on the disk, without what was punched out, and at most `most`. */
uint64_t segment_disk_n(int fd, uint64_t most);

/* "2026-11-26" */
void segment_day(int64_t wall_us, char day[11]);

#endif
