/* SPDX-License-Identifier: MIT
 *
 * store.h - the history: what is sealed on disk, and what is still in the journal.
 *
 *     store_open      before the hub: reads what is there
 *     hub_open        gets sealed_end and sealed_positions from it
 *     store_attach    from here on full files of the journal are sealed
 *     store_view_take, store_view_drop (view.h)
 *     store_close     before hub_close
 *
 * Sealing runs in the pool, one file at a time, oldest first: chunk written and synced, record
 * written and synced (that commits), and only then may the journal use the file again. A failure is
 * tried again; until it works the journal grows to its limit and then takes nothing more, but what
 * it has is never lost.
 *
 * Threads: loop thread.
 * Owns:    the folder state_dir/history.
 */
#ifndef LM_STORE_STORE_H
#define LM_STORE_STORE_H

#include "hub/publish.h"
#include "store/view.h"

struct store_opts {
    struct loop *loop;
    const char *state_dir;
    uint64_t max_age_ms, max_bytes; /* of sealed records; 0: no limit */
    const struct keep_conf *keeps;  /* shorter ages of records with certain labels; the caller's */
    size_t keep_count;
    uint64_t min_ms; /* younger ones never go for want of space */
    /* For want of space, before anything sealed goes: deletes an old plain file. False: there is
     * none. May be NULL. */
    bool (*drop_file)(void *ctx);
    void *ctx;
    bool look_only; /* for store_verify(): nothing is mended, nothing written; no hub, no loop */
};

/* What opening found, and had to mend. */
struct store_report {
    uint32_t segments, chunks;
    uint64_t bytes;
    uint64_t cut_bytes, lost_bytes;
    uint32_t rebuilt, set_aside;
    int64_t took_us;
};

/* Reads what is there. info gets the sentence when it cannot. */
int store_open(struct store **ret, const struct store_opts *opts,
               struct errinfo *info) LM_MUST_CHECK;
/* For hub_opts: ids below are in chunks; the table of positions as of there, valid until
 * store_attach(). */
uint64_t store_end_id(const struct store *s);
struct str store_positions(const struct store *s);
uint64_t store_positions_end(const struct store *s);
const struct store_report *store_recovered(const struct store *s);
/* From here on views reach into the hub's journal, and full files are sealed. */
int store_attach(struct store *s, struct hub *hub) LM_MUST_CHECK;
/* --- checking --- */

/* Reads every byte of the history and says what does not hold: in which file (below state_dir),
 * where, what, and how many records cannot be read because of it (0: it is an index, or a tail that
 * counts for nothing). Any thread; the store must not change meanwhile. -ENOMEM, -EIO. */
typedef void store_damage_fn(const char *file, uint64_t at, const char *what, uint64_t records,
                             void *ctx);
int store_verify(const struct store *s, store_damage_fn *fn, void *ctx) LM_MUST_CHECK;

/* --- taking away --- */

/* Every record so far that has all of these labels (1 to LABELS_MAX; `source` is one of them) is gone at
 * once for every reader that begins from now on; `done` is told when that is on the disk, too (0 or
 * an error: then it is gone only until the hub is started again). The space comes back a little later.
 * -LM_E_FULL, -ENOMEM: nothing has happened. */
typedef void store_cleared_fn(int err, void *ctx);
int store_clear(struct store *s, const struct label *conditions, size_t n, store_cleared_fn *done,
                void *ctx) LM_MUST_CHECK;

/* Makes every pair of files anew in which something is dead: cleared, expired, or punched out. Records that live
 * stay where they are in the order of ids; cleared ones are nowhere any more. It goes on chunk by chunk beside
 * everything else; `done` is told at the end (0, or an error: what was not made anew is as before).
 * -EBUSY: one is under way. -ENOMEM. */
struct store_compacted {
    uint32_t pairs;         /* made anew */
    uint64_t before, after; /* bytes they took on the disk */
    uint64_t records;       /* dead ones that are gone */
};
typedef void store_compacted_fn(int err, const struct store_compacted *c, void *ctx);
int store_compact(struct store *s, store_compacted_fn *done, void *ctx) LM_MUST_CHECK;

/* There is no space for more: the oldest sealed records go, day by day, but none younger than
 * min_ms. False: nothing could be taken. */
bool store_make_space(struct store *s);

/* The hub is stopping: what is being sealed is finished, nothing more is begun. */
void store_stop(struct store *s);
/* The loop has ended and every view was dropped. NULL is fine. */
void store_close(struct store *s);

/* Sealed chunks, and what they take on the disk with all that belongs to them. */
uint32_t store_chunks(const struct store *s);
uint64_t store_bytes(const struct store *s);
/* Places that readers could not read, since it was opened. */
uint32_t store_damaged(const struct store *s);

/* The first id that is still stored, in chunks or journal, or the one that comes next. */
uint64_t store_start_id(const struct store *s);
/* Ids from here on can be read from the journal as they came, without unpacking; what a replay of
 * the recent past wants. A view of it is taken from the hub's journal. */
uint64_t store_raw_id(const struct store *s);
/* What was cleared, borrowed; NULL: nothing. */
const struct tombs *store_tombs(const struct store *s);

#endif
