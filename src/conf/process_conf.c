/* SPDX-License-Identifier: MIT
 *
 * process_conf.c - one function per key of processes.def.
 *
 * The table below is made from processes.def, so a key without a function does not link and a
 * function without a key is unused; both are noticed by the compiler.
 */
#include "conf/process_conf.h"

#include "conf/choice.h"
#include "conf/label_conf.h"
#include "conf/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { ENV_COUNT_MAX = 256 };

typedef int key_fn(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node);

static int no_memory(struct yaml_file *f)
{
    return err_set(f->err, -ENOMEM, "no memory for the configuration");
}

static int copy_text(struct yaml_file *f, struct str text, char **ret)
{
    *ret = strndup(text.p, text.n);
    return *ret ? 0 : no_memory(f);
}

static int command_from_list(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    size_t n = yaml_list_count(node);
    int rc = 0;

    p->argv = calloc(n + 1, sizeof *p->argv);
    if (!p->argv)
        return no_memory(f);
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct str word;
        rc = yaml_text(f, yaml_at(f, node->data.sequence.items.start[i]), "command", &word);
        if (rc == 0)
            rc = copy_text(f, word, &p->argv[i]);
    }
    return rc;
}

static int command_from_text(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    struct str text;
    int rc = yaml_text(f, node, "command", &text);

    if (rc != 0)
        return rc;
    rc = words_split(text, &p->argv);
    if (rc == -LM_E_SYNTAX)
        return yaml_refuse(f, node, "'command' has a quote that is not closed");
    if (rc == -LM_E_FULL)
        return yaml_refuse(f, node, "'command' has too many words");
    return rc == 0 ? 0 : no_memory(f);
}

static int process_command(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = node->type == YAML_SEQUENCE_NODE ? command_from_list(p, f, node)
                                              : command_from_text(p, f, node);

    if (rc == 0 && (!p->argv[0] || !*p->argv[0]))
        return yaml_refuse(f, node, "'command' is empty");
    return rc;
}

static int process_labels(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    return label_conf_read(f, node, &p->labels, &p->label_count);
}

static int process_restart(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    unsigned index = RESTART_NEVER;
    int rc = yaml_choice(f, node, "restart", "never|on-failure|always", &index);

    p->restart = (enum restart)index;
    return rc;
}

static int process_log(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    unsigned index = LOG_TRUNCATE;
    int rc = yaml_choice(f, node, "log", "truncate|append", &index);

    p->log = (enum log_policy)index;
    return rc;
}

static int process_store(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    unsigned index = 0;
    int rc = yaml_choice(f, node, "store", "true|false", &index);

    p->unstored = index == 1;
    return rc;
}

static int process_directory(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    struct str text;
    int rc = yaml_text(f, node, "directory", &text);

    return rc == 0 ? copy_text(f, text, &p->directory) : rc;
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
    return asprintf(ret, "%.*s=%.*s", STR_FMT(name), STR_FMT(value)) < 0 ? no_memory(f) : 0;
}

static int process_env(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = yaml_map(f, node, "env");
    size_t n = 0;

    if (rc != 0)
        return rc;
    if (yaml_map_count(node) > ENV_COUNT_MAX)
        return yaml_refuse(f, node, "more than %d variables", ENV_COUNT_MAX);
    p->env = calloc(yaml_map_count(node) + 1, sizeof *p->env);
    if (!p->env)
        return no_memory(f);
    YAML_FOR_EACH_PAIR(pair, node)
    {
        rc = read_variable(&p->env[n++], f, pair);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static const char *const key_names[] = {
#define PROCESS_KEY(key, ...) #key,
#include "conf/processes.def"
#undef PROCESS_KEY
};
static key_fn *const key_functions[] = {
#define PROCESS_KEY(key, ...) process_##key,
#include "conf/processes.def"
#undef PROCESS_KEY
};
enum { KEY_COUNT = sizeof key_names / sizeof *key_names };

static int read_key(struct process_conf *p, struct yaml_file *f, const yaml_node_pair_t *pair)
{
    struct str key = yaml_key(f, pair);

    for (size_t i = 0; i < KEY_COUNT; i++)
        if (str_is(key, key_names[i]))
            return key_functions[i](p, f, yaml_at(f, pair->value));
    const char *nearest = err_nearest(quote(key).text, key_names, KEY_COUNT);
    return yaml_refuse(f, yaml_at(f, pair->key), "unknown key '%s' of process '%s'%s%s%s",
                       quote(key).text, p->name, nearest ? ": did you mean '" : "",
                       nearest ? nearest : "", nearest ? "'?" : "");
}

static int read_process(struct process_conf *p, struct yaml_file *f, const yaml_node_pair_t *pair)
{
    struct str name = yaml_key(f, pair);
    yaml_node_t *node = yaml_at(f, pair->value);

    if (!conf_name_ok(name))
        return yaml_refuse(f, yaml_at(f, pair->key),
                           "'%s' cannot be a process: names are 1 to 64 of letters, digits, '.', "
                           "'_' and '-'",
                           quote(name).text);
    int rc = copy_text(f, name, &p->name);
    if (rc == 0)
        rc = yaml_map(f, node, p->name);
    if (rc != 0)
        return rc;
    YAML_FOR_EACH_PAIR(member, node)
    {
        rc = read_key(p, f, member);
        if (rc != 0)
            return rc;
    }
    return p->argv ? 0
                   : yaml_refuse(f, yaml_at(f, pair->key), "process '%s' has no command", p->name);
}

int process_conf_read(struct settings *s, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = yaml_map(f, node, "processes");

    lm_assert(!s->processes);
    if (rc != 0)
        return rc;
    if (yaml_map_count(node) > PROCESS_COUNT_MAX)
        return yaml_refuse(f, node, "more than %d processes", PROCESS_COUNT_MAX);
    s->processes = calloc(yaml_map_count(node) + 1, sizeof *s->processes);
    if (!s->processes)
        return no_memory(f);
    YAML_FOR_EACH_PAIR(pair, node)
    {
        rc = read_process(&s->processes[s->process_count++], f, pair);
        if (rc != 0)
            return rc;
    }
    return 0;
}

void process_conf_fini(struct process_conf *p)
{
    label_conf_free(p->labels, p->label_count);
    free(p->name);
    words_free(p->argv);
    free(p->directory);
    words_free(p->env);
    *p = (struct process_conf){0};
}
