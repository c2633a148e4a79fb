/* SPDX-License-Identifier: MIT
 *
 * file_conf.c - one function per key of files.def.
 */
#include "conf/file_conf.h"

#include "conf/choice.h"
#include "conf/entry_conf.h"
#include "conf/words.h"

#include <stdlib.h>

typedef int key_fn(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node);

static int file_path(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    return entry_texts(f, node, "path", &c->paths);
}

static int file_exclude(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    return entry_texts(f, node, "exclude", &c->exclude);
}

static int file_source(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    struct str text;
    int rc = yaml_text(f, node, "source", &text);

    if (rc == 0 && !conf_name_ok(text))
        return yaml_refuse(f, node,
                           "'%s' cannot be a source: names are 1 to 64 of letters, digits, '.', "
                           "'_' and '-'",
                           quote(text).text);
    return rc == 0 ? entry_copy(f, text, &c->source) : rc;
}

static int file_labels(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    return entry_labels(f, node, &c->labels, &c->label_count);
}

static int file_store(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    bool stored = true;
    int rc = entry_bool(f, node, "store", &stored);

    c->unstored = !stored;
    return rc;
}

static int file_join(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    bool joins = true;
    int rc = entry_bool(f, node, "join", &joins);

    c->apart = !joins;
    return rc;
}

static int file_start(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    unsigned index = START_BEGINNING;
    int rc = entry_choice(f, node, "start", "beginning|end", &index);

    c->start = (enum start_at)index;
    return rc;
}

static const char *const key_names[] = {
#define FILE_KEY(key, ...) #key,
#include "conf/files.def"
#undef FILE_KEY
};
static key_fn *const key_functions[] = {
#define FILE_KEY(key, ...) file_##key,
#include "conf/files.def"
#undef FILE_KEY
};
enum { KEY_COUNT = sizeof key_names / sizeof *key_names };

static int read_key(struct file_conf *c, struct yaml_file *f, const yaml_node_pair_t *pair)
{
    const char *names[KEY_COUNT + ENTRY_PARSE_KEYS_MAX];
    struct str key = yaml_key(f, pair);
    int rc;

    for (size_t i = 0; i < KEY_COUNT; i++)
        if (str_is(key, key_names[i]))
            return key_functions[i](c, f, yaml_at(f, pair->value));
    if (entry_parse_key(&c->parse, f, key, yaml_at(f, pair->value), &rc))
        return rc;
    memcpy(names, key_names, sizeof key_names);
    const char *nearest =
        err_nearest(quote(key).text, names, KEY_COUNT + entry_parse_keys(names + KEY_COUNT));
    return yaml_refuse(f, yaml_at(f, pair->key), "unknown key '%s' of 'files'%s%s%s",
                       quote(key).text, nearest ? ": did you mean '" : "", nearest ? nearest : "",
                       nearest ? "'?" : "");
}

static int read_entry(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = yaml_map(f, node, "an entry of files");

    if (rc != 0)
        return rc;
    YAML_FOR_EACH_PAIR(pair, node)
    {
        rc = read_key(c, f, pair);
        if (rc != 0)
            return rc;
    }
    return c->paths ? 0 : yaml_refuse(f, node, "this entry of 'files' has no 'path'");
}

int file_conf_read(struct settings *s, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = 0;

    lm_assert(!s->files);
    if (node->type != YAML_SEQUENCE_NODE)
        return yaml_refuse(f, node, "'files' is a list: - {path: \"/var/log/app/*.log\"}");
    size_t n = entry_count(node);
    if (n > FILES_COUNT_MAX)
        return yaml_refuse(f, node, "more than %d entries of 'files'", FILES_COUNT_MAX);
    s->files = calloc(n + 1, sizeof *s->files);
    if (!s->files)
        return entry_no_memory(f);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = read_entry(&s->files[s->file_count++], f,
                        yaml_at(f, node->data.sequence.items.start[i]));
    return rc;
}

void file_conf_fini(struct file_conf *c)
{
    words_free(c->paths);
    words_free(c->exclude);
    free(c->source);
    entry_labels_free(c->labels, c->label_count);
    entry_parse_fini(&c->parse);
    *c = (struct file_conf){0};
}
