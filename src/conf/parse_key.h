/* SPDX-License-Identifier: MIT
 *
 * parse_key.h - the functions that read one key of parsing.def each.
 *
 * Threads: any. Owns: nothing; texts become the entry's.
 */
#ifndef LM_CONF_PARSE_KEY_H
#define LM_CONF_PARSE_KEY_H

#include "conf/parse_conf.h"
#include "conf/yaml_node.h"

#define PARSE_KEY(key, ...)                                                                        \
    int parse_key_##key(struct parse_conf *p, struct yaml_file *f, const yaml_node_t *node)        \
        LM_MUST_CHECK;
#include "conf/parsing.def"
#undef PARSE_KEY

#endif
