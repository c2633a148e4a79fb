/* SPDX-License-Identifier: MIT
 *
 * push.h - one body of records that a client sends: from its bytes to frames of the journal.
 *
 *     bytes ─▶ push_split ─▶ push_record ─▶ batch ─▶ [2 MiB or 16 Ki records, or the end] ─▶ publish
 *
 * A body that fits a frame is stored whole or not at all. A larger one is stored frame by frame:
 * when the client or the hub dies in between, what was published stays, and a client that sends all
 * of it again would double that. Unless the batch has a key: then each frame carries how many of
 * the batch's records are in the journal, and the same key goes on behind them; of a batch that is
 * there to its end nothing is stored again.
 *
 * The limits of sources are looked at before the first frame. So a body is refused as a whole, or
 * taken as a whole and charged; what is above the limit is a debt that later ones wait for.
 *
 * Knows nothing of HTTP. Errors are for the caller to say; what it has not published is gone then.
 *
 * Threads: loop thread.
 * Owns:    its batch and scratch; push_shared is shared by all of one server.
 */
#ifndef LM_SOURCE_PUSH_H
#define LM_SOURCE_PUSH_H

#include "source/push_record.h"
#include "source/push_split.h"
#include "source/source.h"

enum { PUSH_REJECTS_LISTED = 100 };

struct push_shared {
    struct intake intake;
    struct push_mapper mapper;
    struct batch discard; /* records that the journal has already */
};

void push_shared_init(struct push_shared *s, const struct intake *intake);
void push_shared_fini(struct push_shared *s);

struct push {
    struct push_shared *shared;
    struct push_split split;
    struct batch batch;
    struct origin origin;
    struct str source; /* of records that name none; the caller's, stays valid */
    const struct label
        *must; /* what its sender is limited to; set after push_begin(), stays valid */
    uint32_t must_count;
    uint16_t class; /* of records that say no ttl; set after push_begin() */
    uint64_t index; /* of the next record of the body */
    uint64_t accepted, rejected;
    uint64_t skip;      /* so many are in the journal from an earlier attempt */
    bool is_repeat;     /* all of them are, and `skip` is their number */
    bool judged;        /* the limits of its sources have been looked at */
    uint64_t wait_id;   /* stored once ids below this are acknowledged */
    struct buf rejects; /* {"index":0,"reason":"…"},… the first PUSH_REJECTS_LISTED */
    /* After -LM_E_FULL: whose limit it was, and how long to wait. */
    char limited[LABEL_VALUE_MAX + 1];
    uint32_t wait_ms;
};

/* The key under which a batch of a caller limited to these labels is known: that of an unlimited one is
 * its own text, any other is in `out` and never one that another limit can give. */
enum { PUSH_KEY_MAX = 33 };
struct str push_key(struct str key, const struct label *must, uint32_t must_count,
                    char out[PUSH_KEY_MAX]);

/* `key`, of push_key(), may be empty. `lines`: the client says that it sends one object a line. */
void push_begin(struct push *p, struct push_shared *shared, struct str source, struct str key,
                bool lines);
/* The next bytes; `last`: the body ends with them. After 0 and `last` everything is published.
 * -LM_E_FULL: a source is over its limit, nothing of this body is stored; -ENOMEM; otherwise the error
 * of the journal. */
int push_take(struct push *p, struct str bytes, bool last) LM_MUST_CHECK;
/* Gives back what only reading needs. */
void push_end_reading(struct push *p);
/* Safe on a zeroed struct. */
void push_fini(struct push *p);

/* Bytes of memory it holds. */
size_t push_memory(const struct push *p);
/* Appends `"rejected":[…],"rejected_total":n`. */
void push_add_rejects(const struct push *p, struct buf *out);

#endif
