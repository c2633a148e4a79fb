/* SPDX-License-Identifier: MIT
 *
 * import_read.h - the lines of a file, packed or not, or of the standard input.
 *
 * Packed files are known by their first bytes (gzip, zstd), whatever they are called. A line is at
 * most RECORD_MESSAGE_MAX bytes; a longer one comes in parts.
 *
 * Threads: the main thread. Owns: nothing after it has returned.
 */
#ifndef LM_CLI_IMPORT_READ_H
#define LM_CLI_IMPORT_READ_H

#include "base/err.h"
#include "base/str.h"

struct import_reader {
    const char *name; /* "-": the standard input */
    /* Without its end. Negative ends the reading, which returns it. */
    int (*on_line)(struct str line, void *ctx);
    void (*on_bytes)(uint64_t n, void *ctx); /* so many were read from the file */
    void *ctx;
};

/* 0, what on_line returned, or a negative code with a sentence in info. */
int import_read(const struct import_reader *r, struct errinfo *info) LM_MUST_CHECK;

/* Bytes of the file; 0 when that is not known. */
uint64_t import_size(const char *name);

#endif
