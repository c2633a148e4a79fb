/* SPDX-License-Identifier: MIT
 *
 * seal_image.h - rows as the bytes of a chunk and of its idx record.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_STORE_SEAL_IMAGE_H
#define LM_STORE_SEAL_IMAGE_H

#include "store/chunk_seal.h"
#include "store/seal_rows.h"

/* Orders the rows and packs them. rows->first_id and end_id have been set. -ENOMEM, -ECANCELED:
 * *ret is empty. */
int seal_image(struct seal_rows *rows, const struct chunk_seal_opts *opts,
               struct chunk_image *ret) LM_MUST_CHECK;

#endif
