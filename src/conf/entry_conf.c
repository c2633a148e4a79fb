/* SPDX-License-Identifier: MIT
 *
 * entry_conf.c - texts, choices and labels of entries, and one function per key of parsing.def.
 */
#include "conf/entry_conf.h"

#include "conf/choice.h"
#include "conf/words.h"

#include <errno.h>
#include <stdlib.h>

enum { TEXTS_MAX = 1000, RULES_MAX = 256 };

static const char level_words[] = "trace|debug|info|warn|error|fatal";

int entry_no_memory(struct yaml_file *f)
{
    return err_set(f->err, -ENOMEM, "no memory for the configuration");
}

size_t entry_count(const yaml_node_t *node)
{
    if (node->type == YAML_SEQUENCE_NODE)
        return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    return (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
}

int entry_copy(struct yaml_file *f, struct str text, char **ret)
{
    *ret = strndup(text.p, text.n);
    return *ret ? 0 : entry_no_memory(f);
}

int entry_text(struct yaml_file *f, const yaml_node_t *node, const char *what, char **ret)
{
    struct str text;
    int rc = yaml_text(f, node, what, &text);

    if (rc == 0 && text.n == 0)
        return yaml_refuse(f, node, "'%s' is empty", what);
    return rc == 0 ? entry_copy(f, text, ret) : rc;
}

int entry_texts(struct yaml_file *f, const yaml_node_t *node, const char *what, char ***ret)
{
    bool is_list = node->type == YAML_SEQUENCE_NODE;
    size_t n = is_list ? entry_count(node) : 1;
    int rc = 0;

    if (n == 0)
        return yaml_refuse(f, node, "'%s' is empty", what);
    if (n > TEXTS_MAX)
        return yaml_refuse(f, node, "'%s' has more than %d members", what, TEXTS_MAX);
    char **texts = calloc(n + 1, sizeof *texts);
    if (!texts)
        return entry_no_memory(f);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = entry_text(f, is_list ? yaml_at(f, node->data.sequence.items.start[i]) : node, what,
                        &texts[i]);
    if (rc == 0)
        *ret = texts;
    else
        words_free(texts);
    return rc;
}

int entry_choice(struct yaml_file *f, const yaml_node_t *node, const char *what,
                 const char *choices, unsigned *ret_index)
{
    struct str text;
    int rc = yaml_text(f, node, what, &text);

    if (rc == 0 && !choice_find(choices, text, ret_index))
        rc = yaml_place(f, node, choice_refuse(choices, what, text, f->err));
    return rc;
}

int entry_bool(struct yaml_file *f, const yaml_node_t *node, const char *what, bool *ret)
{
    unsigned index = 0;
    int rc = entry_choice(f, node, what, "false|true", &index);

    if (rc == 0)
        *ret = index == 1;
    return rc;
}

/* --- labels --- */

static int read_label(struct conf_label *label, struct yaml_file *f, const yaml_node_pair_t *pair)
{
    struct str name = yaml_key(f, pair), value;

    if (!conf_label_ok(name))
        return yaml_refuse(f, yaml_at(f, pair->key),
                           "'%s' cannot be a label: names match [a-z_][a-z0-9_.]{0,63} and are not "
                           "those of the record's own members",
                           quote(name).text);
    int rc = yaml_text(f, yaml_at(f, pair->value), quote(name).text, &value);
    if (rc != 0)
        return rc;
    if (value.n > LABEL_VALUE_MAX)
        return yaml_refuse(f, yaml_at(f, pair->value), "the value of '%s' is longer than %d bytes",
                           quote(name).text, LABEL_VALUE_MAX);
    rc = entry_copy(f, name, &label->name);
    return rc == 0 ? entry_copy(f, value, &label->value) : rc;
}

int entry_labels(struct yaml_file *f, const yaml_node_t *node, struct conf_label **ret,
                 size_t *ret_count)
{
    int rc = yaml_map(f, node, "labels");

    if (rc != 0)
        return rc;
    if (entry_count(node) > LABEL_COUNT_MAX)
        return yaml_refuse(f, node, "more than %d labels", LABEL_COUNT_MAX);
    *ret = calloc(entry_count(node) + 1, sizeof **ret);
    if (!*ret)
        return entry_no_memory(f);
    YAML_FOR_EACH_PAIR(pair, node)
    {
        rc = read_label(&(*ret)[(*ret_count)++], f, pair);
        if (rc != 0)
            return rc;
    }
    return 0;
}

void entry_labels_free(struct conf_label *labels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(labels[i].name);
        free(labels[i].value);
    }
    free(labels);
}

/* --- parsing.def --- */

static int read_level(struct yaml_file *f, const yaml_node_t *node, const char *what, unsigned *ret)
{
    unsigned index = 0;
    int rc = entry_choice(f, node, what, level_words, &index);

    if (rc == 0)
        *ret = index + 1;
    return rc;
}

static int parse_format(struct parse_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    unsigned index = FORMAT_AUTO;
    int rc = entry_choice(f, node, "format", "auto|json|logfmt|syslog|text|docker|cri", &index);

    p->format = (enum line_format)index;
    return rc;
}

static int parse_timezone(struct parse_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    return entry_text(f, node, "timezone", &p->timezone);
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
            rc = entry_text(f, value, "match", &rule->match);
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

static int parse_levels(struct parse_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = 0;

    if (node->type != YAML_SEQUENCE_NODE)
        return yaml_refuse(f, node, "'levels' is a list: [{match: text, level: warn}]");
    size_t n = entry_count(node);
    if (n > RULES_MAX)
        return yaml_refuse(f, node, "'levels' has more than %d rules", RULES_MAX);
    p->levels = calloc(n + 1, sizeof *p->levels);
    if (!p->levels)
        return entry_no_memory(f);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = read_rule(&p->levels[p->level_count++], f,
                       yaml_at(f, node->data.sequence.items.start[i]));
    return rc;
}

static int parse_default_level(struct parse_conf *p, struct yaml_file *f, const yaml_node_t *node)
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

typedef int parse_key_fn(struct parse_conf *p, struct yaml_file *f, const yaml_node_t *node);

static const struct {
    const char *name;
    parse_key_fn *read;
} parse_keys[] = {
#define PARSE_KEY(key, ...) {#key, parse_##key},
#include "conf/parsing.def"
#undef PARSE_KEY
};
enum { PARSE_KEYS = sizeof parse_keys / sizeof *parse_keys };
_Static_assert((int)PARSE_KEYS <= ENTRY_PARSE_KEYS_MAX, "raise ENTRY_PARSE_KEYS_MAX");

size_t entry_parse_keys(const char *names[ENTRY_PARSE_KEYS_MAX])
{
    for (size_t i = 0; i < PARSE_KEYS; i++)
        names[i] = parse_keys[i].name;
    return PARSE_KEYS;
}

bool entry_parse_key(struct parse_conf *p, struct yaml_file *f, struct str key,
                     const yaml_node_t *node, int *ret_rc)
{
    for (size_t i = 0; i < PARSE_KEYS; i++) {
        if (str_is(key, parse_keys[i].name)) {
            *ret_rc = parse_keys[i].read(p, f, node);
            return true;
        }
    }
    return false;
}

void entry_parse_fini(struct parse_conf *p)
{
    for (size_t i = 0; i < p->level_count; i++)
        free(p->levels[i].match);
    free(p->levels);
    free(p->timezone);
    *p = (struct parse_conf){0};
}
