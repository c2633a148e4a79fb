/* SPDX-License-Identifier: MIT
 *
 * normal.h - JSON in one form, so that equal arguments have equal texts.
 *
 * No space between tokens, members sorted by name, strings escaped only where they must be. Numbers
 * stay as they were written (1 and 1.0 differ), and so does the order of members in an object with
 * more than NORMAL_MEMBERS_MAX: then equal arguments may be taken for different ones, never the
 * other way round.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_IPC_NORMAL_H
#define LM_IPC_NORMAL_H

#include "base/buf.h"

enum { NORMAL_MEMBERS_MAX = 64 };

/* `json` is one well-formed value (json_valid()); nothing but space becomes null. Check
 * buf_error(). */
void normal_add(struct buf *out, struct str json);

#endif
