/* SPDX-License-Identifier: MIT
 *
 * entry_conf.h - what entries of `processes:` and of `files:` have in common.
 *
 * Both are sources of lines: they carry labels, may be live only, and may say how their lines are to
 * be understood (parsing.def). Each reader of entries hands the keys of parsing.def on to here.
 *
 * Threads: any. Owns: nothing; what is read becomes the entry's.
 */
#ifndef LM_CONF_ENTRY_CONF_H
#define LM_CONF_ENTRY_CONF_H

#include "conf/settings.h"
#include "conf/yaml_node.h"

int entry_no_memory(struct yaml_file *f);

/* How many members a list or a map has. */
size_t entry_count(const yaml_node_t *node);

/* A zero-terminated copy of a text. */
int entry_copy(struct yaml_file *f, struct str text, char **ret) LM_MUST_CHECK;
int entry_text(struct yaml_file *f, const yaml_node_t *node, const char *what,
               char **ret) LM_MUST_CHECK;
/* One text or a list of them, at least one: an array that ends with NULL. */
int entry_texts(struct yaml_file *f, const yaml_node_t *node, const char *what,
                char ***ret) LM_MUST_CHECK;

/* One of the words of "a|b|c". */
int entry_choice(struct yaml_file *f, const yaml_node_t *node, const char *what,
                 const char *choices, unsigned *ret_index) LM_MUST_CHECK;
int entry_bool(struct yaml_file *f, const yaml_node_t *node, const char *what,
               bool *ret) LM_MUST_CHECK;

int entry_labels(struct yaml_file *f, const yaml_node_t *node, struct conf_label **ret,
                 size_t *ret_count) LM_MUST_CHECK;
void entry_labels_free(struct conf_label *labels, size_t count);

/* The keys of parsing.def, for the lists of those who are looking for the nearest. */
#define ENTRY_PARSE_KEYS_MAX 8
size_t entry_parse_keys(const char *names[ENTRY_PARSE_KEYS_MAX]);
/* Is this one of them? Then *ret_rc is what came of reading it. */
bool entry_parse_key(struct parse_conf *p, struct yaml_file *f, struct str key,
                     const yaml_node_t *node, int *ret_rc);
void entry_parse_fini(struct parse_conf *p);

#endif
