/* SPDX-License-Identifier: MIT
 *
 * keep_conf.c - one function per key of keeps.def.
 */
#include "conf/keep_conf.h"

#include "conf/label_conf.h"
#include "conf/process_key.h"
#include "conf/units.h"

#include <stdlib.h>

typedef int keep_key_fn(struct keep_conf *k, struct yaml_file *f, const yaml_node_t *node);

static int keep_source(struct keep_conf *k, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = key_text(f, node, "source", &k->source);

    if (rc == 0 && strlen(k->source) > LABEL_VALUE_MAX)
        return yaml_refuse(f, node, "a source has at most %d bytes", LABEL_VALUE_MAX);
    return rc;
}

static int keep_labels(struct keep_conf *k, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = label_conf_read(f, node, &k->labels, &k->label_count);

    for (size_t i = 0; rc == 0 && i < k->label_count; i++)
        if (!k->labels[i].value[0])
            return yaml_refuse(f, node, "the label '%s' of a rule has no value", k->labels[i].name);
    return rc;
}

static int keep_max_age(struct keep_conf *k, struct yaml_file *f, const yaml_node_t *node)
{
    struct str text;
    int rc = yaml_text(f, node, "max_age", &text);

    if (rc == 0 && (!duration_parse(text, &k->max_age_ms) || k->max_age_ms == 0))
        return yaml_refuse(f, node, "'max_age' is a duration such as 12h or 7d, not '%s'",
                           quote(text).text);
    return rc;
}

static const char *const key_names[] = {
#define KEEP_KEY(key, ...) #key,
#include "conf/keeps.def"
#undef KEEP_KEY
};
static keep_key_fn *const key_functions[] = {
#define KEEP_KEY(key, ...) keep_##key,
#include "conf/keeps.def"
#undef KEEP_KEY
};
enum { KEY_COUNT = sizeof key_names / sizeof *key_names };

static int read_key(struct keep_conf *k, struct yaml_file *f, const yaml_node_pair_t *pair)
{
    struct str key = yaml_key(f, pair);

    for (size_t i = 0; i < KEY_COUNT; i++)
        if (str_is(key, key_names[i]))
            return key_functions[i](k, f, yaml_at(f, pair->value));
    return key_unknown(f, pair, "a rule", key_names, KEY_COUNT);
}

static int read_rule(struct settings *s, struct yaml_file *f, const yaml_node_t *node)
{
    struct keep_conf *k = &s->keeps[s->keep_count++];
    int rc = yaml_map(f, node, "a rule");

    if (rc != 0)
        return rc;
    YAML_FOR_EACH_PAIR(member, node)
    {
        rc = read_key(k, f, member);
        if (rc != 0)
            return rc;
    }
    if (!k->max_age_ms)
        return yaml_refuse(f, node, "a rule needs a max_age");
    if (!k->source && k->label_count == 0)
        return yaml_refuse(f, node,
                           "a rule needs a source or labels; retention.max_age is for everything");
    if (k->label_count + (k->source != NULL) > LABEL_COUNT_MAX)
        return yaml_refuse(f, node, "a rule has at most %d labels, its source included",
                           LABEL_COUNT_MAX);
    return 0;
}

int keep_conf_read(struct settings *s, struct yaml_file *f, const yaml_node_t *node)
{
    lm_assert(!s->keeps);
    if (node->type != YAML_SEQUENCE_NODE)
        return yaml_refuse(f, node, "'retention.rules' is a list of rules");
    if (yaml_list_count(node) > KEEP_COUNT_MAX)
        return yaml_refuse(f, node, "more than %d rules", KEEP_COUNT_MAX);
    s->keeps = calloc(yaml_list_count(node) + 1, sizeof *s->keeps);
    if (!s->keeps)
        return key_no_memory(f);
    YAML_FOR_EACH_ITEM(item, node)
    {
        int rc = read_rule(s, f, yaml_at(f, *item));
        if (rc != 0)
            return rc;
    }
    return 0;
}

void keep_conf_fini(struct keep_conf *k)
{
    label_conf_free(k->labels, k->label_count);
    free(k->source);
    *k = (struct keep_conf){0};
}
