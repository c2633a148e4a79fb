/* SPDX-License-Identifier: MIT
 *
 * import_impl.h - what import_command.c and import_send.c share, and nobody else sees.
 *
 * Threads: the main thread. Owns: see each struct.
 */
#ifndef LM_CLI_IMPORT_IMPL_H
#define LM_CLI_IMPORT_IMPL_H

#include "cli/ask_hub.h"
#include "cli/progress.h"
#include "record/parse.h"

enum import_format { IMPORT_AUTO, IMPORT_NDJSON, IMPORT_TEXT };

struct import_run {
    struct ask ask;
    enum import_format wanted, format;
    struct label labels[LABELS_MAX];
    size_t label_count;
    const char *source;
    struct label_table table;
    struct labels *set;
    struct parser parser;
    struct parse_rules rules;
    struct arena scratch;
    struct progress progress;
    struct buf batch;             /* NDJSON */
    uint64_t rows;                /* in the batch */
    uint64_t taken, rejected, at; /* records; bytes of batches so far */
    bool said_rejected;
};

/* --- import_send.c --- */

/* Sends what is in the batch, as often as it takes; it is empty afterwards. 0; negative: given up,
 * and said. */
int import_send(struct import_run *im) LM_MUST_CHECK;

#endif
