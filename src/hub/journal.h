/* SPDX-License-Identifier: MIT
 *
 * journal.h - where a line becomes acknowledged (docs/journal-format.md).
 *
 * A row of preallocated, mapped 8 MiB files. Appending is a copy into the mapping: no system call,
 * no lock. The last file is written, the older ones never change. A spare waits, allocated ahead in
 * the pool, so that a full disk shows before it hurts; mostly it is the oldest file, used again.
 *
 *     [sealed] [sealed] [full] [current ▮▮▮▯▯]   (spare)
 *        ▲ used again when JOURNAL_KEPT newer ones exist, and nobody reads it
 *
 * A full file waits until the store has sealed it into a chunk: before that it is never used again,
 * whatever it costs. When `max_bytes` of them wait, nothing more is taken (-EAGAIN), and what is
 * not acknowledged stays with its source.
 *
 * Readers take a view, a snapshot of whole frames, and walk it with a cursor, on any thread.
 *
 * Threads: loop thread; views may be walked by workers; syncing and allocating run in the pool.
 * Owns:    the files.
 */
#ifndef LM_HUB_JOURNAL_H
#define LM_HUB_JOURNAL_H

#include "conf/settings.h"
#include "hub/jframe.h"
#include "net/loop.h"

enum { JOURNAL_FILE_SIZE = 8 * 1024 * 1024, JOURNAL_KEPT = 8 };

struct journal;

struct journal_opts {
    struct loop *loop;
    const char *dir; /* made when missing, mode 0700 */
    uint32_t epoch;
    uint64_t max_bytes;  /* at least 4 files */
    uint64_t sealed_end; /* ids below are in sealed chunks; 0: there are none */
    enum durability durability;
    uint32_t sync_interval_ms;
    /* For every valid frame found by journal_open(), in order. */
    void (*on_frame)(const struct jframe *frame, void *ctx);
    /* A file is full: journal_take_full() has something. May be NULL. */
    void (*on_full)(void *ctx);
    /* journal_has_room() may be true again. May be NULL. */
    void (*on_room)(void *ctx);
    /* More has been synced: journal_acked_id() has risen (only with DURABILITY_ALWAYS). */
    void (*on_synced)(void *ctx);
    /* Something failed that a person should know of; the journal goes on as far as it can. */
    void (*on_trouble)(const char *doing, int err, void *ctx);
    /* The next file could not be made: the current one is all there is. May be NULL. */
    void (*on_no_file)(int err, void *ctx);
    void *ctx;
};

/* What recovery found. Times in µs. */
struct journal_report {
    uint32_t files, damaged_files;
    uint64_t frames, damaged_places; /* places where valid frames do not follow one another */
    uint64_t damaged_bytes;
    int64_t took_us;
};

/* A journal to look at. */
struct journal_look {
    const char *dir;
    uint32_t epoch;
    uint64_t sealed_end; /* files that begin below are not looked at: chunks have what they hold */
};
/* `file` is named as from the state folder; what begins at byte `at` does not hold; `records` are
 * lost there, as far as what follows tells. */
typedef void journal_damage_fn(const char *file, uint64_t at, const char *what, uint64_t records,
                               void *ctx);
/* Checks every frame as a start would, of a journal that no hub has open, and writes nothing. Damage
 * is told and is no failure; -errno, -LM_E_VERSION. */
int journal_verify(const struct journal_look *look, journal_damage_fn *fn, void *ctx,
                   struct journal_report *report) LM_MUST_CHECK;

/* Up to which byte this file of a journal that a hub may be writing will not change any more: behind the
 * last frame that is there now. -ENOENT, -LM_E_DAMAGED: its head does not hold. */
int journal_settled(const struct journal_look *look, const char *name, uint64_t *ret) LM_MUST_CHECK;

int journal_open(struct journal **ret, const struct journal_opts *opts,
                 struct journal_report *report, struct errinfo *info) LM_MUST_CHECK;
/* The loop has come to its end: no job is begun any more, but there may be something to append
 * yet. */
void journal_stop(struct journal *j);
/* Syncs and closes. No job of the journal may be under way: the loop has come to its end, and runs
 * once more for the handles that are closed here (loop_fini() does that). NULL is fine. */
void journal_close(struct journal *j);

/* Copies the batch in as one frame. b->first_id is set, except in an empty batch (a position only),
 * where the journal sets it. After 0 it survives the death of this process. Fails only when a new
 * file is needed and none can be made: nothing was written then. -EAGAIN: too many wait to be
 * sealed. */
int journal_append(struct journal *j, struct batch *b) LM_MUST_CHECK;

/* --- sealing --- */

/* The oldest file that is full and not sealed, as a view of it alone; NULL: there is none, or
 * memory is short. Dropped by journal_sealed() or, when that did not work, journal_view_drop(). */
struct journal_view *journal_take_full(struct journal *j) LM_MUST_CHECK;
/* The records and positions of this file are safe elsewhere. */
void journal_sealed(struct journal *j, struct journal_view *v);
/* How many of them there are. */
uint32_t journal_unsealed(const struct journal *j);
/* The current file counts as full, when something is in it. */
void journal_end_file(struct journal *j);
/* The files that are sealed and still here, as a view. NULL: memory is short. */
struct journal_view *journal_view_sealed(struct journal *j) LM_MUST_CHECK;

/* --- questions --- */

/* False while so many files wait to be sealed that journal_append() would soon refuse: who can make
 * his source wait does it now, before anything has to be refused. A full disk does not show
 * here. */
bool journal_has_room(const struct journal *j);
/* For a disk that was full: tries to make the next file now, when there is none; is there one; is
 * there neither one nor much room in the current file. */
void journal_make_spare(struct journal *j);
bool journal_has_spare(const struct journal *j);
bool journal_is_tight(const struct journal *j);
/* Once its oldest file is sealed, can that be used again? */
bool journal_frees_file(const struct journal *j);

/* One past the last id in the journal; the first id that is still there. */
uint64_t journal_end_id(const struct journal *j);
uint64_t journal_start_id(const struct journal *j);
/* Ids below this are acknowledged: appended, or synced with DURABILITY_ALWAYS. */
uint64_t journal_acked_id(const struct journal *j);
/* Syncing has failed: with DURABILITY_ALWAYS nothing more is acknowledged. */
bool journal_is_stuck(const struct journal *j);
uint64_t journal_written(const struct journal *j); /* bytes, since it was opened */
uint64_t journal_syncs(const struct journal *j);

/* A snapshot of everything from the file that holds from_id on. NULL when memory is short. */
struct journal_view *journal_view_take(struct journal *j, uint64_t from_id) LM_MUST_CHECK;
void journal_view_drop(struct journal *j, struct journal_view *v);

/* The first id of a view that has a file; 0: it has none. */
uint64_t journal_view_start(const struct journal_view *v);
/* When the first batch of a view that has one arrived; 0: there is none. */
int64_t journal_view_arrival_us(const struct journal_view *v);

struct journal_cursor {
    const struct journal_view *view;
    uint32_t file;
    size_t at;
    uint64_t next_id; /* expected */
};

/* A cursor before the first frame that holds an id >= from_id. */
struct journal_cursor journal_seek(const struct journal_view *v, uint64_t from_id);
/* The next frame with records, or false at the end of the view. Damaged places are skipped: then
 * ret->first_id is above the id that was due. */
bool journal_next(struct journal_cursor *c, struct jframe *ret);
/* The same, but frames without records that say that ids were not stored (ret->unstored) count,
 * too. */
bool journal_next_or_unstored(struct journal_cursor *c, struct jframe *ret);
/* Every frame, those that only move a position, too. */
bool journal_next_any(struct journal_cursor *c, struct jframe *ret);
/* For walking backwards: how many files a view has, a cursor at the start of the i-th (0 = oldest),
 * and the next frame within that file. */
uint32_t journal_view_files(const struct journal_view *v);
bool journal_next_in_file(struct journal_cursor *c, struct jframe *ret);
struct journal_cursor journal_file_start(const struct journal_view *v, uint32_t i);
/* One past the last id in the view. */
uint64_t journal_view_end(const struct journal_view *v);

#endif
