/* SPDX-License-Identifier: MIT
 *
 * recent.h - records that a client asks for besides its stream: looked up in the pool, told at once.
 *
 *     recent_ask(&r, …)  ─pool─▶  ops.answer(rows)          in the order of asking, one at a time
 *
 * Threads: loop thread; the search itself runs in the pool.
 * Owns:    what is asked and not answered.
 */
#ifndef LM_STREAM_RECENT_H
#define LM_STREAM_RECENT_H

#include "stream/ask.h"

enum { RECENT_BYTES_MAX = 4 * 1024 * 1024, RECENT_WAITING_MAX = 8 };

struct recent_request {
    struct list link;
    struct filter *filter; /* heap */
    uint64_t before, after;
    uint32_t limit;
    bool basic_levels;
    char name[ASK_NAME_MAX + 1]; /* of the subscription it was asked for */
    json_t *id;                  /* a reference, or NULL */
    uint64_t tag;                /* of the asker */
};

/* rows: JSON objects with commas between, oldest first. err: 0, -LM_E_FULL (more than
 * RECENT_BYTES_MAX), -LM_E_EXPENSIVE, -ENOMEM. */
typedef void recent_answer_fn(const struct recent_request *r, struct str rows, int err, void *who);

struct recent {
    struct fanout *fanout;
    recent_answer_fn *answer;
    void *who;
    struct list waiting;
    uint32_t count;
    struct recent_search *search; /* under way */
};

void recent_init(struct recent *r, struct fanout *s, recent_answer_fn *answer, void *who);
/* Takes the filter and a reference of the id out of the ask. -LM_E_FULL: too many are waiting. */
int recent_ask(struct recent *r, struct ask *a, bool basic_levels, uint64_t tag) LM_MUST_CHECK;
/* Nothing is answered any more. */
void recent_fini(struct recent *r);

#endif
