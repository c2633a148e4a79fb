/* SPDX-License-Identifier: MIT
 *
 * fold.h - four levels for those who know no more (`levels=basic`): trace is sent as debug, fatal as
 * error. The words are of equal length, so the JSON of a record is changed in place.
 */
#ifndef LM_STREAM_FOLD_H
#define LM_STREAM_FOLD_H

#include "base/buf.h"
#include "record/level.h"

#include <string.h>

/* The level of a record in its JSON becomes `to`, which is as long as `from`. The first "level" is the
 * record's own: what stands before it are numbers and a time. */
static inline void level_rewrite(struct buf *json, const char *from, const char *to)
{
    static const char key[] = "\"level\":\"";
    char *at = memmem(json->p, json->n, key, sizeof key - 1);

    lm_assert(at && memcmp(at + sizeof key - 1, from, strlen(from)) == 0);
    memcpy(at + sizeof key - 1, to, strlen(to));
}

static inline void level_fold(struct buf *json, enum level level)
{
    if (level == LEVEL_TRACE)
        level_rewrite(json, "trace", "debug");
    else if (level == LEVEL_FATAL)
        level_rewrite(json, "fatal", "error");
}

/* Undoes level_fold(). */
static inline void level_unfold(struct buf *json, enum level level)
{
    if (level == LEVEL_TRACE)
        level_rewrite(json, "debug", "trace");
    else if (level == LEVEL_FATAL)
        level_rewrite(json, "error", "fatal");
}

#endif
