/* SPDX-License-Identifier: MIT
 *
 * supervise_impl.h - what the files supervise*.c share, and nobody else sees.
 *
 *     supervise.c        the table of processes, observers
 *     supervise_adopt.c  what earlier hubs left
 *     supervise_children.c  keepers as children of this process
 *     supervise_calls.c  what keepers report
 *     supervise_life.c   start, end, restart, time
 *     supervise_order.c  who waits for whom
 *     supervise_health.c ready yet? still healthy?
 *     supervise_stop.c   stopping one, stopping all
 *     supervise_ask.c    what people ask for
 *     supervise_job.c    processes that nobody configured
 *     supervise_reload.c another configuration
 *
 * Everything that happens later is a process's `due_us`, and what it means follows from its state:
 *
 *     starting       the keeper should have called by then
 *     waiting        start it (again), if what it depends on is ready
 *     disconnected   look whether the keeper that does not call is still alive
 *     exited, ...    something the child started still holds its pipes: say so, then (when the
 *                    process is to start again) end it
 *
 * `check_us` is the same for its checks. One timer runs to the earliest of them all, and not at all
 * when there is none.
 *
 * Threads: loop thread. Owns: see supervise.h.
 */
#ifndef LM_PROC_SUPERVISE_IMPL_H
#define LM_PROC_SUPERVISE_IMPL_H

#include "conf/process_conf.h"
#include "proc/probe.h"
#include "proc/spare.h"
#include "proc/supervise.h"

enum {
    CALL_WITHIN_US = 5000000, /* a keeper that lives calls within this time */
    CALL_AGAIN_US = 1000000,  /* and after a lost connection within this */
    BACKOFF_LAST_MS = 30000,
    SHORT_LIFE_US = 10000000, /* a life that lasted longer is no crash loop */
    ORPHANS_US = 80000,       /* a dead child's heirs that hold its pipes longer are shown */
    LEFTOVERS_US = 1000000,   /* and after this long ended, when it is to start again */
    STOP_MARGIN_US = 2000000,
    SPARE_AFTER_US = 5000, /* a start: not beside it */
};

struct process_private {
    struct supervise *supervise;
    const struct process_conf *conf; /* NULL: started by hand, or no longer configured */
    struct process_conf *own_conf;   /* of a job: conf, in memory of our own */
    struct keeper_link *link;        /* NULL: not connected */
    bool keeper_runs;                /* a keeper of this run is believed to live */
    bool by_hub;                     /* a hub started its present run, this one or an earlier */
    bool is_pipe;                    /* the input of `logmill pipe` */
    bool exited;                     /* EXIT came for this run */
    bool asked;                      /* it was told to stop, or will be as soon as it calls */
    bool again;                      /* to be started when the present run is over, by any policy */
    char keeper_end[80];             /* how its keeper ended, while the connection is still open */
    bool sick;                       /* it is being stopped because a check failed */
    bool pended;                     /* not started yet: something it depends on is not ready */
    bool stop_later;           /* the hub stops: its turn comes when its dependents have ended */
    bool ready;                /* its ready check has been passed, or it has none */
    bool failure;              /* the last life did not end with code 0 */
    bool announced;            /* the path of its file has been printed */
    struct conf_label *labels; /* of the present run, in one piece */
    int64_t due_us;            /* 0 = nothing */
    int64_t check_us;          /* the same for the next check */
    int64_t since_us;          /* monotonic: when this run began for us */
    struct probe *probe;       /* the check that is being made; NULL = none */
    uint32_t check_failures;   /* of the health check, in a row */
    uint32_t short_lives;      /* restarts since the last life that was none */
    uint32_t backoff_ms;       /* the next pause; 0 = the first one */
};

/* A keeper we are the parent of. */
struct keeper_handle {
    struct list link;
    pid_t pid;
    struct process *process; /* NULL: the program before this one started it */
    uint8_t run[FRAME_RUN_ID];
};

struct supervise {
    struct supervise_opts opts;
    struct process **processes; /* configured ones first, in their order */
    size_t count, cap;
    struct list handles; /* struct keeper_handle */
    struct spare spare;  /* a keeper for the next restart ... */
    int64_t spare_at_us; /* ... and when it is to be started; 0 = it is there, or not wanted */
    struct list observers;
    uv_timer_t timer;
    struct children *children; /* NULL = their ends are not collected (yet, or any more) */
    struct arena arena;
    char *runs_dir;
    size_t links; /* connections that will still report that they are gone */
    bool freed;   /* supervise_free() was called ... */
    bool closed;  /* ... and the timer has been closed */
    bool stopping;
    int64_t stop_by_us; /* stopping: when on_stopped comes at the latest; 0 = it came */
};

/* supervise.c */
struct process *process_add(struct supervise *s, const char *name);
/* As supervise_find(). */
struct process *process_find(const struct supervise *s, struct str name);
/* supervise_rest.c: had it ended when this program took over? Then it is shown so. */
bool rest_goes_on(struct supervise *s, struct process *p);
/* No keeper of it is there. */
bool process_is_idle(const struct process *p);
/* Its labels from now on, copied; without memory it has none. */
void process_keep_labels(struct process *p, const struct frame_label *labels, size_t n);
/* Tells the observers. */
void process_changed(struct supervise *s, const struct process *p);
/* Sets state and reason (printf-like, may be "") and tells the daemon. */
void process_set(struct supervise *s, struct process *p, enum process_state state,
                 const char *reason, ...) LM_PRINTF(4, 5);

/* After supervise_free(), when the last connection and the timer are gone. */
void supervise_free_when_unused(struct supervise *s);

/* supervise_adopt.c */
/* Finds keepers that live, and files of processes that are gone. */
int adopt_find(struct supervise *s, struct errinfo *info) LM_MUST_CHECK;

/* supervise_children.c */
/* This child's end is to be collected. Takes h, which is on the heap; an earlier one of the child
 * is freed. */
void children_put(struct supervise *s, struct keeper_handle *h, pid_t pid);
/* Also after a failure children_end() is due. */
int children_begin(struct supervise *s) LM_MUST_CHECK;
void children_end(struct supervise *s);
/* If this keeper is our child, its end will be collected. */
void children_adopt(struct supervise *s, pid_t pid);

/* supervise_life.c */
/* Starts a new life of a configured process. */
void life_start(struct supervise *s, struct process *p);
/* Its child is dead or believed to be: restart by policy, once nothing of the old run is left. */
void life_ended(struct supervise *s, struct process *p);
/* Its keeper has gone without END, and how is known. */
void life_keeper_ended(struct supervise *s, struct process *p, const char *how);
/* A keeper that this program started has ended; `status` is that of waitpid(). */
void life_on_keeper_end(struct supervise *s, const struct keeper_handle *h, int status);
/* A keeper in reserve is worth its memory where restarts are to be expected: soon there is one. */
void life_want_spare(struct supervise *s, const struct process *p);
/* Its pause is over, if it had one at all: starts it without waiting for the timer. */
void life_go_on(struct supervise *s, struct process *p);
/* Sets the timer to what is due first; ends a stop when nothing is left. */
void life_schedule(struct supervise *s);

/* supervise_job.c */
void process_drop_own_conf(struct process *p);

/* supervise_order.c */
/* Is everything there that p depends on? If not, *ret_why (160 bytes) says what is missing. */
bool order_allows(const struct supervise *s, const struct process *p, char ret_why[160]);
/* The state of p has changed: what waits for it looks again. */
void order_kick(struct supervise *s, const struct process *p);
/* Is something running that depends on p? */
bool order_is_needed(const struct supervise *s, const struct process *p);

/* supervise_health.c */
/* A run has called: it is running, or starting until its ready check says yes. */
void health_begin(struct supervise *s, struct process *p);
/* Nothing is asked any more. */
void health_end(struct process *p);
/* check_us has come. */
void health_on_due(struct supervise *s, struct process *p);

/* supervise_stop.c */
/* Stops what is running, or as soon as its keeper calls. Nothing starts it again. */
void life_stop(struct supervise *s, struct process *p);
/* Tells the keeper to end what is running or left, within the configured time. */
void stop_send(struct supervise *s, struct process *p);
/* A process has ended while the hub stops: the next ones in the order get their turn. */
void stop_go_on(struct supervise *s);
/* Has everything ended that a stop of the hub waits for? */
bool stop_is_over(const struct supervise *s);

#endif
