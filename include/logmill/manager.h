/* SPDX-License-Identifier: MIT
 *
 * logmill/manager.h - answering calls: named channels, typed handlers, many callers.
 *
 *     callers ─▶ [ may they? ─ how often? ─ valid? ─ cached? ─ the same in flight? ] ─▶ handler
 *                                                                        │ one by one │ batch │ stream
 *
 * A handler answers at once or later, once: lm_reply() or lm_fail(). Whatever it does wrong (twice,
 * never, too much) becomes an error of that call and of nobody else.
 *
 *     struct lm_manager *m;
 *     lm_manager_new(&m, NULL);
 *     lm_manager_register(m, "math:add", &(struct lm_handler){.call = add});
 *     lm_manager_listen(m, "/run/user/1000/math.sock");
 *     for (;;)
 *         lm_manager_dispatch(m, -1);
 *
 * In a loop of your own: wait until lm_manager_fd() is readable, then lm_manager_dispatch(m, 0).
 *
 * Threads: one manager, one thread at a time. Handlers run inside lm_manager_dispatch(). A handler
 * that works elsewhere comes back to the manager's thread to answer.
 */
#ifndef LOGMILL_MANAGER_H
#define LOGMILL_MANAGER_H

#include <logmill/common.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lm_manager;

/* One call on its way through a handler. A handle by value: after the answer, a time-out or a
 * cancel it is stale, and every function below says -ESTALE. */
struct lm_call {
    struct lm_manager *manager;
    uint64_t id;
};

/* What a caller may do; a higher one includes the lower. */
enum lm_access { LM_ACCESS_ANY, LM_ACCESS_READ, LM_ACCESS_WRITE, LM_ACCESS_ADMIN };

struct lm_caller {
    enum lm_access access;
    uid_t uid;           /* of a local caller, else (uid_t)-1 */
    pid_t pid;           /* of a local caller, else 0 */
    const char *name;    /* who it is: "uid 1000", a token's name; part of the key of
                            LM_CACHE_PER_CALLER. Valid as long as the connection */
    const void *context; /* of whoever attached the connection */
};

/* Answers at once, or keeps the handle and answers later. */
typedef void lm_call_fn(struct lm_call call, void *ctx);
/* n calls that may be answered together, each with its own lm_reply() or lm_fail(). */
typedef void lm_batch_fn(const struct lm_call *calls, size_t n, void *ctx);
/* NULL when the arguments are fine, else the reason as a sentence (static, or valid until the next
 * call). */
typedef const char *lm_validate_fn(struct lm_str args, void *ctx);

/* A stream is pulled: next() is called only while the caller has room. */
enum lm_next {
    LM_NEXT_MORE, /* something was added, ask again */
    LM_NEXT_WAIT, /* nothing now; lm_stream_wake() says when */
    LM_NEXT_END,  /* that was all */
};
struct lm_stream_ops {
    /* *ret_state is given to the others. Non-zero after lm_fail(): no stream. */
    int (*open)(struct lm_call call, void *ctx, void **ret_state);
    /* Adds items or bytes with lm_stream_...(). An lm_fail() here is an error in mid-stream. */
    enum lm_next (*next)(struct lm_call call, void *state);
    /* Always called once after a successful open, however the stream ended. */
    void (*close)(void *state);
};

struct lm_rate {
    uint32_t requests, window_ms; /* requests 0: no limit */
};

enum lm_cache_scope { LM_CACHE_SHARED, LM_CACHE_PER_CALLER };
enum lm_sharing {
    LM_SHARE_AUTO, /* identical calls in flight are answered once, if cacheable or batched */
    LM_SHARE_NEVER,
    LM_SHARE_ALWAYS,
};

/* A zero means the default in brackets. Exactly one of call, batch and stream is set. */
struct lm_handler {
    lm_call_fn *call;
    lm_batch_fn *batch;
    const struct lm_stream_ops *stream;
    void *ctx;
    /* Somebody cancelled, left, or waited too long: the answer is not wanted any more. May be
     * NULL. */
    void (*cancelled)(struct lm_call call, void *ctx);

    uint32_t batch_size;     /* [10] calls given to `batch` at once, at most 1024 */
    uint32_t batch_delay_ms; /* [50] how long the first of them waits for others */
    const char *batch_by;    /* only calls with equal values of this argument go together */
    uint32_t chunk_size;     /* [1000] items in one chunk */
    bool cacheable;          /* answers of `call` and `batch` are kept */
    uint32_t cache_ttl_ms;   /* [300000] */
    enum lm_cache_scope cache_scope;
    const char *cache_tags; /* "users,roles": for lm_manager_invalidate_tag() */
    enum lm_sharing sharing;
    const char *schema;         /* JSON Schema, the subset of docs/ipc.md */
    lm_validate_fn *validate;   /* after the schema */
    struct lm_rate rate;        /* of all callers together */
    struct lm_rate client_rate; /* of each connection */
    uint32_t timeout_ms;        /* [30000] */
    uint32_t stream_timeout_ms; /* [60000] a stream without progress; UINT32_MAX: never */
    enum lm_access access;      /* what a caller must have */
};

/* What happened, for people; see lm_manager_opts.on_error and on_debug. */
struct lm_incident {
    struct lm_str channel;
    enum lm_code code;
    struct lm_str message, details;
    const char *caller;
    uint64_t request;
    uint64_t execution_us;
};

/* A zero means the default in brackets. */
struct lm_manager_opts {
    uint64_t cache_bytes;       /* [64 MiB] memory for cached answers, keys included */
    const char *cache_dir;      /* [none] keeps answers across restarts (LMDB) */
    uint64_t cache_disk_bytes;  /* [256 MiB] */
    uint64_t result_max;        /* [16 MiB] one answer or chunk */
    uint32_t frame_max;         /* [1 MiB + 64] longest call */
    uint32_t clients_max;       /* [1024] */
    uint32_t open_calls_max;    /* [4096] of one connection */
    struct lm_rate client_rate; /* [none] calls of one connection, whatever the channel */
    uint32_t spin_us;           /* [0] look for work this long before sleeping: costs a CPU */
    const uid_t *allow_uids;    /* besides our own and root, on lm_manager_listen() */
    size_t allow_uid_count;
    /* Every failure of every call. */
    void (*on_error)(const struct lm_incident *incident, void *ctx);
    /* One line for each step (arrival, batch, chunk, hit, miss, answer with its time, error).
     * Called only while debugging is on: DEBUG_IPC=true in the environment at lm_manager_new(). */
    void (*on_debug)(const char *line, void *ctx);
    void *ctx;
};

/* opts may be NULL. */
LM_API int lm_manager_new(struct lm_manager **ret, const struct lm_manager_opts *opts) LM_CHECKED;
/* Open calls end with IPC_DISCONNECTED. NULL is fine. Not from within a handler. */
LM_API void lm_manager_free(struct lm_manager *m);

/* -EINVAL: a wrong name, not exactly one function, a schema that is none; *ret_reason (may be NULL)
 * says what is wrong. -EEXIST. The handler is copied, its texts too. */
LM_API int lm_manager_register(struct lm_manager *m, const char *channel,
                               const struct lm_handler *handler,
                               const char **ret_reason) LM_CHECKED;
/* Calls that are open still may be answered. -ENOENT. */
LM_API int lm_manager_unregister(struct lm_manager *m, const char *channel);

/* A Unix socket, 0600 before it is visible. A stale one is replaced; -EADDRINUSE when somebody
 * answers there or it is no socket of ours. Peers of other users are refused. */
LM_API int lm_manager_listen(struct lm_manager *m, const char *path) LM_CHECKED;
LM_API int lm_manager_fd(const struct lm_manager *m);
/* Waits at most timeout_ms (-1: for ever) for something to do, and does it. How many connections
 * and timers had work, or a negative errno. */
LM_API int lm_manager_dispatch(struct lm_manager *m, int timeout_ms);

/* --- in a handler --- */

/* Valid until the handler returns; ask again later. A stale handle has empty arguments. */
LM_API struct lm_str lm_call_args(struct lm_call call);
LM_API struct lm_str lm_call_channel(struct lm_call call);
LM_API uint32_t lm_call_attachments(struct lm_call call);
LM_API struct lm_str lm_call_attachment(struct lm_call call, uint32_t i);
/* NULL when stale, or when nobody who asked is still there. */
LM_API const struct lm_caller *lm_call_caller(struct lm_call call);
LM_API bool lm_call_alive(struct lm_call call);
/* A further tag of the answer that follows, for the cache. */
LM_API int lm_call_tag(struct lm_call call, const char *tag);
/* The answer that follows must not be kept. */
LM_API int lm_call_uncached(struct lm_call call);

/* `json` is one JSON value, or empty for null. It is copied. -ESTALE; -EMSGSIZE: the caller has got
 * IPC_TOO_LARGE instead. */
LM_API int lm_reply(struct lm_call call, struct lm_str json);
/* With n attachments (at most 64), which are copied. Such an answer is not cached. */
LM_API int lm_reply_with(struct lm_call call, struct lm_str json, const struct lm_str *attachments,
                         uint32_t n);
/* details: JSON or empty. -ESTALE. */
LM_API int lm_fail(struct lm_call call, enum lm_code code, const char *message,
                   struct lm_str details);
LM_API int lm_failf(struct lm_call call, enum lm_code code, const char *format, ...)
    LM_FORMAT(3, 4);

/* --- in next() of a stream --- */

/* One more item of the array that the present chunk is; a full chunk is sent. */
LM_API int lm_stream_item(struct lm_call call, struct lm_str json);
/* A chunk of its own: json and at most one attachment (p NULL: none), sent from the caller's
 * memory. */
LM_API int lm_stream_chunk(struct lm_call call, struct lm_str json, struct lm_str bytes);
/* Sends the items so far without waiting for chunk_size. */
LM_API int lm_stream_flush(struct lm_call call);
/* total 0: unknown. Travels with the next chunk. */
LM_API int lm_stream_progress(struct lm_call call, uint64_t current, uint64_t total);
/* From anywhere on the manager's thread: next() has something again. */
LM_API int lm_stream_wake(struct lm_call call);

/* --- the cache --- */

/* One answer: its channel and arguments (any order of members). How many were dropped. */
LM_API uint32_t lm_manager_invalidate(struct lm_manager *m, const char *channel,
                                      struct lm_str args);
/* Every answer whose key, which is "channel args", starts with this: "users:" or "users:get ". */
LM_API uint32_t lm_manager_invalidate_prefix(struct lm_manager *m, struct lm_str prefix);
LM_API uint32_t lm_manager_invalidate_tag(struct lm_manager *m, const char *tag);

/* {"manager":{totalRequests,…},"batches":{…},"streams":{…},"channels":{name:{…}}}: docs/ipc.md.
 * Free it with free(). NULL when memory is short. */
LM_API char *lm_manager_metrics(struct lm_manager *m) LM_CHECKED;

/* --- connections of your own (another transport, another loop) --- */

struct lm_peer;
struct lm_peer_ops {
    /* Takes bytes from the front; how many (fewer: lm_peer_writable() is due), or a negative errno
     * when the connection has ended. */
    ssize_t (*write)(void *link, const struct iovec *iov, int n);
    /* Nothing more is to be read for now, or again. */
    void (*pause)(void *link, bool paused);
    /* The protocol was violated or the manager ends: close it, once what was written has left, and
     * call lm_peer_detach(), later. */
    void (*close)(void *link);
    /* A frame that is no call: header and payload. Non-zero ends the connection. May be NULL. */
    int (*other)(void *link, uint8_t type, struct lm_str payload);
};
/* who is copied, its texts are not. -EMFILE: clients_max. */
LM_API int lm_peer_attach(struct lm_manager *m, const struct lm_caller *who,
                          const struct lm_peer_ops *ops, void *link,
                          struct lm_peer **ret) LM_CHECKED;
/* Bytes that arrived. How many were taken: whole frames only. */
LM_API size_t lm_peer_feed(struct lm_peer *peer, const char *bytes, size_t n);
LM_API void lm_peer_writable(struct lm_peer *peer);
/* The connection has ended; its open calls too. */
LM_API void lm_peer_detach(struct lm_peer *peer);

#ifdef __cplusplus
}
#endif

#endif
