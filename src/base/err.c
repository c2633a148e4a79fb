/* SPDX-License-Identifier: MIT
 *
 * err.c - sentences for error codes, and the end of the road for failed assertions.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *err_text(int code)
{
    switch (code) {
#define LM_ERR(name, number, text)                                                                 \
    case -(number):                                                                                \
        return text;
#include "base/err.def"
#undef LM_ERR
    default:
        return strerrordesc_np(-code) ? strerrordesc_np(-code) : "an unknown error";
    }
}

int err_set(struct errinfo *info, int code, const char *fmt, ...)
{
    if (info) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(info->text, sizeof info->text, fmt, args);
        va_end(args);
        info->code = code;
    }
    return code;
}

/* Levenshtein distance of two short names; names over 63 bytes are simply far apart. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[64], la = strlen(a), lb = strlen(b);

    if (la >= 64 || lb >= 64)
        return 64;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[lb];
}

const char *err_nearest(const char *name, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t best_distance = 4;

    for (size_t i = 0; i < n; i++) {
        size_t d = edit_distance(name, names[i]);
        if (d < best_distance && 2 * d < strlen(names[i]) + 1) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}

void lm_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "logmill: internal error: %s does not hold (%s:%d)\n", cond, file, line);
    abort();
}
