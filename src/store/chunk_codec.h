/* SPDX-License-Identifier: MIT
 *
 * chunk_codec.h - sections of a chunk, packed and unpacked.
 *
 * Threads: a packer or unpacker belongs to one thread. Owns: its context of zstd.
 */
#ifndef LM_STORE_CHUNK_CODEC_H
#define LM_STORE_CHUNK_CODEC_H

#include "store/chunk_format.h"

struct packer {
    void *zstd; /* made when first used */
};

/* Appends `raw` to out, compressed when that is smaller; *ret_codec says which. -ENOMEM. */
int pack(struct packer *p, struct str raw, struct buf *out, uint8_t *ret_codec) LM_MUST_CHECK;
void packer_fini(struct packer *p);

struct unpacker {
    void *zstd;
};

/* Writes exactly raw_n bytes to `to`. -LM_E_DAMAGED, -LM_E_VERSION for an unknown codec,
 * -ENOMEM. */
int unpack(struct unpacker *u, uint8_t codec, struct str disk, char *to,
           size_t raw_n) LM_MUST_CHECK;
void unpacker_fini(struct unpacker *u);

#endif
