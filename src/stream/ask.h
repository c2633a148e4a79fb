/* SPDX-License-Identifier: MIT
 *
 * ask.h - what a client says on a stream (docs/streams.md): a JSON object, read strictly.
 *
 * An unknown member is an error that names the nearest known one, as an unknown parameter of a URL is.
 *
 * Threads: loop thread. Owns: the JSON, and the filter until somebody takes it.
 */
#ifndef LM_STREAM_ASK_H
#define LM_STREAM_ASK_H

#include "stream/fanout.h"

#include <jansson.h>

enum ask_type { ASK_FILTER, ASK_SUBSCRIBE, ASK_UNSUBSCRIBE, ASK_PAUSE, ASK_RESUME, ASK_LOGS };

enum { ASK_NAME_MAX = 64, ASK_LOGS_MAX = 10000, ASK_TAIL_MAX = 10000 };

struct ask {
    enum ask_type type;
    char name[ASK_NAME_MAX + 1]; /* of the subscription; empty: the first one */
    json_t *id;                  /* comes back in the answer; NULL: none */
    struct filter *filter;       /* never NULL after ask_read() */
    struct sub_start start;      /* SUB_FROM_HERE when it says neither tail nor after */
    bool basic_levels, has_levels, has_slow, has_batch_ms;
    uint32_t batch_ms;
    uint32_t limit;         /* of requestLogs */
    uint64_t before, after; /* not included; before 0: everything */
    json_t *json;
};

/* Reads the members of an object. `type` may be given instead of being read from it (Socket.IO, where
 * the event's name says it): NULL reads it. On failure info has the sentence, and id is set when there
 * is one; ask_fini() is due in any case. */
int ask_read(struct ask *a, const struct hub *hub, json_t *json, const char *type,
             struct errinfo *info) LM_MUST_CHECK;
/* The same from text. */
int ask_parse(struct ask *a, const struct hub *hub, struct str text,
              struct errinfo *info) LM_MUST_CHECK;
void ask_fini(struct ask *a);
/* What `own` says must hold as well. */
int ask_narrow(struct ask *a, const struct filter *own, struct errinfo *info) LM_MUST_CHECK;
/* The word for an error of ask_read() or ask_narrow(). */
const char *ask_error_code(const struct errinfo *info);
/* What it says of the form; the rest stays. */
void ask_set_form(const struct ask *a, struct form *form);
/* The caller owns it now. */
struct filter *ask_take_filter(struct ask *a);

#endif
