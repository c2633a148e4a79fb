/* SPDX-License-Identifier: MIT
 *
 * file_conf.h - the part `files:` of the configuration file.
 *
 * Threads: any. Owns: nothing; the entries become the settings'.
 */
#ifndef LM_CONF_FILE_CONF_H
#define LM_CONF_FILE_CONF_H

#include "conf/settings.h"
#include "conf/yaml_node.h"

/* Reads the list of entries at `node` into s->files, which must be empty. On failure what was read
 * so far stays in s and goes with settings_fini(). */
int file_conf_read(struct settings *s, struct yaml_file *f, const yaml_node_t *node) LM_MUST_CHECK;

void file_conf_fini(struct file_conf *c);

#endif
