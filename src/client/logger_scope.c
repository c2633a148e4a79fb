/* SPDX-License-Identifier: MIT
 *
 * logger_scope.c - scopes: labels made once into the bytes that a record in the ring begins with.
 *
 * Threads: any; a scope does not change once it is made. Owns: struct lm_scope, until
 * lm_scope_free().
 */
#include "client/logger_impl.h"

#include "ipc/frame_bytes.h"

#include <stdlib.h>

static bool add_label(struct buf *out, const char *name, const char *value)
{
    size_t name_n = strlen(name), value_n = value ? strlen(value) : 0;

    if (!value)
        return true;
    if (name_n > UINT16_MAX || value_n > UINT16_MAX)
        return false;
    add_le(out, name_n, 2);
    add_le(out, value_n, 2);
    buf_add(out, name, name_n);
    buf_add(out, value, value_n);
    return true;
}

static struct lm_scope *make_scope(struct str before, const struct lm_labels *l)
{
    const struct lm_label known[] = {{"campaign_id", l->campaign_id}, {"user_email", l->user_email},
                                     {"session_id", l->session_id},   {"job_run_id", l->job_run_id},
                                     {"task_run_id", l->task_run_id}, {"task_name", l->task_name}};
    struct lm_scope *scope = NULL;
    struct buf out = {0};
    bool good = true;

    buf_add_str(&out, before);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        good &= add_label(&out, known[i].name, known[i].value);
    for (size_t i = 0; i < l->more_count; i++)
        good &= add_label(&out, l->more[i].name, l->more[i].value);
    if (good && !out.failed && out.n <= RING_LABELS_MAX)
        scope = malloc(sizeof *scope + out.n);
    if (scope) {
        scope->n = out.n;
        if (out.n)
            memcpy(scope->bytes, out.p, out.n);
    }
    buf_fini(&out);
    return scope;
}

struct lm_scope *lm_log_scope(struct lm_log *log, const struct lm_labels *labels)
{
    (void)log;
    return make_scope(STR_NONE, labels);
}

struct lm_scope *lm_log_subscope(const struct lm_scope *parent, const struct lm_labels *labels)
{
    return make_scope(parent ? str_of(parent->bytes, parent->n) : STR_NONE, labels);
}

void lm_scope_free(struct lm_scope *scope)
{
    free(scope);
}
