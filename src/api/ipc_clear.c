/* SPDX-License-Identifier: MIT
 *
 * ipc_clear.c - logs:clear: what was logged under these labels is gone (as DELETE /api/v1/logs).
 *
 * The snapshot that is counted is taken in the turn of the clear, so the number in the answer is
 * exact.
 */
#include "api/ipc_impl.h"

#include "base/diag.h"

#include <errno.h>
#include <inttypes.h>

static int nothing_else(const struct record *r, void *ctx)
{
    (void)r;
    (void)ctx;
    return 0;
}

static int count_cleared(struct question *q)
{
    return query_run(&q->query, q->view, nothing_else, NULL, &q->result);
}

static void reply_cleared(struct question *q)
{
    const struct label *first = &q->filter->labels[0];

    diag_info("Cleared %" PRIu64 " records with %.*s=%.*s%s over IPC", q->result.total,
              STR_FMT(first->name), STR_FMT(first->value), q->filter->label_count > 1 ? " …" : "");
    buf_printf(&q->out, "{\"deleted\":%" PRIu64 "}", q->result.total);
    ipc_reply(q->call, &q->out);
}

/* It is on the disk, or only gone until the next start. */
static void on_cleared(int err, void *ctx)
{
    struct question *q = ctx;

    if (err == 0) {
        question_start(q, count_cleared, reply_cleared);
        return;
    }
    diag_error("A clear could not be written: %s; these records are back when the hub is started "
               "again",
               err_text(err));
    lm_failf(q->call, LM_HANDLER_ERROR,
             "the clear could not be written: %s; the records are gone only until the hub is "
             "started again",
             err_text(err));
    question_free(q);
}

static void logs_clear(struct lm_call call, void *ctx)
{
    static const char *const own[] = {NULL};
    struct ipc *ipc = ctx;
    struct ipc_args a;
    struct question *q;

    if (!ipc_unlimited(call) || !ipc_args_only_labels(call) || !ipc_args_read(call, ipc, own, &a))
        return;
    uint32_t n = a.filter->label_count;
    a.query.limit = 0;
    q = question_new(call, ipc, &a, sizeof *q);
    if (!q)
        return;
    int err = n > 0 && n < FILTER_LABELS_MAX ? 0 : -LM_E_INVALID;
    if (err == 0 && !(q->view = store_view_take(ipc->api->store, 0)))
        err = -ENOMEM;
    if (err == 0)
        err = store_clear(ipc->api->store, q->filter->labels, n, on_cleared, q);
    if (err == 0)
        return; /* on_cleared() goes on, perhaps has already */
    if (err == -LM_E_INVALID)
        lm_fail(call, LM_VALIDATION_ERROR,
                "say what is to be cleared by labels, 1 to 7 of them; all must hold", LM_STR(""));
    else
        question_fail(call, err);
    question_free(q);
}

int ipc_register_clear(struct ipc *ipc)
{
    return ipc_register(ipc, "logs:clear",
                        &(struct lm_handler){.call = logs_clear,
                                             .schema = "{\"type\":\"object\"}",
                                             .timeout_ms = 60000,
                                             .access = LM_ACCESS_ADMIN});
}
