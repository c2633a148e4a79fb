/* SPDX-License-Identifier: MIT
 *
 * admin_impl.h - what admin.c (lines and statuses), admin_client.c (one client) and admin_replay.c
 * share.
 */
#ifndef LM_STREAM_ADMIN_IMPL_H
#define LM_STREAM_ADMIN_IMPL_H

#include "base/map.h"
#include "net/grant.h"
#include "stream/admin.h"

/* Frames one after the other, each with its length and what it counts as when it has to go. */
struct admin_frame {
    uint32_t n;
    uint32_t level; /* LEVEL_NONE: a status */
};
struct admin_frames {
    struct buf bytes;
    struct buf entries; /* struct admin_frame each */
};

/* One process, or the hub itself. */
struct admin_source {
    int64_t second_us; /* monotonic: when its present second began */
    uint32_t sent;     /* lines in it */
    uint64_t untold;   /* suppressed, and no status has said so */
    bool debug;
};

struct admin_client {
    struct ws_link ws;
    struct list link;
    struct admin *admin;
    struct grant *grant;
    struct admin_frames waiting;
    uint64_t dropped, dropped_levels[LEVEL_COUNT];
    bool stale;                  /* statuses were dropped */
    struct admin_replay *replay; /* NULL: live */
};

struct admin {
    struct admin_opts opts;
    struct list clients;
    struct map sources;       /* name of the process -> struct admin_source */
    struct admin_frames turn; /* what this turn of the loop brings for everybody */
    struct turn_hook flush_hook;
    struct process_observer observer;
    struct ws_watch watch;
    uv_timer_t told; /* runs while somebody's `untold` is not 0 */
    struct buf json;
    bool debug, closing;
};

/* --- admin.c --- */
/* Appends one message as a frame. */
void admin_add_frame(struct admin_frames *f, struct str json, enum level level);
void admin_frames_fini(struct admin_frames *f);
/* The JSON of one line. `process` is the name of its card. */
void admin_write_line(struct buf *out, const struct record *r, struct str process);
/* The name of the card a record belongs to; p NULL: none. Any thread. */
struct str admin_card_of(const struct labels *l, const char *hub_name);
void admin_add_status(struct admin *a, struct admin_frames *f, const struct process *p);
/* The entry of a process, made when it is new; NULL: no memory. */
struct admin_source *admin_source_of(struct admin *a, struct str name);

/* --- admin_client.c --- */
/* Gives a client what this turn brought. */
void admin_client_take(struct admin_client *c, const struct admin_frames *turn);
/* What it missed is there; from here on it is live. */
void admin_client_go_live(struct admin_client *c, const struct admin_frames *missed);

/* --- admin_replay.c --- */
/* Looks for what came after this id. */
int admin_replay_start(struct admin_client *c, uint64_t after) LM_MUST_CHECK;
/* Its client is gone. */
void admin_replay_forget(struct admin_replay *r);

#endif
