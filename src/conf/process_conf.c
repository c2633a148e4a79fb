/* SPDX-License-Identifier: MIT
 *
 * process_conf.c - the part `processes:` of the configuration: entries, and the keys of each.
 *
 * The table below is made from processes.def, so a key without a function does not link and a
 * function without a key is unused; both are noticed by the compiler.
 */
#include "conf/process_conf.h"

#include "conf/label_conf.h"
#include "conf/process_key.h"
#include "conf/process_order.h"
#include "conf/words.h"

#include <stdio.h>
#include <stdlib.h>

enum changes { CHANGES_HUB, CHANGES_LIFE };

static const char *const key_names[] = {
#define PROCESS_KEY(key, ...) #key,
#include "conf/processes.def"
};
static const struct {
    key_fn *read;
    enum changes changes;
} key_infos[] = {
#define PROCESS_KEY(key, changes, ...) {key_##key, CHANGES_##changes},
#include "conf/processes.def"
};
enum { KEY_COUNT = sizeof key_names / sizeof *key_names };

static int read_key(struct process_conf *p, struct yaml_file *f, const yaml_node_pair_t *pair)
{
    const yaml_node_t *node = yaml_at(f, pair->value);
    struct str key = yaml_key(f, pair);
    char whom[PROCESS_NAME_MAX + 16];
    size_t i = 0;

    while (i < KEY_COUNT && !str_is(key, key_names[i]))
        i++;
    snprintf(whom, sizeof whom, "process '%s'", p->name);
    if (i == KEY_COUNT)
        return key_unknown(f, pair, whom, key_names, KEY_COUNT);
    int rc = key_infos[i].read(p, f, node);
    if (rc == 0 && key_infos[i].changes == CHANGES_LIFE)
        p->life_hash += yaml_hash(f, node) * (2 * i + 1);
    return rc;
}

/* What holds when a key is not there, as processes.def says it. */
static const struct process_conf defaults = {
    .restart_delay_ms = 100,
    .restart_limit = 16,
    .log_size = 64ull * 1024 * 1024,
    .log_count = 5,
};

static int read_conf(struct process_conf *p, struct yaml_file *f, struct str name,
                     const yaml_node_t *node)
{
    *p = defaults;
    int rc = key_copy_text(f, name, &p->name);
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
    return p->argv ? 0 : yaml_refuse(f, node, "process '%s' has no command", p->name);
}

/* The member `name`, which an entry of a map has in front of it instead. */
static int take_name(struct yaml_file *f, yaml_node_t *node, struct str *name)
{
    yaml_node_pair_t *to = node->data.mapping.pairs.start;
    int rc = 0;

    YAML_FOR_EACH_PAIR(pair, node)
    {
        if (rc == 0 && str_is(yaml_key(f, pair), "name"))
            rc = yaml_text(f, yaml_at(f, pair->value), "name", name);
        else
            *to++ = *pair;
    }
    node->data.mapping.pairs.top = to;
    if (rc == 0 && !conf_name_ok(*name))
        rc = yaml_refuse(f, node,
                         "'%s' cannot be a name: it has 1 to 64 of letters, digits, '.', "
                         "'_' and '-'",
                         quote(*name).text);
    return rc;
}

int process_conf_parse(struct process_conf *p, struct str text, struct str name,
                       struct errinfo *info)
{
    struct yaml_file f;
    int rc = yaml_file_open(&f, text, info);

    *p = (struct process_conf){0};
    if (rc < 0)
        return rc;
    yaml_node_t *root = yaml_root(&f);
    if (!root)
        rc = err_set(info, -LM_E_SYNTAX, "there is nothing in it");
    if (rc == 0)
        rc = yaml_map(&f, root, "a process");
    if (rc == 0)
        rc = take_name(&f, root, &name);
    if (rc == 0)
        rc = read_conf(p, &f, name, root);
    if (rc == 0 && p->depends_on)
        rc = yaml_refuse(&f, root, "a job depends on nobody; start it when it can run");
    yaml_file_close(&f);
    return rc;
}

/* ---- all of them ---- */

static int read_entry(struct settings *s, struct yaml_file *f, const yaml_node_pair_t *pair)
{
    struct str name = yaml_key(f, pair);

    if (!conf_name_ok(name))
        return yaml_refuse(f, yaml_at(f, pair->key),
                           "'%s' cannot be a process: names are 1 to 64 of letters, digits, '.', "
                           "'_' and '-'",
                           quote(name).text);
    struct process_conf *p = &s->processes[s->process_count++];
    int rc = read_conf(p, f, name, yaml_at(f, pair->value));
    if (rc == 0 && p->follow)
        s->follow_hash +=
            yaml_hash(f, yaml_at(f, pair->key)) * 3 + yaml_hash(f, yaml_at(f, pair->value));
    return rc;
}

int processes_conf_read(struct settings *s, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = yaml_map(f, node, "processes");

    lm_assert(!s->processes);
    if (rc != 0)
        return rc;
    if (yaml_map_count(node) > PROCESS_COUNT_MAX)
        return yaml_refuse(f, node, "more than %d processes", PROCESS_COUNT_MAX);
    s->processes = calloc(yaml_map_count(node) + 1, sizeof *s->processes);
    if (!s->processes)
        return key_no_memory(f);
    YAML_FOR_EACH_PAIR(pair, node)
    {
        rc = read_entry(s, f, pair);
        if (rc != 0)
            return rc;
    }
    struct errinfo info;
    if (process_order_check(s->processes, s->process_count, &info) < 0)
        return yaml_refuse(f, node, "%s", info.text);
    return 0;
}

static void check_fini(struct process_check *c)
{
    words_free(c->argv);
    free(c->host);
    free(c->text);
}

void process_conf_fini(struct process_conf *p)
{
    label_conf_free(p->labels, p->label_count);
    free(p->name);
    words_free(p->argv);
    free(p->directory);
    free(p->follow);
    parse_conf_fini(&p->parse);
    words_free(p->env);
    words_free(p->depends_on);
    check_fini(&p->ready);
    check_fini(&p->health);
    free(p->user);
    free(p->group);
    *p = (struct process_conf){0};
}
