/* SPDX-License-Identifier: MIT
 *
 * line_rules.h - what the configuration says of a source's lines, made ready for the parser.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_SOURCE_LINE_RULES_H
#define LM_SOURCE_LINE_RULES_H

#include "record/parse_rules.h"

/* `whose` names the source in the sentence when a zone or an expression cannot be used. On failure
 * parse_rules_fini() is still due. */
int line_rules_init(struct parse_rules *rules, const struct parse_conf *conf, const char *whose,
                    struct errinfo *info) LM_MUST_CHECK;

/* Tries all of a configuration: for `config check`, and before anything is started. */
int line_rules_check(const struct settings *s, struct errinfo *info) LM_MUST_CHECK;

#endif
