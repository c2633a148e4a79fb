/* SPDX-License-Identifier: MIT
 *
 * line.h - cutting a stream of bytes into lines, whatever pieces it comes in.
 *
 * A line ends at LF; one CR before it goes too. Lines longer than RECORD_MESSAGE_MAX come out in
 * parts of that size. What has no LF yet waits in `carry`; it is not a line until it ends, the
 * stream ends, or it is too long.
 *
 * Whole lines inside one piece are views into it: no copy. Only a line that spans pieces is copied.
 *
 * Threads: one at a time. Owns: the carry.
 */
#ifndef LM_RECORD_LINE_H
#define LM_RECORD_LINE_H

#include "base/buf.h"

struct line_splitter {
    struct buf carry;  /* start of a line whose end has not come */
    bool carry_used;   /* the last line handed out lies in the carry */
    uint32_t part;     /* parts handed out of the present line */
    uint64_t line_end; /* bytes of the stream up to the end of the last line handed out */
};

struct line {
    struct str text;   /* without its end; valid until the next call with this splitter */
    uint32_t part;     /* 0: a whole line; else its number, from 1 */
    bool last;         /* of the parts; true for whole lines */
    bool unterminated; /* the stream ended without LF */
};

/* Starts at a position of the stream (bytes before it were lines of an earlier life). */
void line_start(struct line_splitter *s, uint64_t at);
void line_fini(struct line_splitter *s);

/* Takes the next line from the front of *bytes, moving it on. Returns 1, or 0 when no line is
 * complete (then *bytes is empty and the rest is in the carry), or -ENOMEM. */
int line_next(struct line_splitter *s, struct str *bytes, struct line *ret) LM_MUST_CHECK;

/* The same without a carry, for streams that can be read again: what has no end yet stays in
 * *bytes. A line above the limit is handed out in parts once more than RECORD_MESSAGE_MAX bytes are
 * there. */
int line_take(struct line_splitter *s, struct str *bytes, struct line *ret) LM_MUST_CHECK;

/* The stream has ended: 1 and the unterminated rest, or 0 when there is none. */
int line_finish(struct line_splitter *s, struct line *ret) LM_MUST_CHECK;

/* Bytes were lost here (a hole of n): what is in the carry is handed out as an unterminated line
 * first, by line_finish(); then counting goes on behind the hole. */
void line_skip(struct line_splitter *s, uint64_t n);

#endif
