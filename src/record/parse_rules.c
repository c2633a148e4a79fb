/* SPDX-License-Identifier: MIT
 *
 * parse_rules.c - level rules by substring or regular expression, and the fallback.
 */
#include "record/parse_rules.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>

struct parse_rule {
    char *match;
    size_t match_n;
    bool is_regex;
    regex_t regex;
    enum level level;
};

/* The text between the slashes of "/.../", or false. */
static bool regex_text(struct str match, struct str *ret)
{
    if (match.n < 3 || match.p[0] != '/' || match.p[match.n - 1] != '/')
        return false;
    *ret = str_of(match.p + 1, match.n - 2);
    return true;
}

static int rule_init(struct parse_rule *rule, struct str match, struct errinfo *info)
{
    char reason[128];
    struct str text = match;

    rule->is_regex = regex_text(match, &text);
    rule->match = strndup(text.p, text.n);
    rule->match_n = text.n;
    if (!rule->match)
        return -ENOMEM;
    if (!rule->is_regex)
        return 0;
    int code = regcomp(&rule->regex, rule->match, REG_EXTENDED | REG_NOSUB);
    if (code == 0)
        return 0;
    regerror(code, &rule->regex, reason, sizeof reason);
    free(rule->match);
    return err_set(info, -LM_E_INVALID, "%.*s is not a regular expression: %s", STR_FMT(match),
                   reason);
}

int parse_rules_add(struct parse_rules *rules, struct str match, enum level level,
                    struct errinfo *info)
{
    struct parse_rule rule = {.level = level};

    if (match.n == 0 || level == LEVEL_NONE)
        return err_set(info, -LM_E_INVALID, "a level rule needs a text to match and a level");
    struct parse_rule *levels =
        realloc(rules->levels, (rules->level_count + 1) * sizeof *rules->levels);
    if (!levels)
        return -ENOMEM;
    rules->levels = levels;
    int err = rule_init(&rule, match, info);
    if (err < 0)
        return err;
    levels[rules->level_count++] = rule;
    return 0;
}

int parse_rules_zone(struct parse_rules *rules, const char *name)
{
    struct zone zone;
    int err = zone_load(&zone, name);

    if (err < 0)
        return err;
    zone_fini(&rules->zone);
    rules->zone = zone;
    rules->has_zone = true;
    return 0;
}

static bool rule_matches(const struct parse_rule *rule, struct str message)
{
    regmatch_t span = {.rm_so = 0, .rm_eo = (regoff_t)message.n};

    if (!rule->is_regex)
        return memmem(message.p, message.n, rule->match, rule->match_n) != NULL;
    return regexec(&rule->regex, message.p, 1, &span, REG_STARTEND) == 0;
}

enum level parse_rules_level(const struct parse_rules *rules, struct str message,
                             enum stream stream)
{
    for (size_t i = 0; message.n && rules && i < rules->level_count; i++)
        if (rule_matches(&rules->levels[i], message))
            return rules->levels[i].level;
    if (rules && rules->fallback[stream] != LEVEL_NONE)
        return rules->fallback[stream];
    return stream == STREAM_STDERR ? LEVEL_ERROR : LEVEL_INFO;
}

void parse_rules_fini(struct parse_rules *rules)
{
    for (size_t i = 0; i < rules->level_count; i++) {
        free(rules->levels[i].match);
        if (rules->levels[i].is_regex)
            regfree(&rules->levels[i].regex);
    }
    free(rules->levels);
    zone_fini(&rules->zone);
    *rules = (struct parse_rules){0};
}
