/* SPDX-License-Identifier: MIT
 *
 * parse.h - what a line says about itself, whatever wrote it.
 *
 * One call takes the raw bytes of a line and fills in a record: message, level, time, fields,
 * labels, flags. Nothing needs to be configured, and nothing is lost: what has no place in the
 * record stays among its fields, and a line that nobody understands is a message.
 *
 *     raw ─▶ UTF-8 ─▶ container? unwrap ─▶ continues a trace? ─▶ inherit
 *                                       └▶ JSON │ syslog │ logfmt │ text ─▶ record
 *
 * Lines made for machines (JSON, logfmt, syslog with its priority, Docker's and Kubernetes' files)
 * are taken apart: the message is what the program said, the other members become fields. Lines
 * made for people stay as they are; level and time are read off their front. docs/parsing.md says
 * it for users.
 *
 * A line that says its time completely (year and zone, or rules->zone) keeps it; otherwise the time
 * of the read stays. In a live pipe a time more than a day off is not believed and kept as the
 * field `time_in_line`.
 *
 * Threads: one at a time for a parser; rules are read-only.
 * Owns:    a parser owns references to labels, and the parts of container lines that wait.
 */
#ifndef LM_RECORD_PARSE_H
#define LM_RECORD_PARSE_H

#include "record/group.h"
#include "record/join.h"
#include "record/parse_rules.h"
#include "record/stamp.h"

enum { PARSE_MEMO = 256 };

/* What must be remembered between the lines of one origin. A zeroed struct is ready: a source that
 * is read long after it was written, without rules, which does not join. */
struct parser {
    const struct parse_rules *rules; /* NULL = none */
    bool live;                       /* lines are read as they are written */
    bool joins;                      /* parts of container lines are put together */
    struct group groups[STREAM_SYSTEM + 1];
    struct join join;
    struct labels *memo_of; /* the labels the memo's sets were made from; NULL: there is none */
    struct parse_memo {
        struct labels *set;
        uint32_t added; /* labels beyond, or other than, those of memo_of */
    } * memo;           /* PARSE_MEMO of them, from the first line on that has labels */
    struct stamp_memo second;
};

enum { PARSE_RECORD = 0, PARSE_WAITS = 1 };

/* Understands one line. Before: r->time_us is the time of the read, r->labels the labels of the
 * source, r->stream where it came from, r->flags what the splitter knows (the first part of a line that
 * was too long, RECORD_PART, is not taken apart). After: all of it is filled
 * in. Texts are views of `raw` or lie in scratch; labels are valid until the next call (batch_add()
 * takes a reference of its own). *ret_replaced: invalid UTF-8 was replaced.
 *
 * Returns PARSE_RECORD; PARSE_WAITS when the parser joins and more of the line must come (no record
 * yet; parser->join.waiting counts such streams); -ENOMEM. */
int parse_line(struct parser *parser, struct record *r, struct str raw, struct arena *scratch,
               bool *ret_replaced) LM_MUST_CHECK;

/* The second and further parts of a line that was too long: text, and what its first part was. */
int parse_part(struct parser *parser, struct record *r, struct str raw, struct arena *scratch,
               bool *ret_replaced) LM_MUST_CHECK;

/* The source has ended: what still waits of `stream` becomes a record, flagged RECORD_PART.
 * PARSE_RECORD, or PARSE_WAITS when there is nothing. */
int parse_rest(struct parser *parser, struct record *r, enum stream stream,
               struct arena *scratch) LM_MUST_CHECK;

/* The level that stands in front of a text that is a message already; LEVEL_NONE when there is
 * none. */
enum level parse_text_level(struct str text);

/* Ends all groups and gives back the labels; the parser may be used again. */
void parser_fini(struct parser *parser);

#endif
