/* SPDX-License-Identifier: MIT
 *
 * process_conf.h - the part `processes:` of the configuration file.
 *
 * Threads: any. Owns: nothing; the entries become the settings'.
 */
#ifndef LM_CONF_PROCESS_CONF_H
#define LM_CONF_PROCESS_CONF_H

#include "conf/settings.h"
#include "conf/yaml_node.h"

/* Reads the map of processes at `node` into s->processes, which must be empty. On failure what was
 * read so far stays in s and goes with settings_fini(). */
int processes_conf_read(struct settings *s, struct yaml_file *f,
                        const yaml_node_t *node) LM_MUST_CHECK;

/* Reads one entry from a text in YAML, of which JSON without escaped surrogates is a part. *p may
 * be left half filled; process_conf_fini() is due either way. A member `name` names it; without one
 * it is called `name`. */
int process_conf_parse(struct process_conf *p, struct str text, struct str name,
                       struct errinfo *info) LM_MUST_CHECK;

/* Safe on a zeroed entry. */
void process_conf_fini(struct process_conf *p);

#endif
