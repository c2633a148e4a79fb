/* SPDX-License-Identifier: MIT
 *
 * record_line.h - a record, as the hub sends it, as one line for people.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_CLI_RECORD_LINE_H
#define LM_CLI_RECORD_LINE_H

#include "base/buf.h"

#include <jansson.h>

struct record_style {
    bool raw;        /* the message alone, with its escape sequences */
    bool one_source; /* its source need not be said */
    bool colours;
};

/* Appends the line with its end. Lack of memory shows in buf_error(out). */
void record_line_add(struct buf *out, const json_t *record, const struct record_style *style);

#endif
