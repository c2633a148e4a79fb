/* SPDX-License-Identifier: MIT
 *
 * client_impl.h - what the files of the client share. Nobody else includes it.
 *
 * Open calls live in a table of a power of two, at (request mod size); a new call skips numbers whose
 * place is taken, which is allowed because requests only have to grow.
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

enum {
    CLIENT_READ = 256 * 1024,
    CLIENT_OUT_SOON = 128 * 1024,
    GRACE_MS = 1000,
    SLEEP_MAX_MS = 3600 * 1000
};

/* client.c */
void client_note(struct lm_client *c, int64_t due_us); /* the clock must ring by then */
/* Handles the frames in `in`, at most until the waiting call has its answer. How many answers and chunks,
 * or -LM_E_PROTOCOL. */
int client_handle(struct lm_client *c);
int client_send(struct lm_client *c);

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
