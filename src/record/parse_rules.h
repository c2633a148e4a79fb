/* SPDX-License-Identifier: MIT
 *
 * parse_rules.h - what a configuration may add to what lines say about themselves.
 *
 * For one source: words that mean a level in lines that name none, the level of a line that says
 * nothing at all, and the zone of clocks that do not name theirs.
 *
 * Threads: built before its source starts, read-only from then on.
 * Owns:    copies of its texts, its regular expressions and its zone.
 */
#ifndef LM_RECORD_PARSE_RULES_H
#define LM_RECORD_PARSE_RULES_H

#include "conf/settings.h"
#include "record/level.h"
#include "record/zone.h"

struct parse_rule;

struct parse_rules {
    struct parse_rule *levels; /* the first that matches decides */
    size_t level_count;
    enum level fallback[STREAM_SYSTEM + 1]; /* LEVEL_NONE: info, for stderr error */
    enum line_format format;                /* what lines may be */
    bool has_zone;
    struct zone zone;
};

/* "A line that contains `match` has this level"; `/.../` is an extended regular expression (POSIX).
 * -LM_E_INVALID with a sentence in info, -ENOMEM. */
int parse_rules_add(struct parse_rules *rules, struct str match, enum level level,
                    struct errinfo *info) LM_MUST_CHECK;

/* As zone_load(). */
int parse_rules_zone(struct parse_rules *rules, const char *name) LM_MUST_CHECK;

/* The level of a message that does not name one, never LEVEL_NONE. rules may be NULL. */
enum level parse_rules_level(const struct parse_rules *rules, struct str message,
                             enum stream stream);

/* Safe on a zeroed struct. */
void parse_rules_fini(struct parse_rules *rules);

#endif
