/* SPDX-License-Identifier: MIT
 *
 * file_conf.c - one function per key of files.def.
 */
#include "conf/file_conf.h"

#include "conf/label_conf.h"
#include "conf/parse_key.h"
#include "conf/process_key.h"
#include "conf/words.h"

#include <stdlib.h>

enum { PATHS_MAX = 1000 };

typedef int file_key_fn(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node);

/* One text or a list of them: an array that ends with NULL. */
static int read_texts(struct yaml_file *f, const yaml_node_t *node, const char *what, char ***ret)
{
    bool is_list = node->type == YAML_SEQUENCE_NODE;
    size_t n = is_list ? yaml_list_count(node) : 1;
    int rc = 0;

    if (n == 0)
        return yaml_refuse(f, node, "'%s' is empty", what);
    if (n > PATHS_MAX)
        return yaml_refuse(f, node, "'%s' has more than %d members", what, PATHS_MAX);
    char **texts = calloc(n + 1, sizeof *texts);
    if (!texts)
        return key_no_memory(f);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = key_text(f, is_list ? yaml_at(f, node->data.sequence.items.start[i]) : node, what,
                      &texts[i]);
    if (rc == 0)
        *ret = texts;
    else
        words_free(texts);
    return rc;
}

static int file_path(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    return read_texts(f, node, "path", &c->paths);
}

static int file_exclude(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    return read_texts(f, node, "exclude", &c->exclude);
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
    return rc == 0 ? key_copy_text(f, text, &c->source) : rc;
}

static int file_labels(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    return label_conf_read(f, node, &c->labels, &c->label_count);
}

static int file_store(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    bool stored = true;
    int rc = key_bool(f, node, "store", &stored);

    c->unstored = !stored;
    return rc;
}

static int file_join(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    bool joins = true;
    int rc = key_bool(f, node, "join", &joins);

    c->apart = !joins;
    return rc;
}

static int file_start(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)
{
    unsigned index = START_BEGINNING;
    int rc = yaml_choice(f, node, "start", "beginning|end", &index);

    c->start = (enum start_at)index;
    return rc;
}

#define PARSE_KEY(key, ...)                                                                        \
    static int file_##key(struct file_conf *c, struct yaml_file *f, const yaml_node_t *node)       \
    {                                                                                              \
        return parse_key_##key(&c->parse, f, node);                                                \
    }
#include "conf/parsing.def"
#undef PARSE_KEY

static const char *const key_names[] = {
#define FILE_KEY(key, ...) #key,
#include "conf/files.def"
#undef FILE_KEY
};
static file_key_fn *const key_functions[] = {
#define FILE_KEY(key, ...) file_##key,
#include "conf/files.def"
#undef FILE_KEY
};
enum { KEY_COUNT = sizeof key_names / sizeof *key_names };

static int read_key(struct file_conf *c, struct yaml_file *f, const yaml_node_pair_t *pair)
{
    struct str key = yaml_key(f, pair);

    for (size_t i = 0; i < KEY_COUNT; i++)
        if (str_is(key, key_names[i]))
            return key_functions[i](c, f, yaml_at(f, pair->value));
    return key_unknown(f, pair, "'files'", key_names, KEY_COUNT);
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
    if (yaml_list_count(node) > FILES_COUNT_MAX)
        return yaml_refuse(f, node, "more than %d entries of 'files'", FILES_COUNT_MAX);
    s->files = calloc(yaml_list_count(node) + 1, sizeof *s->files);
    if (!s->files)
        return key_no_memory(f);
    s->follow_hash += yaml_hash(f, node);
    YAML_FOR_EACH_ITEM(item, node)
    {
        rc = read_entry(&s->files[s->file_count++], f, yaml_at(f, *item));
        if (rc != 0)
            return rc;
    }
    return 0;
}

void file_conf_fini(struct file_conf *c)
{
    words_free(c->paths);
    words_free(c->exclude);
    free(c->source);
    label_conf_free(c->labels, c->label_count);
    parse_conf_fini(&c->parse);
    *c = (struct file_conf){0};
}
