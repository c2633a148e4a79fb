/* SPDX-License-Identifier: MIT
 *
 * yaml_node.c - libyaml's documents with sentences people can act on.
 */
#include "conf/yaml_node.h"

#include "base/map.h"
#include "conf/choice.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <xxhash.h>

static int place_at(struct errinfo *err, int code, yaml_mark_t mark)
{
    if (err) {
        err->line = (int)mark.line + 1;
        err->column = (int)mark.column + 1;
    }
    return code;
}

/* Bytes that are not UTF-8 come with an offset only. */
static yaml_mark_t mark_of_offset(struct str text, size_t offset)
{
    yaml_mark_t mark = {0};

    for (size_t i = 0; i < offset && i < text.n; i++) {
        mark.column++;
        if (text.p[i] == '\n')
            mark = (yaml_mark_t){.line = mark.line + 1};
    }
    return mark;
}

static int parser_error(const yaml_parser_t *parser, struct str text, struct errinfo *err)
{
    char sentence[200];

    if (parser->error == YAML_MEMORY_ERROR)
        return err_set(err, -ENOMEM, "no memory for the configuration");
    snprintf(sentence, sizeof sentence, "not well-formed YAML: %s%s%s",
             parser->problem ? parser->problem : "unknown problem", parser->context ? " " : "",
             parser->context ? parser->context : "");
    yaml_mark_t mark = parser->error == YAML_READER_ERROR
                           ? mark_of_offset(text, parser->problem_offset)
                           : parser->problem_mark;
    return place_at(err, err_set(err, -LM_E_SYNTAX, "%s", sentence), mark);
}

/* After the document there must be nothing but the end. */
static int expect_end(yaml_parser_t *parser, struct str text, struct errinfo *err)
{
    yaml_document_t more;
    int rc = 0;

    if (!yaml_parser_load(parser, &more))
        return parser_error(parser, text, err);
    yaml_node_t *root = yaml_document_get_root_node(&more);
    if (root)
        rc = place_at(err,
                      err_set(err, -LM_E_SYNTAX, "a second document starts here; one is enough"),
                      root->start_mark);
    yaml_document_delete(&more);
    return rc;
}

int yaml_file_open(struct yaml_file *f, struct str text, struct errinfo *err)
{
    yaml_parser_t parser;
    int rc = 0;

    if (!yaml_parser_initialize(&parser))
        return err_set(err, -ENOMEM, "no memory for the configuration");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.p, text.n);
    f->err = err;
    if (!yaml_parser_load(&parser, &f->doc)) {
        rc = parser_error(&parser, text, err);
    } else if (yaml_root(f)) {
        rc = expect_end(&parser, text, err);
        if (rc != 0)
            yaml_document_delete(&f->doc);
    }
    yaml_parser_delete(&parser);
    return rc;
}

void yaml_file_close(struct yaml_file *f)
{
    yaml_document_delete(&f->doc);
}

yaml_node_t *yaml_root(struct yaml_file *f)
{
    return yaml_document_get_root_node(&f->doc);
}

yaml_node_t *yaml_at(struct yaml_file *f, int index)
{
    return yaml_document_get_node(&f->doc, index);
}

int yaml_refuse(struct yaml_file *f, const yaml_node_t *node, const char *fmt, ...)
{
    char sentence[sizeof f->err->text];
    va_list args;

    va_start(args, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, args);
    va_end(args);
    return yaml_place(f, node, err_set(f->err, -LM_E_INVALID, "%s", sentence));
}

int yaml_place(struct yaml_file *f, const yaml_node_t *node, int code)
{
    return place_at(f->err, code, node->start_mark);
}

/* An unquoted nothing, `~` or `null`: somebody left the value out. */
static bool is_null(const yaml_node_t *node, struct str text)
{
    return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text.n == 0 || str_is(text, "~") || str_is(text, "null"));
}

int yaml_text(struct yaml_file *f, const yaml_node_t *node, const char *what, struct str *ret_text)
{
    if (node->type != YAML_SCALAR_NODE)
        return yaml_refuse(f, node, "'%s' is a single value, not a %s", what,
                           node->type == YAML_MAPPING_NODE ? "map" : "list");
    struct str text = str_of((const char *)node->data.scalar.value, node->data.scalar.length);
    if (is_null(node, text))
        return yaml_refuse(f, node, "'%s' has no value", what);
    if (memchr(text.p, '\0', text.n))
        return yaml_refuse(f, node, "'%s' holds a zero byte", what);
    *ret_text = text;
    return 0;
}

int yaml_choice(struct yaml_file *f, const yaml_node_t *node, const char *what, const char *choices,
                unsigned *ret_index)
{
    struct str text;
    int rc = yaml_text(f, node, what, &text);

    if (rc == 0 && !choice_find(choices, text, ret_index))
        rc = yaml_place(f, node, choice_refuse(choices, what, text, f->err));
    return rc;
}

struct str yaml_key(struct yaml_file *f, const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = yaml_at(f, pair->key);

    return str_of((const char *)key->data.scalar.value, key->data.scalar.length);
}

static int check_key(struct yaml_file *f, const yaml_node_pair_t *pair, struct map *seen)
{
    yaml_node_t *key = yaml_at(f, pair->key);
    struct str text = STR_NONE;

    int rc = yaml_text(f, key, "a name", &text);
    if (rc != 0)
        return rc;
    const yaml_node_t *first = map_find(seen, text);
    if (first)
        return yaml_refuse(f, key, "'%s' is given twice; the first is at line %zu",
                           quote(text).text, first->start_mark.line + 1);
    return map_put(seen, text, key);
}

int yaml_map(struct yaml_file *f, const yaml_node_t *node, const char *what)
{
    struct map seen = {0};
    int rc = 0;

    if (node->type != YAML_MAPPING_NODE)
        return yaml_refuse(f, node, "'%s' is a map of names and values", what);
    YAML_FOR_EACH_PAIR(pair, node)
    {
        rc = check_key(f, pair, &seen);
        if (rc != 0)
            break;
    }
    map_fini(&seen);
    return rc;
}

enum { HASH_DEPTH = 4 };

static uint64_t hash_node(struct yaml_file *f, const yaml_node_t *node, int depth)
{
    uint64_t hash = (uint64_t)node->type;

    if (node->type == YAML_SCALAR_NODE)
        return XXH3_64bits(node->data.scalar.value, node->data.scalar.length);
    if (depth == 0)
        return hash;
    if (node->type == YAML_SEQUENCE_NODE)
        for (int *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++)
            hash = (hash + hash_node(f, yaml_at(f, *i), depth - 1)) * 0x9e3779b97f4a7c15u;
    if (node->type == YAML_MAPPING_NODE)
        YAML_FOR_EACH_PAIR(pair, node)
        {
            uint64_t both[2] = {hash_node(f, yaml_at(f, pair->key), depth - 1),
                                hash_node(f, yaml_at(f, pair->value), depth - 1)};
            hash += XXH3_64bits(both, sizeof both);
        }
    return hash;
}

uint64_t yaml_hash(struct yaml_file *f, const yaml_node_t *node)
{
    return hash_node(f, node, HASH_DEPTH);
}
