/* SPDX-License-Identifier: MIT
 *
 * chunk_reader_impl.h - what chunk_reader.c and chunk_columns.c share, and nobody else sees.
 *
 * Threads: the reader's. Owns: nothing.
 */
#ifndef LM_STORE_CHUNK_READER_IMPL_H
#define LM_STORE_CHUNK_READER_IMPL_H

#include "store/chunk_reader.h"

/* Empties b and makes room for n elements of so many bytes; NULL when memory is short. */
void *reader_array(struct buf *b, size_t n, size_t size);
/* Does [at, at + n) lie between the head and the meta of the chunk? */
bool reader_inside(const struct chunk *c, uint64_t at, uint64_t n);
/* Lets go of the label sets that were kept from the chunk before. */
void reader_drop_old_sets(struct chunk_reader *r);

#endif
