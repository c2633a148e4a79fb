/* SPDX-License-Identifier: MIT
 *
 * fields.h - looking up members of a record's fields by a path such as `http.status`.
 *
 * A dot steps into an object; a key may also hold dots itself ({"http.status":500}), as many
 * programs write them. Arrays stand for each of their elements. null is nothing: it is never found.
 *
 * The text is JSON that was scanned once when the record was made; this walks it in place.
 *
 * Threads: any. Owns: nothing; what is found points into the text.
 */
#ifndef LM_RECORD_FIELDS_H
#define LM_RECORD_FIELDS_H

#include "base/str.h"

/* Asked for every value at the path: the text a string stands for, or a number, true or false as
 * written. True ends the search. */
typedef bool fields_fn(struct str text, bool is_number, const void *ctx);

/* Is there a value at `path` for which fn says true? */
bool fields_any(struct str object, struct str path, fields_fn *fn, const void *ctx);

#endif
