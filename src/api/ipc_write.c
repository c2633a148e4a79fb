/* SPDX-License-Identifier: MIT
 *
 * ipc_write.c - logs:write: records over a call, by the rules of POST /api/v1/logs
 * (docs/ingest.md).
 *
 *     {"records": [{…}, …], "source": "app", "ttl": "7d", "batch": "key"}, or one record, or an array of records
 *
 * The answer comes when the records are acknowledged, which with durability `always` is a moment
 * later.
 */
#include "api/ipc_impl.h"

#include "base/clock.h"
#include "record/json.h"
#include "record/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

struct write_wait {
    struct list link;
    struct lm_call call;
    uint64_t wait_id;
    struct buf answer;
};

static void wait_free(struct write_wait *w)
{
    list_remove(&w->link);
    buf_fini(&w->answer);
    free(w);
}

void write_acked(struct ipc *ipc, uint64_t acked_id)
{
    bool lost = journal_is_stuck(ipc->api->hub->journal);

    LIST_FOR_EACH_SAFE (link, &ipc->writes) {
        struct write_wait *w = LIST_ITEM(link, struct write_wait, link);
        if (w->wait_id <= acked_id)
            ipc_reply(w->call, &w->answer);
        else if (lost)
            lm_fail(w->call, LM_HANDLER_ERROR,
                    "the disk refuses the journal; send these records again", LM_STR(""));
        else if (lm_call_alive(w->call))
            continue;
        wait_free(w);
    }
}

static void answer_later(struct ipc *ipc, struct lm_call call, uint64_t wait_id, struct buf *answer)
{
    struct write_wait *w = calloc(1, sizeof *w);

    if (!w) {
        buf_fini(answer);
        lm_fail(call, LM_HANDLER_ERROR, "the hub is short of memory; try again", LM_STR(""));
        return;
    }
    *w = (struct write_wait){.call = call, .wait_id = wait_id, .answer = *answer};
    list_push(&ipc->writes, &w->link);
}

static void reply(struct ipc *ipc, struct lm_call call, struct push *p)
{
    struct buf out = {0};

    buf_printf(&out, "{\"accepted\":%" PRIu64 ",", p->accepted);
    push_add_rejects(p, &out);
    buf_add_char(&out, '}');
    if (p->wait_id > hub_acked_id(ipc->api->hub)) {
        answer_later(ipc, call, p->wait_id, &out);
        return;
    }
    ipc_reply(call, &out);
    buf_fini(&out);
}

static void fail(struct lm_call call, const struct push *p, int err)
{
    char details[48];

    if (err != -LM_E_FULL) {
        lm_failf(call, LM_HANDLER_ERROR, "the records could not be stored: %s", err_text(err));
        return;
    }
    int n = snprintf(details, sizeof details, "{\"retry_after_ms\":%" PRIu32 "}", p->wait_ms);
    lm_fail(call, LM_RATE_LIMITED, "this source is over push_rate_limit; come again later",
            (struct lm_str){details, (size_t)n});
}

/* A text member into out. False: answered. */
static bool read_text(struct lm_call call, const char *name, char *out, size_t size)
{
    struct lm_str args = lm_call_args(call);

    if (!lm_json_get(args, name).p || lm_json_get_text(args, name, out, size) > 0)
        return true;
    lm_failf(call, LM_VALIDATION_ERROR, "%s must be a text of 1 to %zu bytes", name, size - 1);
    return false;
}

/* How long records are kept that do not say so themselves. False: answered. */
static bool read_ttl(struct ipc *ipc, struct lm_call call, uint16_t *ret_class)
{
    char ttl[32] = "";

    if (!read_text(call, "ttl", ttl, sizeof ttl))
        return false;
    if (!ttl[0] || ttl_class_of(&ipc->api->settings->retention_classes, str_from(ttl), ret_class))
        return true;
    lm_fail(call, LM_VALIDATION_ERROR, "ttl is how long these records are kept, such as 12h or 7d",
            LM_STR(""));
    return false;
}

static void logs_write(struct lm_call call, void *ctx)
{
    struct ipc *ipc = ctx;
    const struct grant *g = ipc_grant(call);
    struct str args = from_lm(lm_call_args(call)), records = args;
    char source[LABEL_VALUE_MAX + 1] = "ipc", batch[ORIGIN_KEY_MAX + 1] = "";
    char scoped[PUSH_KEY_MAX];
    uint16_t class = 0;
    struct push p;

    if (!g || g->revoked) {
        lm_fail(call, LM_FORBIDDEN, "this caller may not write", LM_STR(""));
        return;
    }
    struct lm_str list = lm_json_get(to_lm(args), "records");
    if (list.p) {
        if (!read_text(call, "source", source, sizeof source) ||
            !read_text(call, "batch", batch, sizeof batch) || !read_ttl(ipc, call, &class))
            return;
        records = from_lm(list);
    }
    struct str key = push_key(str_from(batch), g->labels, g->label_count, scoped);
    push_begin(&p, &ipc->push, str_from(source), key, false);
    p.class = class;
    p.must = g->labels;
    p.must_count = g->label_count;
    int err = utf8_valid_prefix(records) < records.n ? -LM_E_INVALID : push_take(&p, records, true);
    if (err < 0)
        fail(call, &p, err);
    else
        reply(ipc, call, &p);
    push_fini(&p);
}

int ipc_register_write(struct ipc *ipc)
{
    return ipc_register(ipc, "logs:write",
                        &(struct lm_handler){.call = logs_write,
                                             .schema = "{\"type\":[\"object\",\"array\"]}",
                                             .access = LM_ACCESS_WRITE});
}
