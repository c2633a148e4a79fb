/* SPDX-License-Identifier: MIT
 *
 * unread.h - what the readers of a view have met and could not read.
 *
 * A place that does not hold costs its own records and no others: a block its rows, a column or the
 * meta those of its chunk. A reader notes it here and goes on behind it. Who answers says how many
 * records the answer goes without; when the view is dropped the store says where it is.
 *
 * Threads: any; there is a lock.
 * Owns:    the list. The chunks are the view's.
 */
#ifndef LM_STORE_UNREAD_H
#define LM_STORE_UNREAD_H

#include "store/chunk_reader.h"
#include "store/view.h"

#include <pthread.h>

struct unread_place {
    const struct chunk *chunk;
    uint64_t at;                /* in its .seg file */
    uint32_t records;           /* that cannot be read because of it; 0: it only saves time */
    uint64_t first_id, last_id; /* of these; of the whole chunk when its ids are not known */
};

struct unread {
    pthread_mutex_t lock;
    struct unread_place *places; /* each once */
    uint32_t count, cap;
};

void unread_init(struct unread *u);
void unread_fini(struct unread *u);

/* What a reader does about an error that came while it read a chunk, or a block of it. Damage (-LM_E_DAMAGED,
 * -EIO) is noted as having happened where r read last, and 0 returned: go on behind it. Any other
 * error comes back, and so does damage when u is NULL, or when it lies outside the block. */
int unread_pass_chunk(struct unread *u, const struct chunk_reader *r, int err) LM_MUST_CHECK;
int unread_pass_block(struct unread *u, const struct chunk_reader *r, uint32_t block,
                      int err) LM_MUST_CHECK;
/* A column that only saves time. */
int unread_pass_table(struct unread *u, const struct chunk_reader *r, int err) LM_MUST_CHECK;

/* How many records could not be looked at, and where they are. */
void unread_sum(struct unread *u, struct store_unread *ret);

#endif
