/* SPDX-License-Identifier: MIT
 *
 * process_key.h - the functions that read one key each, and what they share with other readers of
 * entries. For process_conf.c and file_conf.c.
 *
 * Each gets the value's node and fills its member of *p, which is empty before. Sentences about
 * what is wrong carry the place in the file.
 *
 * Threads: any. Owns: nothing; texts become the entry's.
 */
#ifndef LM_CONF_PROCESS_KEY_H
#define LM_CONF_PROCESS_KEY_H

#include "conf/choice.h"
#include "conf/process.h"
#include "conf/yaml_node.h"

typedef int key_fn(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node);

#define PROCESS_KEY(key, ...) key_fn key_##key;
#include "conf/processes.def"

int key_no_memory(struct yaml_file *f);
int key_copy_text(struct yaml_file *f, struct str text, char **ret) LM_MUST_CHECK;
/* A text that is not empty. */
int key_text(struct yaml_file *f, const yaml_node_t *node, const char *what,
             char **ret) LM_MUST_CHECK;
int key_bool(struct yaml_file *f, const yaml_node_t *node, const char *what,
             bool *ret) LM_MUST_CHECK;
int key_number(struct yaml_file *f, const yaml_node_t *node, const char *what, uint64_t min,
               uint64_t max, uint64_t *ret) LM_MUST_CHECK;
int key_size(struct yaml_file *f, const yaml_node_t *node, const char *what, uint64_t min,
             uint64_t max, uint64_t *ret) LM_MUST_CHECK;
int key_duration(struct yaml_file *f, const yaml_node_t *node, const char *what, uint64_t min_ms,
                 uint64_t max_ms, uint32_t *ret_ms) LM_MUST_CHECK;
/* A command: a list of words, or a text that is split into some. */
int key_words(struct yaml_file *f, const yaml_node_t *node, const char *what,
              char ***ret_argv) LM_MUST_CHECK;
/* "unknown key 'x' of <whom>: did you mean 'y'?" */
int key_unknown(struct yaml_file *f, const yaml_node_pair_t *pair, const char *whom,
                const char *const *names, size_t n) LM_MUST_CHECK;

#endif
