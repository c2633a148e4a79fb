/* SPDX-License-Identifier: MIT
 *
 * rotate.h - a file that has grown too large makes room for a new one, by rename.
 *
 *     REST ─▶ SYNC ─▶ RENAME ─▶ CREATE ─▶ REST
 *              the file   NAME.log        a new, empty
 *              is safe    → NAME.1.log    NAME.log
 *
 * One state for each system call; a state is left only when its call has succeeded. After a
 * failure, the same call comes again with the next attempt, and until then the caller goes on
 * writing to the file it has: whatever name that has by now, no line is lost. What lies on the disk
 * is meaningful at every step, so a death in between needs no mending.
 *
 * Threads: one at a time. Owns: nothing; the new descriptor is the caller's.
 */
#ifndef LM_STORE_ROTATE_H
#define LM_STORE_ROTATE_H

#include "base/err.h"

#include <stdint.h>

enum rotate_state { ROTATE_REST, ROTATE_SYNC, ROTATE_RENAME, ROTATE_CREATE };

enum { ROTATE_NAME_MAX = 128 };

struct rotate {
    enum rotate_state state;
    uint32_t number; /* the next one to try */
};

/* One step of moving stem+".log", open as fd in the directory dir, aside, and making a new one.
 * 1: go on; 0: done, *ret_fd is the new file; negative: this step failed and will come again. */
int rotate_step(struct rotate *r, int dir, const char *stem, int fd, int *ret_fd) LM_MUST_CHECK;

/* Steps until done or failed. */
int rotate_run(struct rotate *r, int dir, const char *stem, int fd, int *ret_fd) LM_MUST_CHECK;

/* The number behind all that files of this stem have, packed or not: numbers tell their order. */
uint32_t rotate_next_number(int dir, const char *stem) LM_MUST_CHECK;

/* Opens a new file of ours, or one that is there: only a regular file with one name that belongs to
 * us, never through a link. `exclusive`: it must not be there. Mode 0640. */
int rotate_open(int dir, const char *name, int exclusive) LM_MUST_CHECK;

#endif
