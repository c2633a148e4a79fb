/* SPDX-License-Identifier: MIT
 *
 * label_conf.c - names and values within the limits of the record.
 */
#include "conf/label_conf.h"

#include "conf/choice.h"

#include <errno.h>
#include <stdlib.h>

static int no_memory(struct yaml_file *f)
{
    return err_set(f->err, -ENOMEM, "no memory for the configuration");
}

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
    label->name = strndup(name.p, name.n);
    label->value = strndup(value.p, value.n);
    return label->name && label->value ? 0 : no_memory(f);
}

int label_conf_read(struct yaml_file *f, const yaml_node_t *node, struct conf_label **ret,
                    size_t *ret_count)
{
    int rc = yaml_map(f, node, "labels");

    if (rc != 0)
        return rc;
    size_t n = yaml_map_count(node);
    if (n > LABEL_COUNT_MAX)
        return yaml_refuse(f, node, "more than %d labels", LABEL_COUNT_MAX);
    struct conf_label *labels = calloc(n + 1, sizeof *labels);
    if (!labels)
        return no_memory(f);
    *ret = labels;
    *ret_count = n;
    YAML_FOR_EACH_PAIR(pair, node)
    {
        rc = read_label(labels++, f, pair);
        if (rc != 0)
            return rc;
    }
    return 0;
}

void label_conf_free(struct conf_label *labels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(labels[i].name);
        free(labels[i].value);
    }
    free(labels);
}
