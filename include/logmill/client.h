/* SPDX-License-Identifier: MIT
 *
 * logmill/client.h - asking: one connection to a manager, with or without a loop.
 *
 *     struct lm_client *c;
 *     struct lm_answer a;
 *     lm_client_open(&c, &(struct lm_client_opts){.socket = path});
 *     if (lm_client_call(c, "math:add", LM_STR("{\"a\":1,\"b\":2}"), &a) == 0)
 *         printf("%.*s\n", (int)a.data.n, a.data.p);
 *
 * In a loop of your own: lm_client_ask() with callbacks, wait until lm_client_fd() is readable,
 * then lm_client_dispatch(c, 0). Both ways may be mixed.
 *
 * A lost connection comes back by itself (back-off with jitter). Open calls end with
 * LM_DISCONNECTED, except those that are idempotent, which are asked again, and streams with
 * `resume`.
 *
 * Threads: one client, one thread at a time.
 */
#ifndef LOGMILL_CLIENT_H
#define LOGMILL_CLIENT_H

#include <logmill/common.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lm_client;

enum lm_client_state { LM_CLIENT_CONNECTED, LM_CLIENT_DISCONNECTED };

/* A zero means the default in brackets. */
struct lm_client_opts {
    const char *socket;    /* path of the server's Unix socket */
    uint32_t frame_max;    /* [16 MiB] longest answer or chunk it takes */
    uint32_t timeout_ms;   /* [30000] of calls that name none */
    uint32_t retry_min_ms; /* [50] first wait after a lost connection */
    uint32_t retry_max_ms; /* [5000] longest */
    bool no_retry;         /* a lost connection stays lost */
    uint32_t spin_us;      /* [0] look for the answer this long before sleeping: costs a CPU */
    void (*on_state)(struct lm_client *c, enum lm_client_state state, void *ctx);
    void *ctx;
};

struct lm_attachments {
    uint32_t count;
    const char *lengths;
    struct lm_str bytes;
};

/* The i-th (p NULL when there are fewer). Valid as long as the answer or chunk. */
LM_API struct lm_str lm_attachment(const struct lm_attachments *a, uint32_t i);

struct lm_answer {
    enum lm_code code;     /* LM_OK: data, else message and details */
    struct lm_str data;    /* JSON; empty means null */
    struct lm_str message; /* a sentence */
    struct lm_str details; /* JSON or empty */
    struct lm_attachments attachments;
    bool cached, batched;
    bool stream; /* chunks follow; data is the stream's id */
    uint64_t execution_us;
    uint64_t request;
};

struct lm_chunk {
    uint32_t index;
    struct lm_str data; /* JSON or empty */
    struct lm_attachments attachments;
    uint64_t current, total; /* total 0: unknown */
    double percentage;
    bool last;
    uint64_t request;
};

/* The last answer of a call; of a stream also its first one (answer->stream). Views are valid
 * during the call. */
typedef void lm_answer_fn(struct lm_client *c, const struct lm_answer *answer, void *ctx);
typedef void lm_chunk_fn(struct lm_client *c, const struct lm_chunk *chunk, void *ctx);

struct lm_ask {
    const char *channel;
    struct lm_str args;               /* one JSON value; empty means null */
    const struct lm_str *attachments; /* at most 64 */
    uint32_t attachment_count;
    uint32_t timeout_ms; /* [the client's] */
    bool fresh;          /* not from the cache */
    bool no_reply;       /* no answer at all: on_answer is not called */
    bool idempotent;     /* may be asked again after a lost connection */
    uint32_t window;     /* [1 MiB] bytes of chunks that may wait here, with on_chunk */
    lm_answer_fn *on_answer;
    lm_chunk_fn *on_chunk; /* NULL: chunks are held until lm_client_listen() */
    /* After a lost connection a stream is asked for again with these arguments (copied). NULL: it
     * ends with LM_DISCONNECTED. */
    struct lm_str (*resume)(void *ctx);
    void *ctx;
};

/* Connects. -ECONNREFUSED, -ENOENT and so on when nobody is there; with retry the client exists all
 * the same only if *ret is set: then it goes on trying. */
LM_API int lm_client_open(struct lm_client **ret, const struct lm_client_opts *opts) LM_CHECKED;
/* Open calls end with LM_DISCONNECTED. NULL is fine. Not from within a callback. */
LM_API void lm_client_close(struct lm_client *c);
LM_API bool lm_client_connected(const struct lm_client *c);

/* Asks and waits. 0 when an answer is in *ret, whatever its code; its views are valid until the
 * next call with this client. A negative errno when the question could not be put. Not from within
 * a callback. */
LM_API int lm_client_call(struct lm_client *c, const char *channel, struct lm_str args,
                          struct lm_answer *ret) LM_CHECKED;
/* The same with everything; on_chunk is called while it waits, on_answer is not. */
LM_API int lm_client_call_with(struct lm_client *c, const struct lm_ask *ask,
                               struct lm_answer *ret) LM_CHECKED;

/* Asks; the answer comes to on_answer within lm_client_dispatch(). -ENOTCONN: no connection now.
 * -EMSGSIZE, -ENOMEM, -EINVAL. ret_request may be NULL. */
LM_API int lm_client_ask(struct lm_client *c, const struct lm_ask *ask,
                         uint64_t *ret_request) LM_CHECKED;
/* The call ends with LM_CANCELLED, or with the answer that was on its way. -ENOENT. */
LM_API int lm_client_cancel(struct lm_client *c, uint64_t request);
/* Takes the chunks of a stream that was asked for without on_chunk. -ENOENT. */
LM_API int lm_client_listen(struct lm_client *c, uint64_t request, lm_chunk_fn *on_chunk, void *ctx,
                            uint32_t window);

/* Between these, questions are gathered and leave together. */
LM_API void lm_client_hold(struct lm_client *c);
LM_API int lm_client_flush(struct lm_client *c);

LM_API int lm_client_fd(const struct lm_client *c);
/* Waits at most timeout_ms (-1: for ever) for something to do, and does it. How many answers and
 * chunks came, or a negative errno. */
LM_API int lm_client_dispatch(struct lm_client *c, int timeout_ms);

#ifdef __cplusplus
}
#endif

#endif
