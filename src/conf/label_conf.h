/* SPDX-License-Identifier: MIT
 *
 * label_conf.h - `labels: {name: value, ...}` wherever it stands in the configuration.
 *
 * Threads: any. Owns: nothing; the labels become the caller's.
 */
#ifndef LM_CONF_LABEL_CONF_H
#define LM_CONF_LABEL_CONF_H

#include "conf/settings.h"
#include "conf/yaml_node.h"

/* Reads the map at `node`. *ret and *ret_count are set at once, so that what was read before a
 * failure goes with label_conf_free(). */
int label_conf_read(struct yaml_file *f, const yaml_node_t *node, struct conf_label **ret,
                    size_t *ret_count) LM_MUST_CHECK;
void label_conf_free(struct conf_label *labels, size_t count);

#endif
