/* SPDX-License-Identifier: MIT
 *
 * progress.h - how far a long command has come, on a terminal only.
 *
 *     import: 45% [=========>          ] 450 MB, 1.9 M records, 41 MB/s
 *
 * Threads: the main thread. Owns: nothing.
 */
#ifndef LM_CLI_PROGRESS_H
#define LM_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what;
    uint64_t done, all, records; /* bytes; all 0: not known */
    int64_t began_us, said_us;
    bool shown; /* stderr is a terminal, and it is wanted */
};

void progress_begin(struct progress *p, const char *what, uint64_t all, bool wanted);
void progress_add(struct progress *p, uint64_t bytes);
/* Leaves the last state on a line of its own. */
void progress_end(struct progress *p);

#endif
