/* SPDX-License-Identifier: MIT
 *
 * chunk_dead.h - what of a chunk is gone for every reader.
 *
 * Threads: as chunk_reader.h. Owns: nothing.
 */
#ifndef LM_STORE_CHUNK_DEAD_H
#define LM_STORE_CHUNK_DEAD_H

#include "store/chunk_reader.h"

/* Have all records of the class expired? */
bool dead_class(const struct chunk *c, uint16_t class, int64_t now_us);

/* Are all rows of a block cleared or expired? */
int dead_block(struct chunk_reader *r, uint32_t block, const struct tombs *tombs, int64_t now_us,
               bool *ret) LM_MUST_CHECK;

#endif
