/* SPDX-License-Identifier: MIT
 *
 * diag.h - what the hub has to say about itself: one line each, to the console.
 *
 * These lines are events of the hub, never output of children. A listener (the daemon registers
 * one) turns them into records of source `hub_name` as well.
 *
 * Threads: the loop thread, and before it starts the main thread.
 * Owns:    nothing; the text is valid during the call of the listener.
 */
#ifndef LM_BASE_DIAG_H
#define LM_BASE_DIAG_H

#include "base/err.h"

enum diag_level { DIAG_INFO, DIAG_WARN, DIAG_ERROR };

typedef void diag_listener_fn(enum diag_level level, const char *text, void *ctx);

/* Prints "HH:MM:SS LEVEL: text" on stderr and tells the listener. Control characters of the text
 * become '?'; whether it is UTF-8 is not looked at. */
void diag(enum diag_level level, const char *fmt, ...) LM_PRINTF(2, 3);

/* The same without telling the listener, for what becomes a record in another way. */
void diag_console(enum diag_level level, const char *fmt, ...) LM_PRINTF(2, 3);

/* Untouched, for the console alone: secrets such as a ticket never become records. */
void diag_private(const char *fmt, ...) LM_PRINTF(1, 2);

#define diag_info(...)  diag(DIAG_INFO, __VA_ARGS__)
#define diag_warn(...)  diag(DIAG_WARN, __VA_ARGS__)
#define diag_error(...) diag(DIAG_ERROR, __VA_ARGS__)

/* At most one listener; NULL removes it. */
void diag_listen(diag_listener_fn *fn, void *ctx);

/* Lines below this level are not printed (default DIAG_INFO). */
void diag_min_level(enum diag_level level);

#endif
