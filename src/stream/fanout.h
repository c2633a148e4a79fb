/* SPDX-License-Identifier: MIT
 *
 * fanout.h - where records go live: feeds, subscribers, and the tick that flushes them.
 *
 *     hub_publish ─▶ fanout_sink ─▶ feeds that match (found by label) ─▶ [tick] ─▶ one write per client
 *
 * Quiet: what arrived in a turn of the loop leaves at its end. Busy: every write made buys
 * SEND_REST_US of silence, at most TICK_MAX_US, so that messages gather and one write carries many.
 *
 * A subscriber is replaying (reading the journal by id) or live (a place in a feed). It changes
 * over when the journal has nothing newer, in one step of the loop, so there is no seam.
 *
 * Threads: loop thread; the search for `tail=N` runs in the pool.
 * Owns:    feeds; subscribers live as long as their connection.
 */
#ifndef LM_STREAM_FANOUT_H
#define LM_STREAM_FANOUT_H

#include "hub/publish.h"
#include "metrics/metrics.h"
#include "net/outlet.h"
#include "net/ws_link.h"
#include "record/filter.h"
#include "store/store.h"
#include "stream/feed.h"
#include "stream/tick.h"

struct fanout;

struct fanout_opts {
    struct loop *loop;
    struct hub *hub;
    struct store *store; /* where replays read */
    struct metrics *metrics;
    uint64_t feed_memory;  /* bytes for all feeds */
    uint64_t client_lag;   /* bytes a live client may be behind */
    uint64_t resume_limit; /* records that are sent again unasked */
};

int fanout_new(struct fanout **ret, const struct fanout_opts *opts) LM_MUST_CHECK;
/* Says goodbye to every subscriber, to those who are behind when they have what was published or after a second,
 * and closes the connections. */
void fanout_close(struct fanout *s);
/* After the loop has ended. NULL is fine. */
void fanout_free(struct fanout *s);

/* The sink for hub_add_sink(). */
void fanout_sink(const struct batch *b, void *fanout);

/* The unfinished last line of a source: a preview for those whose wire has one and whose filter wants
 * it as it is. */
void fanout_partial(struct fanout *s, struct labels *l, enum stream stream, struct str text);

/* Where a subscriber begins. */
struct sub_start {
    enum {
        SUB_FROM_NOW,
        SUB_FROM_TAIL,
        SUB_FROM_CURSOR,
        SUB_FROM_HERE /* of a subscription that changes its filter: where it is */
    } from;
    uint32_t tail;       /* FROM_TAIL: this many matching records first */
    uint64_t after;      /* FROM_CURSOR: the last id the client has */
    bool foreign_cursor; /* it belongs to another epoch, or to no store at all */
    bool lossless;       /* falling behind client_lag: go on from the journal instead of dropping */
    bool whole;          /* FROM_CURSOR: however much it is */
};

/* What the query of a stream's URL asks for. */
struct stream_wish {
    struct filter *filter; /* heap; with what limits the caller */
    struct sub_start start;
    bool basic_levels;
    uint32_t batch_ms;
};

struct sub;

/* Subscribes whoever is behind the outlet; the head of the answer must have been sent. Several may share
 * an outlet (`shared`): then a filter that is too expensive ends the subscription and not the connection.
 * Takes ownership of filter (heap) whatever happens; form's name is copied. The transport forwards
 * on_drained and its end from here on; on failure sub_closed() is due when *ret was set. */
int sub_new(struct sub **ret, struct fanout *s, struct outlet *out, bool shared,
            struct filter *filter, const struct form *form,
            const struct sub_start *start) LM_MUST_CHECK;
void sub_drained(struct sub *sub);
void sub_closed(struct sub *sub);

/* Another filter, and form, from where `start` says. Takes ownership of filter whatever happens; on
 * failure the subscription goes on as it was. */
int sub_change(struct sub *sub, struct filter *filter, const struct form *form,
               const struct sub_start *start) LM_MUST_CHECK;
/* Sends nothing but heartbeats until sub_resume(), which goes on where it was. */
void sub_pause(struct sub *sub);
void sub_resume(struct sub *sub);
/* Everything it wants up to this id has been sent, or said to be missing. False: it is still being
 * looked up where it begins. */
bool sub_is_settled(const struct sub *sub);
uint64_t sub_settled_id(const struct sub *sub);
bool sub_is_lossless(const struct sub *sub);
/* Borrowed until the subscription changes or ends. */
const struct filter *sub_filter(const struct sub *sub);
const struct form *sub_form(const struct sub *sub);
struct hub *fanout_hub(const struct fanout *s);
struct store *fanout_store(const struct fanout *s);
struct loop *fanout_loop(const struct fanout *s);
/* Where every WebSocket of a stream belongs. */
struct ws_watch *fanout_watch(struct fanout *s);

/* For the status page: every subscriber with its transport and its job_run_id (p NULL: none). */
typedef void fanout_visit_fn(const char *transport, struct str job_run_id, void *ctx);
void fanout_visit(const struct fanout *s, fanout_visit_fn *fn, void *ctx);

#endif
