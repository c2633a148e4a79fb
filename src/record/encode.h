/* SPDX-License-Identifier: MIT
 *
 * encode.h - a record as the JSON object that live clients and REST see (docs/http-api.md).
 *
 * {"id","timestamp","level","stream",<source and labels>,"message",["cont"],["unterminated"],
 *  ["truncated","size"],["fields"]}
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_RECORD_ENCODE_H
#define LM_RECORD_ENCODE_H

#include "record/record.h"

/* Live messages longer than this are cut at a character and marked `truncated`, with their
 * `size`. */
enum { ENCODE_LIVE_MAX = 64 * 1024 };

/* Appends the object; messages are cut to message_max bytes (SIZE_MAX: never). Check
 * buf_error(). */
void encode_json(struct buf *out, const struct record *r, size_t message_max);

#endif
