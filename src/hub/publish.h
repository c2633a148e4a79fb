/* SPDX-License-Identifier: MIT
 *
 * publish.h - the hub: the one place every record passes.
 *
 *     sources ─▶ hub_publish(batch): number ─▶ journal ─▶ sinks (stream, metrics, …)
 *
 * After hub_publish() returns 0 the batch is in the journal: it survives the death of the hub, and
 * its origin's position with it. Then the sinks, registered by the daemon, have been called in
 * order; none of them may fail or wait.
 *
 * Threads: loop thread only.
 * Owns:    journal, numbers, positions, the table of label sets.
 */
#ifndef LM_HUB_PUBLISH_H
#define LM_HUB_PUBLISH_H

#include "hub/journal.h"
#include "hub/limit.h"
#include "hub/number.h"
#include "hub/positions.h"
#include "hub/space.h"

enum { HUB_SINKS_MAX = 8 };

/* Gets a numbered batch. Its texts are valid during the call. */
typedef void hub_sink_fn(const struct batch *b, void *ctx);
/* Ids below acked_id are acknowledged now (only called with durability `always`). Called as well
 * when the journal has got into trouble: see journal_is_stuck(). */
typedef void hub_acked_fn(uint64_t acked_id, void *ctx);

struct hub_opts {
    struct loop *loop;
    const char *state_dir;
    uint64_t journal_max;
    enum durability durability;
    uint32_t sync_interval_ms;
    uint64_t push_rate; /* records a second of one source; 0: no limit */
    /* What sealed chunks have: ids below, and the positions as of there (positions_encode()). */
    uint64_t sealed_end;
    struct str sealed_positions;
    uint64_t sealed_positions_end; /* as of where: what frames below say is older */
};

struct hub {
    struct hub_opts opts;
    struct numbers numbers;
    struct journal *journal;
    struct space *space;
    struct positions positions;
    struct label_table labels;
    struct limit limit; /* of what sources push */
    struct {
        hub_sink_fn *fn;
        void *ctx;
    } sinks[HUB_SINKS_MAX];
    uint32_t sink_count;
    hub_acked_fn *on_acked;
    void *acked_ctx;
    void (*on_full)(void *ctx); /* a file of the journal is full: whoever seals has work */
    void (*on_room)(void *ctx); /* hub_has_room() may be true again */
    void *room_ctx;
    enum space_found (*on_no_space)(void *ctx); /* the disk is full: what can go? */
    void *full_ctx;                             /* of both */
    struct journal_report recovered;
    struct {
        int err;
        int64_t said_us;
    } trouble; /* the latest that was said on the console */
};

/* --- hub.c --- */

/* Recovers what is there. info gets the sentence when it cannot. */
int hub_open(struct hub *h, const struct hub_opts *opts, struct errinfo *info) LM_MUST_CHECK;
/* A clean stop. The loop has ended. */
void hub_close(struct hub *h);

/* --- publish.c --- */

/* Sinks are called in the order they were added, at most HUB_SINKS_MAX of them. */
void hub_add_sink(struct hub *h, hub_sink_fn *fn, void *ctx);

/* Numbers the batch, appends it to the journal, hands it to the sinks. On failure nothing has
 * happened: the caller keeps what it has and tries again later. An empty batch moves a position. On
 * a full disk a batch that may be sent live only (b->or_live) is taken and not acknowledged; any
 * other gets -ENOSPC (hub/space.h). */
int hub_publish(struct hub *h, struct batch *b) LM_MUST_CHECK;

/* False: sources that can wait should, until on_room. What is published meanwhile is still taken,
 * as far as it goes. */
bool hub_has_room(const struct hub *h);
/* The ids that were sent live and are not stored, while the disk is full; NULL: there are none. */
const struct live_only *hub_live_only(const struct hub *h);
/* Is what comes sent live only? */
bool hub_is_live_only(const struct hub *h);
/* Ids below this are acknowledged. */
uint64_t hub_acked_id(const struct hub *h);
/* The last id given out; 0 when there is none. */
uint64_t hub_last_id(const struct hub *h);

/* --- cursor.c --- */

/* "<epoch>.<id>" of a cursor. Returns its length. */
enum { CURSOR_MAX = 26 };
size_t hub_cursor(const struct hub *h, uint64_t id, char out[CURSOR_MAX]);

/* Reads a cursor or a bare id (which means the present epoch). *ret_foreign says that it belongs to
 * another epoch. False when it is neither. */
bool hub_cursor_parse(const struct hub *h, struct str text, uint64_t *ret_id, bool *ret_foreign);

#endif
