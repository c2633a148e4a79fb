/* SPDX-License-Identifier: MIT
 *
 * fanout_impl.h - what the files of a subscription share, and nobody else sees.
 */
#ifndef LM_STREAM_FANOUT_IMPL_H
#define LM_STREAM_FANOUT_IMPL_H

#include "stream/fanout.h"
#include "stream/fold.h"

struct feed_bucket {
    struct list feeds;
};

enum gap_reason {
    GAP_RETENTION,
    GAP_EPOCH,
    GAP_CRASH,
    GAP_UNSTORED,
    GAP_CLEARED,
    GAP_RESUME_LIMIT,
};

/* One write for each client of the feeds that were dirty when it began (flush.c). */
struct round {
    struct list feeds;    /* struct feed.dirty; their turn is yet to come */
    struct feed *serving; /* its turn has begun; NULL between two */
    uint32_t left;        /* of its subscribers */
    uint32_t sends;       /* write calls so far */
    int64_t since_us;     /* monotonic: when the first of what was to be sent then had arrived */
    int64_t slice_end_us; /* monotonic */
};

struct fanout {
    struct fanout_opts opts;
    struct page_pool pool;
    struct map by_key;   /* feed key -> struct feed */
    struct map by_label; /* "name=value" -> struct feed_bucket: feeds that demand this label */
    struct feed_bucket open_feeds; /* feeds that demand no label */
    struct list dirty;             /* feeds with something to send, in the next round */
    struct list held;              /* feeds whose clients do not want it yet (batch_ms) */
    struct list subs;
    struct list replaying;
    struct list served; /* a mark in `replaying`: what follows it had its slice this turn */
    uint32_t sub_count;
    struct turn_hook flush_hook, replay_hook;
    struct tick tick;       /* the end of a rest, or of a wait of one that is held */
    uv_timer_t heartbeat;   /* once closing: who is still waited for is waited for no longer */
    struct ws_watch watch;  /* of the streams' WebSockets: messages that are never finished */
    struct round round;     /* of writes */
    int64_t rest_until_us;  /* monotonic: no round before */
    int64_t dirty_since_us; /* monotonic: when the first of what the next round sends arrived */
    struct buf json;        /* scratch: the record being encoded */
    struct buf out;         /* scratch: what a subscriber is about to be sent */
    struct buf rows;        /* scratch: records of a replay that go into one batch */
    uint32_t row_count;
    uint64_t last_row;           /* id of the last of them */
    struct jframe_reader reader; /* scratch: the frame that a replay is in */
    /* Scratch of one slice: ids after .after and before .next are not there, and might have matched. */
    struct {
        enum gap_reason reason;
        uint64_t after, next; /* next 0: none */
    } missing;
    uint32_t steps_running, steps_held; /* of replays from chunks */
    bool closing;
};

enum sub_state { SUB_FINDING, SUB_REPLAYING, SUB_LIVE, SUB_PAUSED, SUB_REFUSED };

struct sub {
    struct list link;     /* in fanout->subs */
    struct list in_state; /* in feed->live or fanout->replaying */
    struct fanout *fanout;
    struct outlet *out;
    struct feed *feed;
    enum sub_state state;
    bool blocked;     /* the socket is full, or the connection is ending */
    bool shared;      /* others use the outlet, too */
    bool paused;      /* no replay may start */
    bool lossless;    /* falls back to the journal instead of losing the oldest */
    uint64_t next_id; /* replaying, paused: the next id to look at */
    struct feed_place place;
    int64_t last_drained_us; /* monotonic: when the socket last took all it was given */
    /* Ten thousand sit idle, so what few need at a time is made when needed, and NULL else: */
    struct feed_skipped *dropped; /* while blocked; told as soon as the socket takes bytes again */
    struct finding *finding;
    struct step *step; /* replay from chunks: under way, or made and not yet sent */
    struct past *past; /* replay from the journal, while not blocked */
};

/* --- feed_index.c --- */

/* Feeds with live readers whose labels match; more distinct filters than fit are refused. */
enum { CANDIDATES_MAX = 4096 };
struct candidates {
    struct candidate {
        struct feed *feed;
        struct filter_verdict verdict; /* of the label set at hand */
    } at[CANDIDATES_MAX];
    uint32_t count;
};
void fanout_find_candidates(const struct fanout *s, struct candidates *c, const struct labels *l);
/* The feed for this filter, made when it is new. Takes ownership of the filter on success. */
int fanout_join_feed(struct fanout *s, struct filter *filter, const struct form *form,
                     struct feed **ret) LM_MUST_CHECK;
void fanout_leave_feed(struct fanout *s, struct feed *f);

/* --- fanout.c --- */
/* There is a subscriber: heartbeats run as long as there is. */
void fanout_keep_beating(struct fanout *s);
/* What a feed has gathered becomes a frame; without memory its subscribers go back to the journal. */
void fanout_seal(struct fanout *s, struct feed *f);

/* --- farewell.c --- */

/* The hub stops: says goodbye to everybody who has all that was published, and to the others when
 * they have it, or when that takes too long. */
void farewell_begin(struct fanout *s);
/* While the hub stops: the socket of this one has taken what it was given. */
void farewell_go_on(struct sub *sub);
/* The last subscriber of a hub that stops has gone. */
void farewell_end(struct fanout *s);

/* --- flush.c --- */

int flush_init(struct fanout *s) LM_MUST_CHECK;
/* A feed that is in neither list has something to send, or subscribers to refuse. */
void flush_want(struct fanout *s, struct feed *f);
/* What is wanted goes out at the end of this turn of the loop, or of a rest. */
void flush_soon(struct fanout *s);
/* Is a round under way, between two of its slices? Then what can wait should. */
bool flush_is_busy(const struct fanout *s);
/* The feed is about to be freed. */
void flush_forget(struct fanout *s, const struct feed *f);
/* Everything goes out now, and nothing later. */
void flush_last(struct fanout *s);

/* --- sub.c --- */
/* Sends from the pages as far as the socket takes it. Returns the number of write calls. */
uint32_t sub_flush(struct sub *sub);
/* The subscriber's page is about to be taken away: back to the journal, to its next frame in the
 * feed or, when it has none there, to next_id. */
void sub_evict(struct sub *sub, uint64_t next_id);
void sub_heartbeat(struct sub *sub);
/* Queues private bytes between two frames. */
void sub_write(struct sub *sub, struct str bytes);
void sub_go_live(struct sub *sub);
/* Ends the connection without a word: better cut than silent about what is missing. */
void sub_cut(struct sub *sub);
/* Last words, then the connection closes. */
void sub_say_goodbye(struct sub *sub, uint16_t code, struct str reason);
/* The feed's filter is too expensive: says so and ends the subscription. */
void sub_refuse(struct sub *sub);

/* --- replay.c --- */
void sub_start_replay(struct sub *sub, uint64_t next_id);
void sub_stop_replay(struct sub *sub);
/* One slice of work. Leaves the subscriber blocked, live, or in need of another slice. */
void sub_replay_step(struct sub *sub);

/* --- finding.c --- */

/* Where do the newest n matching records begin? Replays from there. */
int sub_find_tail(struct sub *sub, uint32_t n) LM_MUST_CHECK;
/* The same for those after `after`; when there are more than n, a gap says so. */
int sub_find_resume(struct sub *sub, uint64_t after, uint32_t n) LM_MUST_CHECK;
void sub_forget_finding(struct sub *sub);

/* --- replay_chunks.c --- */

/* The same as sub_replay_step(), where the journal does not reach back. */
void sub_chunk_step(struct sub *sub);
void sub_forget_step(struct sub *sub);

/* --- notice.c --- */
/* Ids after `after` and before `next` are not to be had. */
void sub_say_gap(struct sub *sub, enum gap_reason reason, uint64_t after, uint64_t next);
void sub_say_dropped(struct sub *sub, const struct feed_skipped *skipped);
void sub_say_too_expensive(struct sub *sub);

/* --- gather.c: records of a replay on their way out --- */

/* Nothing is gathered. */
void gather_begin(struct fanout *s);
/* Adds the record whose JSON is in s->json. */
void gather_record(struct sub *sub, uint64_t id, enum level level);
/* Bytes gathered. */
size_t gather_size(const struct fanout *s);
/* Sends them. */
void gather_send(struct sub *sub);

#endif
