/* SPDX-License-Identifier: MIT
 *
 * pack.h - compressing what is made piece by piece, for answers and for files.
 *
 * The counterpart of inflate.h: one stream of gzip or zstd, fed in pieces of any size; what comes
 * out is appended to a buffer. Nothing is kept back beyond the compressor's own window.
 *
 * Threads: any, one at a time.
 * Owns:    the state of the compressor: about 270 KiB for gzip, 1 MiB for zstd.
 */
#ifndef LM_NET_PACK_H
#define LM_NET_PACK_H

#include "base/buf.h"

enum pack_kind { PACK_NONE, PACK_GZIP, PACK_ZSTD };

struct pack;

/* kind is not PACK_NONE. -ENOMEM. */
int pack_new(struct pack **ret, enum pack_kind kind) LM_MUST_CHECK;
/* NULL is fine. */
void pack_free(struct pack *p);

/* Compresses `in`; with `last` also ends the stream, after which the only call left is pack_free().
 * Appends to out, perhaps nothing. -ENOMEM. */
int pack_add(struct pack *p, struct str in, bool last, struct buf *out) LM_MUST_CHECK;

/* Does this value of Accept-Encoding take gzip? (RFC 9110, 12.5.3: `gzip`, `x-gzip` or `*` with a
 * weight that is not 0.) An absent header (p NULL) takes nothing here. */
bool pack_gzip_accepted(struct str accept_encoding);

#endif
