/* SPDX-License-Identifier: MIT
 *
 * tail_open.h - what lies at a path, and opening it without being led astray.
 *
 * Anybody who may write into a folder that is followed could put a FIFO there (opening it would
 * wait), a device (opening it may do something), or a link to a file that only the hub can read.
 * So: nothing but regular files is opened, never waiting; and a symbolic link is followed only when
 * root or the hub's own user made it, or when the file it leads to belongs to who made the link.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_SOURCE_TAIL_OPEN_H
#define LM_SOURCE_TAIL_OPEN_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/stat.h>

/* What is at the path, at the end of links. *ret_link: the path itself is a link. -LM_E_REFUSED: a
 * link that is not followed; -errno. */
int follow_stat(const char *path, struct stat *ret, bool *ret_link) LM_MUST_CHECK;

/* Opens the regular file at the path for reading: a descriptor. -LM_E_INVALID: it is none. */
int follow_open(const char *path, struct stat *ret) LM_MUST_CHECK;

/* "a FIFO", "a folder", ... for people. */
const char *follow_kind(mode_t mode);

#endif
