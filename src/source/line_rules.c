/* SPDX-License-Identifier: MIT
 *
 * line_rules.c - texts of the configuration to zones and expressions.
 */
#include "source/line_rules.h"

int line_rules_init(struct parse_rules *rules, const struct parse_conf *conf, const char *whose,
                    struct errinfo *info)
{
    struct errinfo why = {0};
    int err = 0;

    *rules = (struct parse_rules){.format = conf->format};
    rules->fallback[STREAM_STDOUT] = (enum level)conf->stdout_level;
    rules->fallback[STREAM_STDERR] = (enum level)conf->stderr_level;
    for (size_t i = 0; i < conf->level_count && err == 0; i++)
        err = parse_rules_add(rules, str_from(conf->levels[i].match),
                              (enum level)conf->levels[i].level, &why);
    if (err < 0)
        return err_set(info, err, "levels of %s: %s", whose,
                       why.text[0] ? why.text : err_text(err));
    if (conf->timezone)
        err = parse_rules_zone(rules, conf->timezone);
    if (err < 0)
        err_set(info, err, "timezone of %s: there is no zone '%s' on this machine (%s)", whose,
                conf->timezone, err_text(err));
    return err;
}

static int check(const struct parse_conf *conf, const char *whose, struct errinfo *info)
{
    struct parse_rules rules;
    int err = line_rules_init(&rules, conf, whose, info);

    parse_rules_fini(&rules);
    return err;
}

int line_rules_check(const struct settings *s, struct errinfo *info)
{
    int err = 0;

    for (size_t i = 0; i < s->process_count && err == 0; i++)
        err = check(&s->processes[i].parse, s->processes[i].name, info);
    for (size_t i = 0; i < s->file_count && err == 0; i++)
        err = check(&s->files[i].parse, s->files[i].paths[0], info);
    return err;
}
