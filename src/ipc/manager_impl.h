/* SPDX-License-Identifier: MIT
 *
 * manager_impl.h - what the files of the manager share. Nobody else includes it.
 *
 *     peer ──has── calls ──are answered by── job ──of── channel
 *                                             ├─ may wait in a batch
 *                                             └─ may be a stream
 *
 * A *call* is one question of one connection. A *job* is one run of a handler; identical calls in
 * flight share one. Jobs live in a table and are reached by (index, generation), so a handle that
 * is used too late finds nothing. A job ends when it is answered, or when its last call has gone.
 *
 * Threads: the manager's. Owns: see each struct.
 */
#ifndef LM_IPC_MANAGER_IMPL_H
#define LM_IPC_MANAGER_IMPL_H

#include <logmill/manager.h>

#include "base/list.h"
#include "base/map.h"
#include "ipc/cache.h"
#include "ipc/call_frame.h"
#include "ipc/histogram.h"
#include "ipc/rate.h"
#include "ipc/schema.h"
#include "ipc/timers.h"

enum {
    BATCH_SIZE_MAX = 1024,
    PEER_OUT_MAX = 1024 * 1024,        /* unsent bytes at which nothing more is read from a peer */
    PEER_OUT_LIMIT = 64 * 1024 * 1024, /* and at which it is sent away */
    CHUNK_BYTES = 256 * 1024,          /* a chunk of items is full at this size as well */
    SLOWEST = 8,
};

struct totals {
    uint64_t requests, responses, errors, response_us;
    uint64_t hits, misses;
    uint64_t batched, streamed, shared;
};

struct batch_totals {
    uint64_t batches, requests, processing_us, failed;
};

struct stream_totals {
    uint64_t streams, chunks, bytes, stream_us, failed;
};

struct slow_call {
    uint64_t us, request;
    int64_t wall_us;
};

/* One registered name. Owned by the manager's map; freed when unregistered and no job is left. */
struct channel {
    struct lm_manager *manager;
    char *name; /* and all texts of the handler, in one piece */
    size_t name_n;
    uint32_t index; /* of its rates in every peer */
    struct lm_handler handler;
    struct schema *schema;
    struct str tags, batch_by;
    bool shares; /* identical calls in flight are answered once */
    bool unregistered;
    uint32_t jobs;
    struct rate_window rate;
    struct list batches; /* struct waiting, still open for more */
    struct totals totals;
    struct histogram latency;
    struct slow_call slowest[SLOWEST];
};

/* A batch that waits for more calls, or whose calls wait for their answers. Owned by its jobs: the
 * last one frees it. */
struct waiting {
    struct list in_channel; /* while open */
    struct list jobs;
    struct channel *channel;
    struct timer delay;
    struct buf group; /* value of batch_by */
    uint32_t count, left, failed;
    int64_t handed_us;
};

struct chunk {
    struct buf json, bytes; /* bytes: an attachment that had to be kept */
    struct str attached;    /* p NULL: none */
    uint32_t items;
    bool array; /* items are being collected: "[a,b" */
    bool full;  /* whole: it must leave before anything is added */
};

/* A stream that is going on. Owned by its job. */
struct stream {
    struct job *job;
    void *state;
    struct list ready; /* in manager->ready while it may go on */
    struct timer idle; /* no progress */
    int64_t credit;
    uint64_t current, total, bytes;
    int64_t opened_us;
    uint32_t index;
    bool replied;  /* RESULT {stream} is out */
    bool waiting;  /* the handler has nothing now */
    bool ended;    /* the handler has no more */
    bool finished; /* its last chunk is out, or it became a plain answer */
    struct chunk chunk;
};

/* One question. Owned by its peer's list; freed with its answer. */
struct call {
    struct list in_peer, in_job;
    struct peer *peer;
    struct job *job;
    uint64_t request;
    int64_t started_us;
    struct timer timer;
    uint32_t timeout_ms, credit;
    uint8_t flags;
};

/* One run of a handler. Slots of the table are used again and keep their buffers. */
struct job {
    struct lm_manager *manager;
    uint64_t id; /* generation << 32 | index; 0: free */
    uint32_t index, generation;
    struct channel *channel;
    struct list calls;
    struct str args; /* the peer's bytes while the handler runs, `own` afterwards */
    struct pieces pieces;
    struct buf own, key, tags;
    struct waiting *batch;
    struct list in_batch;
    struct stream *stream;
    bool running; /* inside the handler, or inside next() */
    bool shared;  /* others may join: in manager->in_flight */
    bool uncached;
    bool batched;
};

/* One connection. */
struct peer {
    struct list link, dirty;
    struct lm_manager *manager;
    struct lm_caller who;
    const struct lm_peer_ops *ops;
    void *self;
    struct buf out;
    size_t sent; /* of out */
    struct list calls;
    uint32_t call_count;
    uint64_t last_request;
    uint32_t frame_max; /* what it takes */
    struct rate_window rate;
    struct rate_window *rates; /* by channel index */
    uint32_t rate_count;
    bool greeted, closing, paused, blocked;
};

struct lm_manager {
    struct lm_manager_opts opts;
    struct map channels;
    uint32_t channel_count; /* ever */
    struct list peers, dirty, ready;
    struct list round; /* a mark in ready */
    uint32_t peer_count;
    struct timers timers;
    struct job **jobs;
    uint32_t job_count;
    struct buf free_jobs; /* stack of struct job * */
    struct list free_calls;
    struct map in_flight; /* key -> job */
    struct cache cache;
    struct buf key, path, reason; /* scratch */
    struct totals totals;
    struct batch_totals batches;
    struct stream_totals streams;
    struct server *server;
    int64_t now_us; /* of the step that is going on */
    uint32_t depth; /* of steps */
    bool debug;
};

/* lm_peer is struct peer to the outside. */
static inline struct lm_peer *peer_public(struct peer *p)
{
    return (struct lm_peer *)(void *)p;
}
static inline struct peer *peer_of(struct lm_peer *p)
{
    return (struct peer *)(void *)p;
}
static inline struct str str_in(struct lm_str s)
{
    return str_of(s.p, s.n);
}
static inline struct lm_str str_out(struct str s)
{
    return (struct lm_str){s.p, s.n};
}

/* manager.c: a step brackets everything that may answer; its end sends what was written. */
void manager_enter(struct lm_manager *m);
void manager_leave(struct lm_manager *m);
/* A job of it is gone; frees it when it was the last of a channel that nobody has any more. */
void channel_unuse(struct channel *c);
/* One line for on_debug; only when m->debug. */
void manager_debug(struct lm_manager *m, const char *format, ...) LM_FORMAT(2, 3);

/* manager_call.c: a CALL has arrived. -LM_E_PROTOCOL ends the connection. */
int manager_call(struct peer *p, const struct call_frame *frame);

/* manager_job.c */
struct job *job_new(struct lm_manager *m, struct channel *c);
struct job *job_find(struct lm_call call);
static inline struct lm_call job_handle(const struct job *j)
{
    return (struct lm_call){j->manager, j->id};
}
/* Copies arguments out of the peer's bytes. */
int job_keep_args(struct job *j);
/* Adds a call to it. */
struct call *call_new(struct peer *p, struct job *j, const struct call_frame *frame);
/* Nobody waits for it any more; frees it. */
void call_drop(struct call *call);
/* Ends one call with a failure; the job too when it was the last. */
void call_fail(struct call *call, enum lm_code code, struct str message, struct str details);
/* The same without a look at the job. */
void call_say_failure(struct call *call, enum lm_code code, struct str message, struct str details);
/* Starts the clock of a call. */
int call_set_timer(struct call *call);
/* The job is over: its calls have been answered. A running one is freed when its handler
 * returns. */
void job_end(struct job *j);
/* Brackets a handler. False: the job ended meanwhile and is gone. */
void job_run_begin(struct job *j);
bool job_run_end(struct job *j) LM_MUST_CHECK;
/* Nobody waits any more: the handler is told, the job ends. */
void job_abandon(struct job *j);

/* manager_reply.c */
int job_answer(struct job *j, struct str data, const struct str *attached, uint32_t n);
void job_fail(struct job *j, enum lm_code code, struct str message, struct str details);
/* A failure of a question that never became a call. */
void peer_fail(struct peer *p, const struct call_frame *frame, const struct channel *c,
               enum lm_code code, struct str message, struct str details);
/* The end of one call, for the figures. */
void channel_note(struct channel *c, const struct call *call, bool failed);
/* Tells on_error and on_debug. */
void manager_report(struct lm_manager *m, const struct lm_incident *incident);

/* manager_batch.c */
int batch_join(struct job *j);
/* The job is answered or gone. */
void batch_leave(struct job *j, bool failed);

/* manager_stream.c */
int stream_open(struct job *j, uint32_t credit);
void stream_credit(struct job *j, uint32_t bytes);
/* Closes and frees; the job is over. */
void stream_free(struct stream *s);
/* Lets the streams of this peer go on, now that it takes bytes. */
void stream_unblock(struct peer *p);
/* One round for every stream that can go on. */
void streams_run(struct lm_manager *m);

/* peer.c */
void peer_mark(struct peer *p); /* it has bytes to send at the end of the step */
void peer_flush(struct peer *p);
/* Sends bytes behind everything queued, without a copy of what the kernel takes. */
void peer_send_through(struct peer *p, struct str bytes);
static inline size_t peer_unsent(const struct peer *p)
{
    return p->out.n - p->sent;
}

/* server.c: the loop of every manager, whether it listens or not. */
int server_new(struct server **ret, struct lm_manager *m) LM_MUST_CHECK;
void server_free(struct server *s);
/* The clock must ring by then (monotonic µs; INT64_MAX: no need). */
void server_alarm(struct server *s, int64_t due_us);

#endif
