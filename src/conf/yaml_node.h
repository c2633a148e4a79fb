/* SPDX-License-Identifier: MIT
 *
 * yaml_node.h - one YAML document as a tree whose every node knows its place.
 *
 * libyaml parses; these few verbs are all that the readers of the configuration need: is it a text,
 * a list, a map, and the sentence with line and column when it is not. Texts are valid UTF-8
 * because libyaml refuses anything else, and never hold a zero byte because we do.
 *
 * Nodes may be shared by aliases and could even form a circle; readers go down a fixed number of
 * steps, so that this is harmless.
 *
 * Threads: any. Owns: the document.
 */
#ifndef LM_CONF_YAML_NODE_H
#define LM_CONF_YAML_NODE_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>
#include <yaml.h>

struct yaml_file {
    yaml_document_t doc;
    struct errinfo *err; /* where sentences go; may be NULL */
};

/* -LM_E_SYNTAX when the text is not one well-formed document. yaml_file_close() only after success. */
int yaml_file_open(struct yaml_file *f, struct str text, struct errinfo *err) LM_MUST_CHECK;
void yaml_file_close(struct yaml_file *f);

/* The top of the document; NULL when it is empty. */
yaml_node_t *yaml_root(struct yaml_file *f);
yaml_node_t *yaml_at(struct yaml_file *f, int index);

/* Fails with a sentence at the place of the node: -LM_E_INVALID. */
int yaml_refuse(struct yaml_file *f, const yaml_node_t *node, const char *fmt, ...) LM_PRINTF(3, 4);

/* Adds the place of the node to a sentence that somebody else has set; returns code. */
int yaml_place(struct yaml_file *f, const yaml_node_t *node, int code);

/* The text of a scalar, borrowed from the document; `what` names it in the sentence otherwise. */
int yaml_text(struct yaml_file *f, const yaml_node_t *node, const char *what,
              struct str *ret_text) LM_MUST_CHECK;
/* A map whose keys are texts, none given twice. */
int yaml_map(struct yaml_file *f, const yaml_node_t *node, const char *what) LM_MUST_CHECK;

/* The text of a key of a node that passed yaml_map(). */
struct str yaml_key(struct yaml_file *f, const yaml_node_pair_t *pair);

/* A number that two equal values share, whatever the order of a map's members. Only for nodes that
 * were read: what lies deeper than four levels does not count. */
uint64_t yaml_hash(struct yaml_file *f, const yaml_node_t *node);

/* How many members a list or a map has. */
static inline size_t yaml_list_count(const yaml_node_t *node)
{
    return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
}
static inline size_t yaml_map_count(const yaml_node_t *node)
{
    return (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
}

/* One of the words of "os|interval|always"; *ret_index is its place. */
int yaml_choice(struct yaml_file *f, const yaml_node_t *node, const char *what, const char *choices,
                unsigned *ret_index) LM_MUST_CHECK;

#define YAML_FOR_EACH_PAIR(pair, node)                                                             \
    for (yaml_node_pair_t *pair = (node)->data.mapping.pairs.start;                                \
         pair < (node)->data.mapping.pairs.top; pair++)

#define YAML_FOR_EACH_ITEM(item, node)                                                             \
    for (const yaml_node_item_t *item = (node)->data.sequence.items.start;                         \
         item < (node)->data.sequence.items.top; item++)

#endif
