/* SPDX-License-Identifier: MIT
 *
 * err.h - two kinds of error, never mixed.
 *
 * 1. The world went wrong: a function returns a negative code, -errno or one of ours (err.def).
 *    Its outputs are untouched. The callee does not log; the one place that gives up says so.
 * 2. We went wrong: lm_assert() prints the place and aborts, in release builds too. Keepers and
 *    files survive that by design, so stopping is safer than going on.
 *
 * Errors that a person must act on also fill a struct errinfo with a sentence.
 *
 * Threads: everything here may be called from any thread. Owns: nothing.
 */
#ifndef LM_BASE_ERR_H
#define LM_BASE_ERR_H

#include <stddef.h>

enum lm_err {
#define LM_ERR(name, number, text) LM_E_##name = number,
#include "base/err.def"
#undef LM_ERR
};

#define LM_MUST_CHECK        __attribute__((warn_unused_result))
#define LM_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define LM_UNUSED            __attribute__((unused))

/* What a person reads: where (0 = no line or column known) and one sentence that says what to
 * do. */
struct errinfo {
    int code;
    int line;
    int column;
    char text[320];
};

/* The sentence for a negative code, ours or errno's. Never NULL; valid for ever. */
const char *err_text(int code);

/* Fills info (which may be NULL) and returns code, so that `return err_set(...)` reads well. */
int err_set(struct errinfo *info, int code, const char *fmt, ...) LM_PRINTF(3, 4);

/* The candidate nearest to `name` (edit distance at most 3 and below half its length), or NULL:
 * for "did you mean ...?". `names` is an array of n strings. */
const char *err_nearest(const char *name, const char *const *names, size_t n);

#ifdef LOGMILL_LIBRARY
/* Somebody else's program is not ours to end: liblogmill is built without (ADR 30). */
#define lm_assert(cond) ((void)sizeof(cond))
#else
void lm_assert_failed(const char *cond, const char *file, int line) __attribute__((noreturn, cold));
#define lm_assert(cond) ((cond) ? (void)0 : lm_assert_failed(#cond, __FILE__, __LINE__))
#endif

#endif
