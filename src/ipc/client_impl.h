/* SPDX-License-Identifier: MIT
 *
 * client_impl.h - what the files of the client share. Nobody else includes it.
 *
 * Open calls live in a table of a power of two, at (request mod size); a new call skips numbers
 * whose place is taken, which is allowed because requests only have to grow.
 *
 * Threads: the client's. Owns: see each struct.
 */
#ifndef LM_IPC_CLIENT_IMPL_H
#define LM_IPC_CLIENT_IMPL_H

#include <logmill/client.h>

#include "ipc/call_frame.h"

/* One open call. request 0: a free place. */
struct pending {
    uint64_t request;
    int64_t due_us; /* when we stop waiting for a server that says nothing */
    lm_answer_fn *on_answer;
    lm_chunk_fn *on_chunk;
    struct lm_str (*resume)(void *ctx);
    void *ctx;
    uint32_t window, taken; /* taken: bytes of chunks since the last CREDIT */
    bool streaming;
    char *again; /* CALL frame to send after a lost connection; NULL: ends then */
    size_t again_n;
};

struct lm_client {
    struct lm_client_opts opts;
    char *path;
    int fd; /* -1: not connected */
    int epoll, clock;
    struct buf in;
    size_t taken; /* of in: frames that have been handled */
    struct buf out;
    size_t sent;
    uint32_t frame_max; /* what the server takes */
    struct pending *table;
    uint32_t size, count;
    uint64_t last_request;
    uint32_t attempts;
    int64_t retry_us, alarm_us; /* INT64_MAX: none */
    int64_t sleep_ms;           /* the socket's own time-out; 0: none yet */
    uint32_t hold;
    bool wants_out; /* EPOLLOUT is asked for */
    bool waiting_call, answered;
    struct lm_answer *answer; /* of the call that waits */
    uint64_t answer_request;
};

/* client.c */
/* The clock must ring by then (monotonic). */
void client_note(struct lm_client *c, int64_t due_us);
/* Handles the frames in `in`, at most until the waiting call has its answer. How many answers and
 * chunks, or -LM_E_PROTOCOL. */
int client_handle(struct lm_client *c);
/* Sends from `out` what the socket takes. 0 though not all may have left; or -errno. */
int client_send(struct lm_client *c);
/* One recv behind what is in `in`, with these flags of recv(). 0, -EAGAIN when nothing is there,
 * -errno. */
int client_receive(struct lm_client *c, int flags);

/* client_ask.c */
/* Enters the call and appends its frame to `out`. -ENOTCONN, -EMSGSIZE when the server would not take it, -EINVAL,
 * -ENOMEM: then nothing has changed. */
int client_put(struct lm_client *c, const struct lm_ask *ask, uint64_t *ret_request);

/* client_answer.c */
/* 1: an answer or a chunk; 0: another frame; negative: one that may not come. */
int client_on_frame(struct lm_client *c, const struct frame *f);

/* client_table.c */
struct pending *pending_add(struct lm_client *c);
struct pending *pending_find(const struct lm_client *c, uint64_t request);
void pending_remove(struct lm_client *c, struct pending *p);
void pending_fail(struct lm_client *c, struct pending *p, enum lm_code code, const char *message);

/* client_link.c: connecting, losing, connecting again */
int client_connect(struct lm_client *c);
void client_lost(struct lm_client *c);
void client_ring(struct lm_client *c); /* the clock rang: retry, or calls nobody answers */

#endif
