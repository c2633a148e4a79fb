/* SPDX-License-Identifier: MIT
 *
 * origin.h - whose bytes a batch carries, and how far they have been read.
 *
 * An origin is something that can be read again from a position: a run under a keeper, a followed
 * file, a batch of a push client. Its position travels in the same journal frame as the records, so
 * both become true together (docs/journal-format.md, "Origins and positions"; the numbers are
 * fixed).
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_RECORD_ORIGIN_H
#define LM_RECORD_ORIGIN_H

#include "base/str.h"

enum origin_kind { ORIGIN_HUB = 0, ORIGIN_RUN = 1, ORIGIN_FILE = 2, ORIGIN_PUSH = 3 };

enum { ORIGIN_KEY_MAX = 128, POSITION_MAX = 24 };

struct origin {
    enum origin_kind kind;
    uint8_t key_n;
    uint8_t key[ORIGIN_KEY_MAX];
};

/* The encoded position of an origin. */
struct position {
    uint8_t n;
    uint8_t bytes[POSITION_MAX];
};

/* The position of a run: ends of the last lines journaled of both streams, and what is known of its
 * end. */
enum { RUN_EXIT_WRITTEN = 1, RUN_ENDED = 2 };

struct run_position {
    uint64_t stdout_n, stderr_n;
    uint32_t flags;
};

struct origin run_origin(const uint8_t run[16]);
struct position run_position_encode(const struct run_position *p);
/* NULL, or a position of another shape, decodes as zero: nothing known. */
struct run_position run_position_decode(const struct position *p);

/* A batch of a push client, by the key it gave (1 to ORIGIN_KEY_MAX bytes), and how much of it is
 * in the journal. */
enum { PUSH_UNFINISHED = 1 };

struct push_position {
    uint32_t accepted, flags;
};

struct origin push_origin(struct str key);
struct position push_position_encode(const struct push_position *p);
/* NULL decodes as an unfinished batch of which nothing is there. */
struct push_position push_position_decode(const struct position *p);

/* A followed file, known by its device and inode. Read to `offset`; the fingerprint, XXH3-64 of the
 * first fingerprint_n bytes, tells a file from a later one at the same inode. `done`: so many
 * records of lines behind `offset` are in the journal already, because a container's line that
 * began there still waits for its end. */
enum { FINGERPRINT_MAX = 1024 };

struct file_position {
    uint64_t offset, fingerprint;
    uint32_t fingerprint_n, done;
};

struct origin file_origin(uint64_t device, uint64_t inode);
struct position file_position_encode(const struct file_position *p);
/* False when there is none: NULL, or the empty position of a file that is gone for good. */
bool file_position_decode(const struct position *p, struct file_position *ret);

/* Nothing more will come from this origin: its position need not be restated. */
bool position_is_final(const struct origin *o, const struct position *p);

#endif
