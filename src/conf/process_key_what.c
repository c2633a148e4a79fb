/* SPDX-License-Identifier: MIT
 *
 * process_key_what.c - keys that say what is run, and as whom: command, labels, environment,
 * limits.
 */
#include "conf/process_key.h"

#include "conf/label_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { ENV_COUNT_MAX = 256 };

int key_command(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    return key_words(f, node, "command", &p->argv);
}

int key_labels(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    return label_conf_read(f, node, &p->labels, &p->label_count);
}

int key_directory(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    struct str text;
    int rc = yaml_text(f, node, "directory", &text);

    return rc == 0 ? key_copy_text(f, text, &p->directory) : rc;
}

static bool variable_ok(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return name.n > 0;
}

static int read_variable(char **ret, struct yaml_file *f, const yaml_node_pair_t *pair)
{
    struct str name = yaml_key(f, pair), value = STR("");
    yaml_node_t *node = yaml_at(f, pair->value);

    if (!variable_ok(name))
        return yaml_refuse(f, yaml_at(f, pair->key), "'%s' cannot be a variable's name",
                           quote(name).text);
    int rc = yaml_text(f, node, quote(name).text, &value);
    if (rc != 0)
        return rc;
    return asprintf(ret, "%.*s=%.*s", STR_FMT(name), STR_FMT(value)) < 0 ? key_no_memory(f) : 0;
}

int key_env(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = yaml_map(f, node, "env");
    size_t n = 0;

    if (rc != 0)
        return rc;
    if (yaml_map_count(node) > ENV_COUNT_MAX)
        return yaml_refuse(f, node, "more than %d variables", ENV_COUNT_MAX);
    p->env = calloc(yaml_map_count(node) + 1, sizeof *p->env);
    if (!p->env)
        return key_no_memory(f);
    YAML_FOR_EACH_PAIR(pair, node)
    {
        rc = read_variable(&p->env[n++], f, pair);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int key_user(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    struct str text;
    int rc = yaml_text(f, node, "user", &text);

    return rc == 0 ? key_copy_text(f, text, &p->user) : rc;
}

int key_group(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    struct str text;
    int rc = yaml_text(f, node, "group", &text);

    return rc == 0 ? key_copy_text(f, text, &p->group) : rc;
}

/* ---- limits ---- */

enum limit_kind { LIMIT_OF_SIZE, LIMIT_OF_COUNT };

static const struct limit_key {
    const char *name;
    int resource;
    enum limit_kind kind;
} limit_keys[] = {
#define PROCESS_LIMIT(key, resource, kind, sentence) {#key, resource, LIMIT_OF_##kind},
#include "conf/processes.def"
};
_Static_assert(sizeof limit_keys / sizeof *limit_keys == LIMIT_COUNT, "a place for each limit");

/* One percent is the least that the kernel takes. */
static uint64_t least_of(const struct limit_key *key)
{
    return key->resource == GROUP_CPU ? 1 : 0;
}

static uint64_t most_of(const struct limit_key *key)
{
    return key->resource == GROUP_CPU ? 1000000 : INT64_MAX;
}

static int read_limit(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node,
                      const struct limit_key *key)
{
    struct process_limit *limit = &p->limits[p->limit_count++];
    struct str text;
    int rc = yaml_text(f, node, key->name, &text);

    *limit = (struct process_limit){key->resource, UINT64_MAX};
    if (rc < 0 || str_is(text, "unlimited"))
        return rc;
    return key->kind == LIMIT_OF_SIZE
               ? key_size(f, node, key->name, 0, INT64_MAX, &limit->value)
               : key_number(f, node, key->name, least_of(key), most_of(key), &limit->value);
}

int key_limits(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    const char *names[LIMIT_COUNT];
    int rc = yaml_map(f, node, "limits");

    for (size_t i = 0; i < LIMIT_COUNT; i++)
        names[i] = limit_keys[i].name;
    if (rc != 0)
        return rc;
    YAML_FOR_EACH_PAIR(pair, node)
    {
        size_t i = 0;
        while (i < LIMIT_COUNT && !str_is(yaml_key(f, pair), names[i]))
            i++;
        rc = i < LIMIT_COUNT ? read_limit(p, f, yaml_at(f, pair->value), &limit_keys[i])
                             : key_unknown(f, pair, "'limits'", names, LIMIT_COUNT);
        if (rc != 0)
            return rc;
    }
    return 0;
}
