/* SPDX-License-Identifier: MIT
 *
 * token_conf.c - one function per key of tokens.def.
 */
#include "conf/token_conf.h"

#include "conf/choice.h"
#include "conf/label_conf.h"
#include "conf/token_hash.h"

#include <errno.h>
#include <stdlib.h>

typedef int key_fn(struct token_conf *t, struct yaml_file *f, const yaml_node_t *node);

static int copy_text(struct yaml_file *f, struct str text, char **ret)
{
    *ret = strndup(text.p, text.n);
    return *ret ? 0 : err_set(f->err, -ENOMEM, "no memory for the configuration");
}

static int token_name(struct token_conf *t, struct yaml_file *f, const yaml_node_t *node)
{
    struct str text;
    int rc = yaml_text(f, node, "name", &text);

    if (rc == 0 && !conf_name_ok(text))
        return yaml_refuse(f, node,
                           "'%s' cannot be a token's name: 1 to 64 of letters, digits, '.', '_' "
                           "and '-'",
                           quote(text).text);
    return rc == 0 ? copy_text(f, text, &t->name) : rc;
}

static int token_hash(struct token_conf *t, struct yaml_file *f, const yaml_node_t *node)
{
    struct token_hash hash;
    struct str text;
    int rc = yaml_text(f, node, "hash", &text);

    if (rc == 0 && !token_hash_parse(text, &hash))
        return yaml_refuse(f, node,
                           "'hash' is not one that `logmill token create` prints: it begins with "
                           "v1 and is not the token itself");
    return rc == 0 ? copy_text(f, text, &t->hash) : rc;
}

static int token_scope(struct token_conf *t, struct yaml_file *f, const yaml_node_t *node)
{
    unsigned index = TOKEN_READ;
    int rc = yaml_choice(f, node, "scope", TOKEN_SCOPES, &index);

    t->scope = (enum token_scope)index;
    return rc;
}

static int token_labels(struct token_conf *t, struct yaml_file *f, const yaml_node_t *node)
{
    int rc = label_conf_read(f, node, &t->labels, &t->label_count);

    if (rc == 0 && t->label_count > TOKEN_LABELS_MAX)
        return yaml_refuse(f, node, "a token is limited by at most %d labels", TOKEN_LABELS_MAX);
    for (size_t i = 0; rc == 0 && i < t->label_count; i++)
        if (!t->labels[i].value[0])
            return yaml_refuse(f, node, "the label '%s' of a token has no value",
                               t->labels[i].name);
    return rc;
}

static const char *const key_names[] = {
#define TOKEN_KEY(key, ...) #key,
#include "conf/tokens.def"
#undef TOKEN_KEY
};
static key_fn *const key_functions[] = {
#define TOKEN_KEY(key, ...) token_##key,
#include "conf/tokens.def"
#undef TOKEN_KEY
};
enum { KEY_COUNT = sizeof key_names / sizeof *key_names };

static int read_key(struct token_conf *t, struct yaml_file *f, const yaml_node_pair_t *pair)
{
    struct str key = yaml_key(f, pair);

    for (size_t i = 0; i < KEY_COUNT; i++)
        if (str_is(key, key_names[i]))
            return key_functions[i](t, f, yaml_at(f, pair->value));
    const char *nearest = err_nearest(quote(key).text, key_names, KEY_COUNT);
    return yaml_refuse(f, yaml_at(f, pair->key), "unknown key '%s' of a token%s%s%s",
                       quote(key).text, nearest ? ": did you mean '" : "", nearest ? nearest : "",
                       nearest ? "'?" : "");
}

static int read_token(struct settings *s, struct yaml_file *f, const yaml_node_t *node)
{
    struct token_conf *t = &s->tokens[s->token_count++];
    int rc = yaml_map(f, node, "a token");

    if (rc != 0)
        return rc;
    YAML_FOR_EACH_PAIR(member, node)
    {
        rc = read_key(t, f, member);
        if (rc != 0)
            return rc;
    }
    if (!t->name || !t->hash)
        return yaml_refuse(f, node, "a token needs a %s; `logmill token create` prints both",
                           t->name ? "hash" : "name");
    for (size_t i = 0; i + 1 < s->token_count; i++)
        if (strcmp(s->tokens[i].name, t->name) == 0)
            return yaml_refuse(f, node, "there are two tokens named '%s'", t->name);
    return 0;
}

int token_conf_read(struct settings *s, struct yaml_file *f, const yaml_node_t *node)
{
    lm_assert(!s->tokens);
    if (node->type != YAML_SEQUENCE_NODE)
        return yaml_refuse(f, node, "'auth.tokens' is a list of tokens");
    if (yaml_list_count(node) > TOKEN_COUNT_MAX)
        return yaml_refuse(f, node, "more than %d tokens", TOKEN_COUNT_MAX);
    s->tokens = calloc(yaml_list_count(node) + 1, sizeof *s->tokens);
    if (!s->tokens)
        return err_set(f->err, -ENOMEM, "no memory for the configuration");
    YAML_FOR_EACH_ITEM(item, node)
    {
        int rc = read_token(s, f, yaml_at(f, *item));
        if (rc != 0)
            return rc;
    }
    return 0;
}

void token_conf_fini(struct token_conf *t)
{
    label_conf_free(t->labels, t->label_count);
    free(t->name);
    free(t->hash);
    *t = (struct token_conf){0};
}
