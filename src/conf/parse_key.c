/* SPDX-License-Identifier: MIT
 *
 * parse_key.c - format, zone and levels of lines.
 */
#include "conf/parse_key.h"

#include "conf/process_key.h"

#include <stdlib.h>

enum { RULES_MAX = 256 };

static const char level_words[] = "trace|debug|info|warn|error|fatal";

static int read_level(struct yaml_file *f, const yaml_node_t *node, const char *what, unsigned *ret)
{
    unsigned index = 0;
    int rc = yaml_choice(f, node, what, level_words, &index);

    if (rc == 0)
        *ret = index + 1;
    return rc;
}

int parse_key_format(struct parse_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    unsigned index = LINES_AUTO;
    int rc = yaml_choice(f, node, "format", "auto|json|logfmt|syslog|text|docker|cri", &index);

    p->format = (enum line_format)index;
    return rc;
}

int parse_key_timezone(struct parse_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    return key_text(f, node, "timezone", &p->timezone);
}

static int read_rule(struct level_conf *rule, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = yaml_map(f, node, "levels");

    if (rc != 0)
        return rc;
    YAML_FOR_EACH_PAIR(pair, node)
    {
        struct str key = yaml_key(f, pair);
        const yaml_node_t *value = yaml_at(f, pair->value);
        if (str_is(key, "match"))
            rc = key_text(f, value, "match", &rule->match);
        else if (str_is(key, "level"))
            rc = read_level(f, value, "level", &rule->level);
        else
            rc = yaml_refuse(f, yaml_at(f, pair->key), "a rule has 'match' and 'level', not '%s'",
                             quote(key).text);
        if (rc != 0)
            return rc;
    }
    if (!rule->match || !rule->level)
        return yaml_refuse(f, node, "a rule needs both 'match' and 'level'");
    return 0;
}

int parse_key_levels(struct parse_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = 0;

    if (node->type != YAML_SEQUENCE_NODE)
        return yaml_refuse(f, node, "'levels' is a list: [{match: text, level: warn}]");
    if (yaml_list_count(node) > RULES_MAX)
        return yaml_refuse(f, node, "'levels' has more than %d rules", RULES_MAX);
    p->levels = calloc(yaml_list_count(node) + 1, sizeof *p->levels);
    if (!p->levels)
        return key_no_memory(f);
    YAML_FOR_EACH_ITEM(item, node)
    {
        rc = read_rule(&p->levels[p->level_count++], f, yaml_at(f, *item));
        if (rc != 0)
            return rc;
    }
    return 0;
}

int parse_key_default_level(struct parse_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    int rc;

    if (node->type != YAML_MAPPING_NODE) {
        rc = read_level(f, node, "default_level", &p->stdout_level);
        p->stderr_level = p->stdout_level;
        return rc;
    }
    rc = yaml_map(f, node, "default_level");
    if (rc != 0)
        return rc;
    YAML_FOR_EACH_PAIR(pair, node)
    {
        struct str key = yaml_key(f, pair);
        if (str_is(key, "stdout"))
            rc = read_level(f, yaml_at(f, pair->value), "stdout", &p->stdout_level);
        else if (str_is(key, "stderr"))
            rc = read_level(f, yaml_at(f, pair->value), "stderr", &p->stderr_level);
        else
            rc = yaml_refuse(f, yaml_at(f, pair->key), "'%s' is neither stdout nor stderr",
                             quote(key).text);
        if (rc != 0)
            return rc;
    }
    return 0;
}

#define PARSE_KEY(key, ...)                                                                        \
    int key_##key(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)            \
    {                                                                                              \
        return parse_key_##key(&p->parse, f, node);                                                \
    }
#include "conf/parsing.def"
#undef PARSE_KEY

void parse_conf_fini(struct parse_conf *p)
{
    for (size_t i = 0; i < p->level_count; i++)
        free(p->levels[i].match);
    free(p->levels);
    free(p->timezone);
    *p = (struct parse_conf){0};
}
