/* SPDX-License-Identifier: MIT
 *
 * ipc_impl.h - what the files ipc*.c share.
 *
 * Threads: loop thread; what question_start() is given also runs in the pool. Owns: see each
 * struct.
 */
#ifndef LM_API_IPC_IMPL_H
#define LM_API_IPC_IMPL_H

#include <logmill/manager.h>

#include "api/ipc.h"
#include "api/params.h"
#include "net/grant.h"
#include "net/ws_link.h"
#include "source/push.h"
#include "store/query.h"

struct ipc {
    struct api *api;
    struct lm_manager *manager;
    uv_poll_t clock; /* the manager's own descriptor: its timers */
    struct ws_watch watch;
    struct list doors;     /* struct door: connections */
    struct list questions; /* struct question: in the pool */
    struct list follows;   /* struct follow: subscriptions */
    struct list writes;    /* struct write_wait: until they are acknowledged */
    struct list watches;   /* struct config_watch */
    struct push_shared push;
    struct buf json;                     /* scratch of the sink */
    int64_t started_us, started_mono_us; /* wall clock; monotonic */
    bool closing;
};

static inline struct str from_lm(struct lm_str s)
{
    return str_of(s.p, s.n);
}
static inline struct lm_str to_lm(struct str s)
{
    return (struct lm_str){s.p, s.n};
}
/* The grant of whoever asks; NULL when nobody is there any more. */
const struct grant *ipc_grant(struct lm_call call);
/* Only for callers that see everything. False: answered. */
bool ipc_unlimited(struct lm_call call);
/* What an administrator did becomes a record. refusal NULL: it was done. */
void ipc_audit(struct lm_call call, const struct ipc *ipc, const char *action, const char *object,
               const char *refusal);
/* IPC_VALIDATION_ERROR for the argument `name`. Always false. */
bool ipc_refuse(struct lm_call call, const char *name, const char *reason);
/* Answers with what is in out (or IPC_HANDLER_ERROR when memory was short). */
void ipc_reply(struct lm_call call, const struct buf *out);

/* --- ipc_ask.c: arguments, and questions to the store --- */

/* What may stand in arguments besides filters. */
struct ipc_args {
    struct filter *filter; /* of the arguments and the caller's grant; heap */
    uint64_t limit, offset, tail, after;
    bool has_after, foreign_after;
    struct query query;
};

/* `own` (ends with NULL): names besides filters that this channel takes. False: answered. */
bool ipc_args_read(struct lm_call call, struct ipc *ipc, const char *const *own,
                   struct ipc_args *ret);

/* Are all arguments labels? False: answered. */
bool ipc_args_only_labels(struct lm_call call);

struct question {
    struct job job;
    struct list link;
    struct ipc *ipc;
    struct lm_call call;
    struct filter *filter;
    struct query query;
    struct store_view *view;
    atomic_bool cancel;
    struct buf out;
    int err;
    bool counted;                    /* in api->questions */
    int (*work)(struct question *q); /* in the pool */
    void (*reply)(
        struct question *q); /* on the loop; not called after a failure or when nobody waits */
    void (*fini)(struct question *q); /* of the handler's own part; may be NULL */
    struct query_result result;
};

/* `size` bytes that begin with a struct question. NULL: answered. Takes ask->filter. */
void *question_new(struct lm_call call, struct ipc *ipc, struct ipc_args *ask, size_t size);
/* For one that is never started. */
void question_free(struct question *q);
/* Takes ownership of q. The snapshot is taken now, unless q->view was set before. */
void question_start(struct question *q, int (*work)(struct question *),
                    void (*reply)(struct question *));
/* A handler's `cancelled`. */
void question_cancel(struct lm_call call, void *ipc);
/* The sentence of a question that failed. */
void question_fail(struct lm_call call, int err);

/* --- registration: one function per group of handlers --- */
int ipc_register(struct ipc *ipc, const char *channel, const struct lm_handler *handler);
int ipc_register_logs(struct ipc *ipc);
int ipc_register_clear(struct ipc *ipc);
int ipc_register_write(struct ipc *ipc);
int ipc_register_follow(struct ipc *ipc);
int ipc_register_hub(struct ipc *ipc);
int ipc_register_config(struct ipc *ipc);
int ipc_register_ai(struct ipc *ipc);

/* ipc_write.c */
void write_acked(struct ipc *ipc, uint64_t acked_id);
/* ipc_follow.c */
void follow_sink(struct ipc *ipc, const struct batch *b);
/* ipc_door.c */
void doors_close(struct ipc *ipc);

#endif
