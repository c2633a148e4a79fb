/* SPDX-License-Identifier: MIT
 *
 * parse_keys.h - which member of a line is its message, level, time, or a label.
 *
 * One table (parse_keys.def) for all writers of JSON and logfmt. No dialect is detected: a line may
 * mix them, and what counts is what each member says. Of several members of one kind the one with
 * the best rank is used; the others stay among the fields.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_RECORD_PARSE_KEYS_H
#define LM_RECORD_PARSE_KEYS_H

#include "base/str.h"

enum parse_key_kind {
    PARSE_KEY_MESSAGE = 1,
    PARSE_KEY_LEVEL,
    PARSE_KEY_LEVEL_PYTHON,
    PARSE_KEY_LEVEL_OTEL,
    PARSE_KEY_TIME,
    PARSE_KEY_STREAM,
    PARSE_KEY_NESTED,
    PARSE_KEY_LABEL,
};

struct parse_key {
    const char *text;
    uint8_t n;
    uint8_t kind;
    uint8_t rank; /* of a label: its number */
};

/* NULL: a key like any other. */
const struct parse_key *parse_key_find(struct str key);

/* The name of a label, "job_run_id" for "jobRunId". */
struct str parse_label_name(const struct parse_key *key);

#endif
