/* SPDX-License-Identifier: MIT
 *
 * find_texts.h - what chunk_find.c and find_texts.c share.
 */
#ifndef LM_STORE_FIND_TEXTS_H
#define LM_STORE_FIND_TEXTS_H

#include "store/chunk_find.h"

/* Unpacks the blocks of the mask and looks for matches in them. */
int find_by_texts(struct finder *f, const struct block_mask *blocks, bool count_only) LM_MUST_CHECK;

/* Is the row within the ranges, and not cleared? Its columns must be there. */
bool find_row_alive(const struct finder *f, uint32_t row);

#endif
