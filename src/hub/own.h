/* SPDX-License-Identifier: MIT
 *
 * own.h - what the hub itself has to say, as records of source `hub_name` and stream `system`.
 *
 * Collected until the end of the turn and then published like anybody's. An audit record is one
 * that says who did what, with the same in `fields`, so that it can be searched for: `event:audit
 * who:…`.
 *
 * Threads: loop thread only. Owns: the batch of this turn.
 */
#ifndef LM_HUB_OWN_H
#define LM_HUB_OWN_H

#include "hub/publish.h"

struct own_records {
    struct hub *hub;
    struct loop *loop;
    struct labels *labels;
    struct batch batch;
    struct turn_hook hook;
    uint64_t *lost; /* counts records that could not be published */
};

int own_init(struct own_records *o, struct hub *hub, struct loop *loop, struct str source,
             uint64_t *lost) LM_MUST_CHECK;
/* Before the hub is closed. Safe on a zeroed struct. */
void own_fini(struct own_records *o);

/* Text of any bytes; `fields` is the JSON text of one object, or empty. */
void own_add(struct own_records *o, enum level level, struct str text, struct str fields);
/* Publishes now what waits. */
void own_flush(struct own_records *o);

struct audit {
    const char *who;    /* "token ops", "owner" */
    const char *from;   /* "127.0.0.1:51234", "unix uid 1000" */
    const char *action; /* "restart" */
    const char *object; /* of the action; may be "" */
    const char *result; /* "done", or why not */
    bool refused;
};

/* Makes the record, and prints its line on the console. */
void own_audit(struct own_records *o, const struct audit *a);

#endif
