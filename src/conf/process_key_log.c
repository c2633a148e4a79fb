/* SPDX-License-Identifier: MIT
 *
 * process_key_log.c - keys that say what becomes of the output of a process.
 */
#include "conf/process_key.h"

int key_log(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    unsigned index = LOG_TRUNCATE;
    int rc = yaml_choice(f, node, "log", "truncate|rotate|append", &index);

    p->log = (enum log_policy)index;
    return rc;
}

int key_log_size(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    return key_size(f, node, "log_size", 4096, INT64_MAX, &p->log_size);
}

int key_log_count(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    uint64_t count;
    int rc = key_number(f, node, "log_count", 1, LOG_COUNT_MAX, &count);

    if (rc == 0)
        p->log_count = (uint32_t)count;
    return rc;
}

int key_file_format(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    unsigned index = FORMAT_RAW;
    int rc = yaml_choice(f, node, "file_format", "raw|line", &index);

    p->format = (enum file_format)index;
    return rc;
}

int key_store(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    bool stored = true;
    int rc = key_bool(f, node, "store", &stored);

    p->unstored = !stored;
    return rc;
}

int key_follow(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    return key_text(f, node, "follow", &p->follow);
}

int key_pty(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    return key_bool(f, node, "pty", &p->pty);
}
