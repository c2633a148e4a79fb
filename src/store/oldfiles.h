/* SPDX-License-Identifier: MIT
 *
 * oldfiles.h - daily files that nobody writes any more: packed, and deleted when they are too old
 * or too much.
 *
 * Only names of the shape <name>-YYYY-MM-DD[.N].log[.gz|.zst] are looked at; everything else in the
 * directory is somebody else's. A file is packed into <file>.gz.part, synced, renamed, and only
 * then the plain one goes: a death in between leaves the plain file, or at worst its lines twice,
 * never none. Order is by date and number in the name, never by the clock of the disk.
 *
 * Threads: one at a time; calls block on the disk. Owns: nothing.
 */
#ifndef LM_STORE_OLDFILES_H
#define LM_STORE_OLDFILES_H

#include "base/err.h"
#include "net/pack.h"

#include <stdint.h>

struct oldfiles_rules {
    const char *dir_path;
    const char *names[2]; /* of the daily files; the second may be NULL */
    const char *today;    /* "2026-01-15": the present file of each name is left alone */
    enum pack_kind pack;
    const char *oldest_day; /* files of earlier days go; NULL: none goes for its age */
    uint64_t max_total;     /* bytes of all of them, the present ones included */
};

struct oldfiles_report {
    uint32_t packed, deleted;
    uint64_t deleted_bytes;
};

/* Returns 0, or the first failure after having done what could be done. */
int oldfiles_tend(const struct oldfiles_rules *rules, struct oldfiles_report *ret);

/* Deletes the oldest one, for want of space. False: there is none. */
bool oldfiles_drop_oldest(const struct oldfiles_rules *rules, uint64_t *ret_bytes);

/* The same for files of earlier runs, <process>.log.N: the one that was written longest ago goes.
 * The present run's has no number. ret_name: which it was. */
enum { ROTATED_NAME_MAX = 256 };
bool oldfiles_drop_rotated(const char *dir_path, char ret_name[ROTATED_NAME_MAX],
                           uint64_t *ret_bytes);

#endif
