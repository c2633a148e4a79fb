/* SPDX-License-Identifier: MIT
 *
 * backup.h - a copy of a store that may be in use.
 *
 * Everything that a store writes is such that a death at any moment leaves it whole. So a copy that
 * is made in the right order is what a hub would find that had been killed in the meantime:
 *
 *     journal ─▶ history: for each pair .idx, then .seg ─▶ tomb ─▶ store
 *
 * What is sealed meanwhile is in both, and counts once. What is punched out meanwhile is told by
 * the tomb that comes later. When a pair has gone meanwhile (retention, compaction), the history is
 * copied again. Everything that was acknowledged when it began is in it.
 *
 * Ids go on in the copy at the watermark, as after a power cut, so that it gives none that the
 * original has given by then. `store` comes last: without it the folder is no store.
 *
 * Threads: any; it takes as long as it takes. Owns: nothing.
 */
#ifndef LM_STORE_BACKUP_H
#define LM_STORE_BACKUP_H

#include "base/err.h"

#include <stdint.h>

/* Copies the store in `from` to the new folder `to`, synced. *ret_bytes: what the copies take.
 * -EEXIST: `to` is there and not empty. On failure info has the sentence, and `to` what was copied
 * so far. */
int backup_copy(const char *from, const char *to, uint64_t *ret_bytes,
                struct errinfo *info) LM_MUST_CHECK;

#endif
