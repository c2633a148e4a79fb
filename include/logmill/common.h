/* SPDX-License-Identifier: MIT
 *
 * logmill/common.h - what all headers of liblogmill share.
 *
 * Functions that can fail return 0 or a negative errno; nothing in the library prints, aborts, or
 * starts a thread. One object belongs to one thread at a time, different objects are independent.
 * Texts are UTF-8; `struct lm_str` is borrowed, and the function that hands it out says for how
 * long.
 */
#ifndef LOGMILL_COMMON_H
#define LOGMILL_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LM_API          __attribute__((visibility("default")))
#define LM_CHECKED      __attribute__((warn_unused_result))
#define LM_FORMAT(f, a) __attribute__((format(printf, f, a)))

/* A run of bytes without terminator. */
struct lm_str {
    const char *p;
    size_t n;
};

#ifndef __cplusplus
#define LM_STR(literal) ((struct lm_str){literal, sizeof(literal) - 1})
static inline struct lm_str lm_str(const char *text)
{
    return (struct lm_str){text, text ? strlen(text) : 0};
}
#endif

/* How a call can fail. The numbers are those on the wire (docs/ipc-protocol.md). */
enum lm_code {
    LM_OK = 0,
    LM_HANDLER_ERROR = 1,
    LM_VALIDATION_ERROR = 2,
    LM_RATE_LIMITED = 3,
    LM_TIMEOUT = 4,
    LM_CANCELLED = 5,
    LM_UNKNOWN_CHANNEL = 6,
    LM_FORBIDDEN = 7,
    LM_DISCONNECTED = 8,
    LM_TOO_LARGE = 9,
};

/* "IPC_TIMEOUT" and so on. Never NULL. */
LM_API const char *lm_code_name(enum lm_code code);

/* What a program says with HELLO and what libraries of other versions can be told apart by. */
LM_API const char *lm_version(void);

/* --- reading and writing a little JSON, for handlers that need no library for it --- */

/* The raw text of member `name` of the object `json` (p NULL when there is none): strings with
 * their quotes. Valid as long as `json`. */
LM_API struct lm_str lm_json_get(struct lm_str json, const char *name);
/* The text of a string member into out (always terminated). Its length, or -ENOENT when there is no
 * such string, -ENOBUFS when it does not fit. */
LM_API int lm_json_get_text(struct lm_str json, const char *name, char *out, size_t size);
/* A whole number. -ENOENT when there is none, -ERANGE when it does not fit. */
LM_API int lm_json_get_int(struct lm_str json, const char *name, int64_t *ret);
/* `text` as a JSON string with quotes into out (always terminated); bytes that are not UTF-8 become
 * U+FFFD. Its length, or -ENOBUFS. */
LM_API int lm_json_quote(struct lm_str text, char *out, size_t size);

#ifdef __cplusplus
}
#endif

#endif
