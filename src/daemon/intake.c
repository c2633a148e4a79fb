/* SPDX-License-Identifier: MIT
 *
 * intake.c - the hub as sources see it.
 *
 * Sources lie above the hub's insides: they get a handful of questions and one verb, `publish`.
 *
 * Threads: loop thread. Owns: nothing.
 */
#include "daemon/daemon_parts.h"

#include "base/diag.h"

#include <inttypes.h>

static int intake_publish(void *hub, struct batch *b)
{
    return hub_publish(hub, b);
}

static const struct position *intake_position(void *hub, const struct origin *o)
{
    return positions_get(&((struct hub *)hub)->positions, o);
}

static void intake_forget(void *hub, const struct origin *o)
{
    positions_forget(&((struct hub *)hub)->positions, o);
}

static void intake_each_file(void *hub, origin_fn *fn, void *ctx)
{
    positions_each(&((struct hub *)hub)->positions, ORIGIN_FILE, fn, ctx);
}

static uint64_t intake_acked_id(void *hub)
{
    return hub_acked_id(hub);
}

static bool intake_has_room(void *hub)
{
    return hub_has_room(hub);
}

static bool intake_can_acknowledge(void *hub)
{
    return !journal_is_stuck(((struct hub *)hub)->journal);
}

static void intake_partial(void *hub, struct labels *l, enum stream stream, struct str text)
{
    struct daemon *d = LIST_ITEM((struct hub *)hub, struct daemon, hub);
    fanout_partial(d->fanout, l, stream, text);
}

static uint64_t intake_next_id(void *hub)
{
    return hub_last_id(hub) + 1;
}

static uint32_t intake_push_wait_ms(void *hub, struct str source)
{
    struct limit *limit = &((struct hub *)hub)->limit;
    uint32_t wait_ms = limit_wait_ms(limit, source);
    uint64_t refused = wait_ms ? limit_refused(limit, source) : 0;

    if (refused)
        diag_warn("Source %.*s is over push_rate_limit (%" PRIu64 " records/s): %" PRIu64
                  " requests were told to come again",
                  STR_FMT(source), limit->rate, refused);
    return wait_ms;
}

static void intake_push_charge(void *hub, struct str source, uint64_t records)
{
    limit_charge(&((struct hub *)hub)->limit, source, records);
}

struct intake daemon_intake(struct daemon *d)
{
    return (struct intake){.hub = &d->hub,
                           .publish = intake_publish,
                           .position = intake_position,
                           .forget = intake_forget,
                           .each_file = intake_each_file,
                           .acked_id = intake_acked_id,
                           .has_room = intake_has_room,
                           .can_acknowledge = intake_can_acknowledge,
                           .next_id = intake_next_id,
                           .partial = intake_partial,
                           .push_wait_ms = intake_push_wait_ms,
                           .push_charge = intake_push_charge,
                           .classes = &d->settings->retention_classes,
                           .labels = &d->hub.labels,
                           .metrics = &d->metrics};
}
