/* SPDX-License-Identifier: MIT
 *
 * keeper_console.h - passing the child's output on to the keeper's own stdout and stderr.
 *
 * It behaves as if the child wrote there itself: a reader that is slow slows the child down, one
 * that goes away is forgotten (capture goes on). It never blocks the keeper: what did not go out is
 * kept, and no more output may be taken from the child until it did.
 *
 * Threads: one. Owns: its descriptors and what waits.
 */
#ifndef LM_PROC_KEEPER_CONSOLE_H
#define LM_PROC_KEEPER_CONSOLE_H

#include "base/buf.h"

struct console {
    int fd[2]; /* -1 = broken or closed */
    struct buf rest[2];
};

void console_open(struct console *c);
/* Forgets what waits; nothing is written from then on. */
void console_close(struct console *c);

/* stream: 0 stdout, 1 stderr. Not while console_blocked(). */
void console_write(struct console *c, int stream, struct str bytes);
/* The descriptor can be written again. */
void console_flush(struct console *c, int stream);
bool console_blocked(const struct console *c);

#endif
