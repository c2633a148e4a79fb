/* SPDX-License-Identifier: MIT
 *
 * parse_impl.h - what the dialects of parse_*.c share. Only they, parse.c, and
 * source/push_record.c, which takes the same members from records that come ready, include it.
 *
 * Each dialect looks at a line and fills in a struct said: only what the line says itself. parse.c
 * asks them in turn and then makes a record of it.
 *
 * Threads: any, one line at a time for each parser. Owns: nothing; what is found points into the
 * line.
 */
#ifndef LM_RECORD_PARSE_IMPL_H
#define LM_RECORD_PARSE_IMPL_H

#include "record/parse.h"

#include "record/json.h"
#include "record/parse_keys.h"
#include "record/stamp.h"

#include <stddef.h>
#include <string.h>

enum { SAID_LABELS_MAX = 8 };

/* What a dialect may know of the line's circumstances. */
struct reading {
    const struct zone *zone; /* NULL: clocks without a zone are not understood */
    int64_t read_us;
    struct stamp_memo *second;
    struct arena *scratch;
    uint32_t label_room;        /* how many labels the record can still take */
    const struct labels *given; /* what its source gave it: a line cannot change those */
};

struct said {
    struct str message;
    struct str fields;  /* JSON text of one object, or empty */
    enum level level;   /* LEVEL_NONE: not said */
    enum stream stream; /* STREAM_NONE: not said */
    bool timed;         /* time_us is known */
    bool wrapped;       /* the message is a line of its own, as a container wrote it */
    bool partial;       /* ... of which more follows */
    uint32_t label_count;
    int64_t time_us;
    struct label labels[SAID_LABELS_MAX];
};

/* Nothing but a text. The room for labels is not cleared: for each line that would cost as much as
 * finding its time does. */
static inline void said_begin(struct said *s, struct str message)
{
    memset(s, 0, offsetof(struct said, labels));
    s->message = message;
}

/* 1: understood, *ret is filled in; 0: another dialect, *ret is not defined; -ENOMEM. */
int parse_json(const struct reading *in, struct str line, struct said *ret) LM_MUST_CHECK;
int parse_logfmt(const struct reading *in, struct str line, struct said *ret) LM_MUST_CHECK;
int parse_syslog(const struct reading *in, struct str line, struct said *ret) LM_MUST_CHECK;
int parse_cri(const struct reading *in, struct str line, struct said *ret) LM_MUST_CHECK;

/* Anything: finds level and time in front of the text, which stays as it is. */
void parse_text(const struct reading *in, struct str line, struct said *ret);

/* Gives r the labels that the line says on top of its source's (parse_labels.c). */
int parse_add_labels(struct parser *p, struct record *r, struct said *s) LM_MUST_CHECK;
void parse_forget_labels(struct parser *p);

/* --- small things they all need (parse_value.c) --- */

/* The level that a member means; *ret_folded: it says more than our level, so keep the member. */
enum level parse_level_value(enum parse_key_kind kind, struct str value, bool *ret_folded);

/* Length of an ANSI colour sequence at the front of s, or 0. */
size_t parse_colour(struct str s);

/* What a string stands for: a view of the line when nothing is escaped, else a copy in scratch (p
 * NULL: no memory). */
struct str parse_unescape(struct arena *scratch, const struct json_member *string);

/* Takes a label if the record has room for it and the value is one. */
bool parse_take_label(const struct reading *in, struct said *s, const struct parse_key *key,
                      struct str value);

/* The members of two JSON objects, either of which may be empty, as one. */
int parse_join_fields(struct arena *scratch, struct str a, struct str b,
                      struct str *ret) LM_MUST_CHECK;

#endif
