/* SPDX-License-Identifier: MIT
 *
 * plain.h - a message without its terminal sequences, as a filter sees it.
 *
 * Colours are kept for display but must not hide `connection` from a search when a program prints
 * it half red. ECMA-48 control sequences and strings are taken out whole; other bytes stay as they
 * are.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_RECORD_PLAIN_H
#define LM_RECORD_PLAIN_H

#include "base/buf.h"

/* `message` itself when it has no ESC; otherwise a text in `scratch`, valid until it changes. When
 * memory is short, `message` as it is. */
struct str plain_text(struct str message, struct buf *scratch);

#endif
