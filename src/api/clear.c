/* SPDX-License-Identifier: MIT
 *
 * clear.c - DELETE /api/v1/logs: what was logged of a job run, a campaign of a user, … is gone.
 *
 * Conditions are labels, at least one, and all must hold; anything finer would need the store to
 * rewrite what it has sealed. The snapshot that is counted is taken in the turn of the clear, so
 * the number in the answer is exact. A limited token clears within its limit: search_new_own() adds its
 * labels, and limit_ok() refuses where that would not be enough. The answer comes when the clear is on the disk.
 */
#include "api/search.h"

#include "base/diag.h"
#include "net/grant.h"
#include "proc/keeper_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

struct clear_search {
    struct search search; /* first */
    struct query_result result;
    int with_files;
    uint32_t files; /* deleted */
    char what[300]; /* "job_run_id=42 source=app" */
};

static struct clear_search *clear_of(struct search *s)
{
    return LIST_ITEM(s, struct clear_search, search);
}

static int ignore_row(const struct record *r, void *ctx)
{
    (void)r;
    (void)ctx;
    return 0;
}

static int count_cleared(struct search *s)
{
    return query_run(&s->query, s->view, ignore_row, NULL, &clear_of(s)->result);
}

static void describe(struct clear_search *c)
{
    const struct filter *f = c->search.filter;
    size_t n = 0;

    for (uint32_t i = 0; i < f->label_count && n < sizeof c->what; i++)
        n += (size_t)snprintf(c->what + n, sizeof c->what - n, "%s%.*s=%.*s", i ? " " : "",
                              STR_FMT(f->labels[i].name), STR_FMT(f->labels[i].value));
}

/* --- plain files --- */

/* <name>.log and <name>.log.N. */
static uint32_t delete_files(int dir, struct str name)
{
    char file[PROCESS_NAME_MAX + 16];
    uint32_t deleted = 0;

    for (int i = 0; i <= FILE_KEPT_MAX; i++) {
        int n = snprintf(file, sizeof file, "%.*s.log", STR_FMT(name));
        if (i > 0)
            snprintf(file + n, sizeof file - (size_t)n, ".%d", i);
        deleted += unlinkat(dir, file, 0) == 0;
    }
    return deleted;
}

static bool lives(const struct process *p)
{
    return p && p->state != PROCESS_EXITED && p->state != PROCESS_FAILED &&
           p->state != PROCESS_DISCONNECTED;
}

/* Those of the processes that the conditions name, unless they run. */
static void clear_files(struct clear_search *c)
{
    struct api *api = c->search.api;
    const struct filter *f = c->search.filter;
    struct errinfo info;
    int dir;

    if (!c->with_files || log_dir_open(api->settings->log_dir, &dir, &info) < 0)
        return;
    for (uint32_t i = 0; i < f->label_count; i++) {
        struct str value = f->labels[i].value;
        bool names_process =
            str_is(f->labels[i].name, "process_id") || str_is(f->labels[i].name, "source");
        if (names_process && conf_name_ok(value) && !lives(supervise_find(api->supervise, value)))
            c->files += delete_files(dir, value);
    }
    close(dir);
}

/* --- the answer --- */

static void reply_cleared(struct search *s)
{
    struct clear_search *c = clear_of(s);
    char who[96] = "somebody";

    if (s->req->grant)
        grant_describe(s->req->grant, who);
    diag_info("Cleared %" PRIu64 " records with %s, asked for by %s%s", c->result.total, c->what,
              who, c->files ? "; their plain files went, too" : "");
    buf_printf(&s->out, "{\"deleted\":%" PRIu64 ",\"files\":%" PRIu32 "}\n", c->result.total,
               c->files);
    search_reply_json(s);
}

/* It is on the disk, or only gone until the next start. */
static void on_cleared(int err, void *ctx)
{
    struct clear_search *c = ctx;

    if (err < 0) {
        diag_error("A clear of %s could not be written: %s; these records are back when the hub is "
                   "started again",
                   c->what, err_text(err));
        http_reply_error(c->search.req, 507, "no_space", NULL,
                         "the clear could not be written: %s; the records are gone only until the "
                         "hub is started again",
                         err_text(err));
        search_free(&c->search);
        return;
    }
    clear_files(c);
    search_start(&c->search, count_cleared, reply_cleared);
}

static bool conditions_ok(struct http_req *req, const struct filter *f)
{
    if (f->label_count > 0 && f->label_count < FILTER_LABELS_MAX)
        return true;
    http_reply_error(
        req, 400, "bad_parameter", NULL,
        "say what is to be cleared by labels, 1 to %d of them, as in job_run_id=42; all "
        "must hold",
        FILTER_LABELS_MAX - 1);
    return false;
}

/* Clears go by the labels that records are filed by, and plain files by none: a caller that is limited
 * otherwise could not be kept to its records. */
static bool limit_ok(struct http_req *req, bool with_files)
{
    const struct grant *g = req->grant;
    bool ok = true;

    if (!grant_is_limited(g))
        return true;
    for (uint32_t i = 0; i < g->label_count; i++)
        ok &= filter_is_label(g->labels[i].name);
    if (ok && !with_files)
        return true;
    http_reply_error(req, 403, "token_is_limited", NULL,
                     "%s, and the token \"%s\" is limited to labels: use a token without labels",
                     ok ? "a plain file holds what belongs to everybody"
                        : "only what has one of the labels that every record can have is cleared",
                     g->name);
    return false;
}

void logs_clear(struct http_req *req, struct api *api)
{
    static const char *const words[] = {"0", "1"};
    static const char *const own[] = {"files", NULL};
    struct clear_search *c = search_new_own(req, api, sizeof *c, own);

    if (!c)
        return;
    struct search *s = &c->search;
    s->query.limit = 0;
    if (!conditions_ok(req, s->filter) || !params_choice(req, "files", words, 2, &c->with_files) ||
        !limit_ok(req, c->with_files)) {
        search_free(s);
        return;
    }
    describe(c);
    http_hold(req, NULL);
    s->view = store_view_take(api->store, 0);
    int err =
        s->view ? store_clear(api->store, s->filter->labels, s->filter->label_count, on_cleared, c)
                : -ENOMEM;
    if (err == 0) /* on_cleared() goes on, perhaps has already */
        return;
    if (err == -LM_E_FULL)
        http_reply_error(
            req, 507, "too_many_clears", NULL,
            "there are %d clears whose records are still on the disk: `logmill compact` "
            "makes room for more",
            TOMBS_MAX);
    else
        search_reply_failure(req, err);
    search_free(s);
}
