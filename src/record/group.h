/* SPDX-License-Identifier: MIT
 *
 * group.h - which lines continue the one before them: the stack traces of six languages.
 *
 * A line that continues is a record of its own, at once, with the flag RECORD_CONT and the level
 * and labels of its head, so that `level>=error` shows a trace whole. Nothing is merged and nothing
 * waits; therefore the decision is made from what came before and from the line itself, never from
 * the next.
 *
 *     2026-01-02 15:04:05 ERROR it failed           head
 *     java.lang.IllegalStateException: no           cont
 *         at com.example.App.main(App.java:12)      cont
 *     Caused by: java.io.IOException: disk          cont
 *         ... 12 more                               cont
 *     2026-01-02 15:04:06 INFO next                 head
 *
 * A group belongs to one stream of one origin. It ends after GROUP_US, after GROUP_LINES, or with
 * the next line that does not continue it.
 *
 * Threads: one at a time.
 * Owns:    a reference to the labels of its head, until group_fini().
 */
#ifndef LM_RECORD_GROUP_H
#define LM_RECORD_GROUP_H

#include "record/record.h"

enum { GROUP_US = 1000000, GROUP_LINES = 1000 };

/* What kind of line may come next. */
enum trace {
    TRACE_NONE,       /* the head is an ordinary line */
    TRACE_EXCEPTION,  /* a Java or C# exception was named: its text, then frames */
    TRACE_FRAMES,     /* Java, C#, Node: indented frames */
    TRACE_PYTHON,     /* indented frames, then the line that names the exception */
    TRACE_PYTHON_END, /* ... which has come; a chained one may follow */
    TRACE_GO,
    TRACE_RUST_TEXT, /* a panic was announced: its text */
    TRACE_RUST,
};

/* A zeroed struct is a stream that has said nothing yet. */
struct group {
    enum trace trace;
    uint32_t lines;     /* 0: no head */
    uint32_t free_text; /* lines of an exception's own text so far */
    int64_t began_us;   /* read time of the head */
    enum level level;   /* of the head, and the rest of what is inherited */
    bool level_said;    /* by the line itself */
    int64_t time_us;
    bool timed; /* time_us is the line's own */
    struct labels *labels;
};

/* Does this line continue the group? Then the group has taken note of it. */
bool group_continues(struct group *g, struct str text, int64_t read_us);

/* Gives r what the head has: level, labels, and its own time. */
void group_inherit(const struct group *g, struct record *r);

/* This record, which does not continue anything, is the head of what may follow. `said` and
 * `timed`: its level and its time are its own. */
void group_begin(struct group *g, const struct record *r, bool said, bool timed, int64_t read_us);

/* The level of a line that names none but opens a trace ("Traceback (most recent call last):");
 * else LEVEL_NONE. */
enum level group_opening(struct str text);

void group_fini(struct group *g);

#endif
