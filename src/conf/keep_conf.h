/* SPDX-License-Identifier: MIT
 *
 * keep_conf.h - the part `retention: {rules: [...]}` of the configuration file.
 *
 * Threads: any. Owns: nothing; the entries become the settings'.
 */
#ifndef LM_CONF_KEEP_CONF_H
#define LM_CONF_KEEP_CONF_H

#include "conf/settings.h"
#include "conf/yaml_node.h"

/* Reads the list of rules at `node` into s->keeps, which must be empty. On failure what was read so
 * far stays in s and goes with settings_fini(). */
int keep_conf_read(struct settings *s, struct yaml_file *f, const yaml_node_t *node) LM_MUST_CHECK;

void keep_conf_fini(struct keep_conf *k);

#endif
