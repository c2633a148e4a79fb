/* SPDX-License-Identifier: MIT
 *
 * tail_glob.h - a pattern of paths, cut at its slashes.
 *
 *     /var/lib/docker/containers/ * / *-json.log      literal parts first, then patterns
 *     /var/log/ ** / *.log                            "**": folders of any depth, also none
 *
 * `*`, `?` and `[a-z]` stand for characters of one name, and not for a dot in front (as in a
 * shell).
 *
 * Threads: immutable after glob_init(). Owns: a copy of its text.
 */
#ifndef LM_SOURCE_TAIL_GLOB_H
#define LM_SOURCE_TAIL_GLOB_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct glob_part {
    const char *text;
    bool literal; /* names exactly this */
    bool deep;    /* "**" */
};

enum { GLOB_PARTS_MAX = 32 };

struct tail_glob {
    char *text;
    uint32_t count; /* at least 1; the last one names files and is not deep */
    struct glob_part parts[GLOB_PARTS_MAX];
};

/* -LM_E_INVALID: not absolute, or too many parts; -ENOMEM. */
int glob_init(struct tail_glob *g, const char *path, struct errinfo *info) LM_MUST_CHECK;
void glob_fini(struct tail_glob *g);

/* Does a name fit part i? A deep part fits no name: its folders are all that are there. */
bool glob_fits(const struct tail_glob *g, uint32_t i, const char *name);
/* Is this the name of a file that was rotated away from one that fits: a piece in front, up to '.',
 * '-' or '_', fits the last part ("app.log.1", "app.log-20260102")? Returns the length of that
 * piece, or 0. */
size_t glob_fits_rotated(const struct tail_glob *g, const char *name);

/* Does a pattern of `exclude:` fit this path, or, when it has no slash, its name? */
bool glob_excludes(const char *pattern, const char *path);

#endif
