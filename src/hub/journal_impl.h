/* SPDX-License-Identifier: MIT
 *
 * journal_impl.h - what the files journal*.c share, and nobody else sees.
 *
 * Threads: loop thread, and the pool for what is synced and allocated. Owns: see journal.h.
 */
#ifndef LM_HUB_JOURNAL_IMPL_H
#define LM_HUB_JOURNAL_IMPL_H

#include "hub/journal.h"

#include <dirent.h>

enum { JFILE_HEAD = 64, JOURNAL_SET_ASIDE = 8 /* how many damaged files are kept */ };

/* One mapped file. `used` only grows; what lies below it never changes. */
struct jfile {
    struct list link;
    char name[32]; /* in the journal's folder */
    uint64_t first_id, end_id;
    uint32_t number; /* in this life of the hub, from 1 */
    uint32_t twin;   /* how many files before this one begin with the same id */
    uint64_t seed;   /* of the frames' checks; secret, so that no text can pass for a frame */
    char *map;
    size_t size, used;
    int fd;
    uint32_t refs;    /* of views and of jobs */
    size_t synced;    /* up to here it is on the disk */
    int64_t began_us; /* arrival of the first frame that this life wrote to it; 0: none */
    bool dirty;       /* written since the last sync */
    bool poisoned;    /* a sync of it failed: nobody knows what the disk has */
    bool sealed;      /* its records and positions are in a chunk */
    bool whole;       /* nothing was skipped when it was recovered */
    bool again;       /* begins with what the file before it could not sync */
};

struct journal_view {
    uint32_t count;
    struct {
        struct jfile *file;
        size_t used;
        uint64_t first_id, end_id;
    } files[];
};

struct journal {
    struct journal_opts opts;
    char *dir;
    int dir_fd;
    bool stopped;      /* no job may be begun */
    bool dir_dirty;    /* a file has got its name since the last sync */
    struct list files; /* oldest first; the last one is written */
    uint32_t file_count, unsealed_count;
    uint32_t last_number;
    struct jfile *current;
    uint64_t end_id;
    uint64_t written;

    struct jfile *spare;     /* ready for use, or NULL */
    struct jfile *recycling; /* being made the spare; no longer in `files` */
    struct list dropping;    /* being removed; no longer in `files` */
    struct jfile *made;      /* what the job has made */
    uint32_t spare_number;   /* the last one given out */
    uint32_t job_number;     /* the one of the job */
    struct job spare_job;
    bool spare_busy;
    int spare_err;

    uv_timer_t sync_timer;
    struct job sync_job;
    struct {
        struct jfile *file;
        size_t used;
        int err;
    } syncing[8];
    uint32_t syncing_count;
    uint64_t sync_upto; /* the running sync covers ids below this */
    uint64_t synced_id;
    uint64_t syncs;
    bool sync_busy;
    bool syncing_dir; /* the running sync covers the names, too */
    bool sync_failed; /* the last sync; until one works nothing is acknowledged as synced */
    int dir_err;
};

/* --- jfile.c: one file. Safe in the pool. --- */

/* Makes and maps a file of full size at dir/spare-<number>; blocks allocated, pages touched. */
int jfile_create(const char *dir, uint32_t number, struct jfile **ret) LM_MUST_CHECK;
/* Opens dir/<name> and maps it; checks its header. `look_only`: nothing of it will be written.
 * -LM_E_DAMAGED, -LM_E_VERSION. */
int jfile_open(const char *dir, const char *name, uint32_t epoch, bool look_only,
               struct jfile **ret) LM_MUST_CHECK;
/* Turns a spare into the file that starts at first_id and gives it that name; `twin` files before
 * it have it already. `again`: it has once more what an earlier file could not sync. */
int jfile_begin(struct jfile *f, const char *dir, uint32_t epoch, uint64_t first_id, uint32_t twin,
                bool again) LM_MUST_CHECK;
/* Makes sure that writing to the mapping cannot meet a full disk (a restored copy may have
 * holes). */
int jfile_reserve(struct jfile *f) LM_MUST_CHECK;
/* Renames an old file to dir/spare-<number>. */
int jfile_retire(struct jfile *f, const char *dir, uint32_t number) LM_MUST_CHECK;
void jfile_remove(const struct jfile *f, const char *dir);
/* Gives the memory of the mapping back; what is asked for again comes from the file. */
void jfile_rest(const struct jfile *f);
/* NULL is fine. */
void jfile_close(struct jfile *f);

/* --- journal.c --- */
void journal_add_file(struct journal *j, struct jfile *f);

/* --- journal_recover.c --- */
int journal_recover(struct journal *j, struct journal_report *report,
                    struct errinfo *info) LM_MUST_CHECK;
/* Names of the files of a journal, in their order; -errno. The caller frees each and the array. */
int journal_list(const char *dir, struct dirent ***ret) LM_MUST_CHECK;
/* Is there a sign that more was written behind f->used, the end of the last valid frame, than can be
 * read? What a hub was still writing when it was killed is none. */
bool jfile_has_torn_tail(const struct jfile *f);
/* The first valid frame of [at, used) whose id is at least *next_id; moves *at behind it and
 * *next_id past its ids. *ret_skipped bytes were no frames. */
bool jfile_next_frame(const struct jfile *f, size_t used, size_t *at, uint64_t *next_id,
                      struct jframe *ret, size_t *ret_skipped);

/* --- journal_sync.c --- */
int journal_sync_init(struct journal *j) LM_MUST_CHECK;
/* Called after every append. */
void journal_sync_note(struct journal *j);

/* --- journal_rescue.c --- */

/* What poisoned files may not have on the disk goes into new ones. */
int journal_rescue(struct journal *j) LM_MUST_CHECK;

#endif
