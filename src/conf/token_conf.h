/* SPDX-License-Identifier: MIT
 *
 * token_conf.h - the part `auth: {tokens: [...]}` of the configuration file.
 *
 * Threads: any. Owns: nothing; the entries become the settings'.
 */
#ifndef LM_CONF_TOKEN_CONF_H
#define LM_CONF_TOKEN_CONF_H

#include "conf/settings.h"
#include "conf/yaml_node.h"

/* Reads the list of tokens at `node` into s->tokens, which must be empty. On failure what was read
 * so far stays in s and goes with settings_fini(). */
int token_conf_read(struct settings *s, struct yaml_file *f, const yaml_node_t *node) LM_MUST_CHECK;

void token_conf_fini(struct token_conf *t);

#endif
