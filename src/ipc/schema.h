/* SPDX-License-Identifier: MIT
 *
 * schema.h - what arguments must look like, declared: a small subset of JSON Schema.
 *
 *     type                string, number, integer, boolean, object, array, null; or an array of these
 *     enum                array of values
 *     minimum, maximum    numbers, both included
 *     minLength, maxLength   characters of a string
 *     properties, required, additionalProperties (true or false)
 *     items, minItems, maxItems
 *     title, description, default   are for people
 *
 * Any other keyword is refused when the schema is read, so that nothing is believed to be checked
 * that is not.
 *
 * Threads: immutable after schema_new(). Owns: copies of all it needs.
 */
#ifndef LM_IPC_SCHEMA_H
#define LM_IPC_SCHEMA_H

#include "base/buf.h"

struct schema;

/* -LM_E_INVALID: *ret_reason (static) says what is wrong; -ENOMEM. */
int schema_new(struct schema **ret, struct str json, const char **ret_reason) LM_MUST_CHECK;
void schema_free(struct schema *s);

/* Is it one well-formed value, and does it pass? If not, path ("a.b[2]", empty for the value
 * itself) and reason are added to the two buffers, which are empty. */
bool schema_check(const struct schema *s, struct str json, struct buf *path, struct buf *reason);

#endif
