/* SPDX-License-Identifier: MIT
 *
 * store_impl.h - what the files of the store share, and nobody else sees.
 *
 * Everything here belongs to the loop thread, except for what a job in the pool was given: the sealing
 * job owns the current segment and the table of positions while it runs, the keeping job what it
 * took along.
 */
#ifndef LM_STORE_STORE_IMPL_H
#define LM_STORE_STORE_IMPL_H

#include "store/segment.h"
#include "store/store.h"

/* Every chunk, oldest first. A row never changes: views share it, and a change makes a new one. */
struct chunk_row {
    uint32_t refs, count;
    struct chunk *at[];
};

/* One file of the journal on its way to become a chunk. */
struct sealing {
    struct job job;
    bool busy, stopped;
    struct journal_view *view;
    struct positions positions; /* as of the end of the last sealed file */
    const struct tombs *tombs;
    int64_t now_us;
    struct chunk_row *row; /* room for one chunk more, so that nothing can fail after the commit */
    /* What the job has made: */
    struct segment *segment; /* NULL: the current one took it */
    struct chunk *chunk;
    int err;
    uv_timer_t retry;
    int64_t took_us;
};

struct store {
    struct store_opts opts;
    struct hub *hub; /* NULL before store_attach() */
    uint32_t views;  /* taken and not dropped */
    uint32_t epoch;
    char *dir;                /* state_dir/history */
    struct list segments;     /* oldest first */
    struct segment *current;  /* takes the next chunk; NULL: a new one is made */
    struct chunk_row *row;    /* of all segments */
    uint64_t end_id;          /* ids below are sealed, or gone */
    const struct tombs *tombs;
    struct buf positions; /* of the last commit, as read at start */
    struct store_report recovered;
    struct sealing sealing;
};

/* --- store_load.c --- */

/* Reads history/. */
int store_load(struct store *s, struct errinfo *info) LM_MUST_CHECK;
/* Makes the row anew after segments have changed. -ENOMEM: the old one stays. */
int store_make_row(struct store *s) LM_MUST_CHECK;
/* In two steps: room for so many chunks more or less than there are; then it is filled and takes the
 * place of the old one. */
struct chunk_row *chunk_row_new(const struct store *s, uint32_t more) LM_MUST_CHECK;
void store_set_row(struct store *s, struct chunk_row *row);
void chunk_row_unref(struct chunk_row *row); /* NULL is fine */
/* Writes state_dir/history/tomb, synced. Safe in the pool. */
int store_write_tombs(const char *dir, const struct tombs *t, uint32_t epoch) LM_MUST_CHECK;

/* --- sealing.c --- */

int sealing_init(struct store *s) LM_MUST_CHECK;
/* There may be a full file. */
void sealing_wake(void *store);
/* Frees s when the loop has let go of the timer. */
void sealing_close(struct store *s);

#endif
