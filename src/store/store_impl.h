/* SPDX-License-Identifier: MIT
 *
 * store_impl.h - what the files of the store share, and nobody else sees.
 *
 * Everything here belongs to the loop thread, except for what a job in the pool was given: the
 * sealing job writes to the files of the current segment and owns the table of positions while it
 * runs, the keeping job has what it took along. Which chunks a segment has changes on the loop
 * only.
 *
 * Owns: see each struct.
 */
#ifndef LM_STORE_STORE_IMPL_H
#define LM_STORE_STORE_IMPL_H

#include "store/segment.h"
#include "store/store.h"
#include "store/unread.h"

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
    int64_t now_us, expired_us;
    struct chunk_row *row; /* room for one chunk more, so that nothing can fail after the commit */
    /* What the job has made: */
    struct segment *segment; /* NULL: the current one took it */
    struct chunk *chunk;
    int err;
    int failed; /* what was said last; 0: it works */
    uv_timer_t retry;
    int64_t took_us;
};

/* A view, and what is only for us. */
struct store_own_view {
    struct store_view view; /* first */
    struct list link;       /* in store->view_list, oldest first */
    struct chunk_row *row;
    uint64_t generation; /* of the tombs it has */
    struct unread unread;
};

/* Damage that was said already. */
struct damage_log {
    struct damage_place {
        uint64_t first_id; /* of the chunk */
        uint64_t at;
    } * places;
    uint32_t count, cap;
};

/* Work in the pool on the chunks that are there. */
struct store_task {
    struct list link;
    struct job job;
    struct store *store;
    bool frees; /* takes away what readers may still want: waits for those who know no better */
    uint64_t generation; /* of the tombs when it was added */
    bool (*begin)(
        struct store_task *t); /* on the loop, right before; false: nothing to do. May be NULL */
    void (*work)(struct store_task *t); /* in the pool */
    void (*done)(struct store_task *t); /* on the loop; frees it */
};

/* What time it is at least, when the clock may be wrong (aging.c). */
struct clock_watch {
    int64_t wall_us, mono_us; /* when the hub started */
    int64_t looked_us;        /* monotonic: the last look at the age of records; 0: never */
    int64_t found_us;         /* what time it was then */
    int64_t agreed_us;        /* what two looks an hour apart agree on; 0: nothing yet */
    int64_t doubted_to_us;    /* monotonic: before that no age counts; 0: no doubt */
};

struct store {
    struct store_opts opts;
    struct hub *hub; /* NULL before store_attach() */
    struct list view_list;
    uint64_t generation;     /* rises with every new set of tombs */
    uint32_t pins;           /* who copies files: nothing is taken away meanwhile */
    struct list tasks;       /* waiting */
    struct store_task *task; /* under way */
    struct clock_watch watch;
    uv_timer_t hourly;
    uint32_t epoch;
    char *dir;                 /* state_dir/history */
    struct list segments;      /* oldest first */
    struct segment *current;   /* takes the next chunk; NULL: a new one is made */
    struct segment *compacted; /* another pair is being made of it; NULL: of none (compact.c) */
    bool compacting;
    struct chunk_row *row; /* of all segments */
    uint64_t end_id;       /* ids below are sealed, or gone */
    const struct tombs *tombs;
    struct sealed_positions positions; /* of the last commit, as read at start */
    struct store_report recovered;
    struct damage_log damage;
    struct sealing sealing;
};

/* --- store_load.c --- */

/* Reads history/. */
int store_load(struct store *s, struct errinfo *info) LM_MUST_CHECK;
/* The row of chunks is made anew in two steps: room for so many chunks more than there are; then it
 * is filled and takes the place of the old one. */
struct chunk_row *chunk_row_new(const struct store *s, uint32_t more) LM_MUST_CHECK;
void store_set_row(struct store *s, struct chunk_row *row);
void chunk_row_unref(struct chunk_row *row); /* NULL is fine */
/* Writes state_dir/history/tomb, synced. Safe in the pool. */
int store_write_tombs(const char *dir, const struct tombs *t, uint32_t epoch) LM_MUST_CHECK;

/* From here on these tombs count. Takes the reference. */
void store_set_tombs(struct store *s, const struct tombs *t);

/* --- store_damage.c --- */

/* Says where it is, each place once. */
void damage_say(struct store *s, const struct unread *u);

/* --- tasks.c --- */

/* Queues it; done() is called whatever happens. */
void task_add(struct store *s, struct store_task *t);
/* Something has changed that tasks wait for. */
void tasks_wake(struct store *s);

/* --- keeping.c --- */

/* What is too much goes. */
void keeping_check_bytes(struct store *s);
/* Everything below `floor` goes. -ENOMEM. */
int keeping_raise_floor(struct store *s, uint64_t floor, const char *why) LM_MUST_CHECK;
/* From here on these tombs count; then what is dead goes from the disk. Takes the reference when it
 * succeeds. -ENOMEM. */
int keeping_sweep(struct store *s, const struct tombs *tombs) LM_MUST_CHECK;
/* What has expired goes from the disk. */
void keeping_sweep_expired(struct store *s);

/* --- aging.c --- */

int aging_init(struct store *s) LM_MUST_CHECK;
/* What is too old goes, unless the last look was less than an hour ago. */
void aging_check(struct store *s);
/* What the clock said when the hub started, and the time since; or what it says now, if that is
 * less. */
int64_t aging_now_us(const struct store *s);
/* One past the ids of the chunks at the old end that arrived before this time. */
uint64_t aging_floor(const struct store *s, int64_t time_us);

/* --- sealing.c --- */

int sealing_init(struct store *s) LM_MUST_CHECK;
/* There may be a full file. */
void sealing_wake(void *store);
/* Frees s when the loop has let go of the timer. */
void sealing_close(struct store *s);

#endif
