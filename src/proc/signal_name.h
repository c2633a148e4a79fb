/* SPDX-License-Identifier: MIT
 *
 * signal_name.h - signals as people write them.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_PROC_SIGNAL_NAME_H
#define LM_PROC_SIGNAL_NAME_H

#include <stdint.h>

/* "HUP" or "SIGHUP"; 0 when it is none, or NULL. */
int signal_of_name(const char *name);
/* 1 to 64; otherwise 0. */
int signal_of_number(int64_t number);

#endif
