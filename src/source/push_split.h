/* SPDX-License-Identifier: MIT
 *
 * push_split.h - from the body of a push request to the texts of its records, whatever pieces it
 * comes in.
 *
 *     {"message":"a"}\n{"message":"b"}\n      one object a line (NDJSON)
 *     [{"message":"a"}, {"message":"b"}]      an array
 *     {\n  "message": "a"\n}                  objects over several lines
 *
 * When the client has said that it sends NDJSON, lines are records and a damaged one costs itself
 * only. Otherwise the first byte decides. Objects that follow one another are told apart by their
 * brackets; damage is noticed where no JSON could go on (a line end inside a string, an object
 * where a name is due), and reading goes on behind it. In an array the commas must be right: what
 * follows a wrong one is not read.
 *
 * Whether a text is well-formed is for its reader to decide; the splitter only finds its end. Texts
 * inside one piece are views of it; only one that spans pieces is copied.
 *
 * Threads: one at a time. Owns: the carry.
 */
#ifndef LM_SOURCE_PUSH_SPLIT_H
#define LM_SOURCE_PUSH_SPLIT_H

#include "base/buf.h"

enum { PUSH_RECORD_MAX = 1024 * 1024 + 64 * 1024 }; /* a whole message and something around it */

enum push_shape { PUSH_SNIFF, PUSH_LINES, PUSH_OBJECTS, PUSH_ARRAY, PUSH_OVER };

/* A zeroed struct is a fresh start; set `shape` to PUSH_LINES when the client has said so. */
struct push_split {
    enum push_shape shape;
    struct buf carry; /* the start of a text whose end has not come */
    bool carry_used;  /* the last text handed out lies there */
    bool too_long;    /* the rest of this text is skipped */
    bool inside;      /* a value has begun */
    bool in_string, escaped;
    bool after_value, after_comma; /* in an array */
    bool broken;                   /* damage in an array has ended it */
    char before;                   /* last byte of the value that is not space */
    uint32_t depth;                /* brackets open */
    uint64_t objects;              /* which of them are braces, innermost in bit 0 */
};

enum push_fault { PUSH_FINE, PUSH_TOO_LONG, PUSH_CUT, PUSH_BROKEN };

struct push_text {
    struct str text; /* valid until the next call; empty unless PUSH_FINE or PUSH_CUT */
    enum push_fault fault;
};

/* Takes the next text from the front of *bytes, moving it on. `last`: nothing follows them. 1, 0
 * when nothing is complete (then *bytes is empty), or -ENOMEM. PUSH_CUT: damage ended it, or the
 * body did. PUSH_BROKEN: the rest of the body is not read. */
int push_split_next(struct push_split *s, struct str *bytes, bool last,
                    struct push_text *ret) LM_MUST_CHECK;
void push_split_fini(struct push_split *s);

/* The sentence for a client. */
const char *push_fault_text(enum push_fault fault);

#endif
