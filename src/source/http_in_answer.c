/* SPDX-License-Identifier: MIT
 *
 * http_in_answer.c - how a request that brings records ends: taken, or refused with what to do.
 *
 * Threads: loop thread. Owns: nothing.
 */
#include "source/http_in_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RETRY_SOON_S = 1 };

struct http_req *http_in_release(struct request *r)
{
    struct http_req *req = r->req;

    list_remove(&r->link);
    r->server->held -= r->held;
    r->server->opts.intake.metrics->push_bytes = r->server->held;
    push_fini(&r->push);
    inflate_free(r->inflate);
    free(r);
    return req;
}

static void refuse_for_now(struct request *r, int status, const char *code, uint32_t wait_s,
                           const char *message)
{
    char seconds[16];

    snprintf(seconds, sizeof seconds, "%" PRIu32, wait_s);
    http_add_header(r->req, "Retry-After", seconds);
    http_reply_error(http_in_release(r), status, code, NULL, "%s", message);
}

static void refuse_limited(struct request *r)
{
    char message[LABEL_VALUE_MAX + 100];
    uint32_t wait_s = (r->push.wait_ms + 999) / 1000;

    r->server->opts.intake.metrics->push_limited_total++;
    snprintf(message, sizeof message,
             "the source \"%s\" is over its limit: send this again in %" PRIu32 " s",
             r->push.limited, wait_s);
    refuse_for_now(r, 429, "rate_limited", wait_s, message);
}

void http_in_refuse_full(struct request *r)
{
    r->server->opts.intake.metrics->push_limited_total++;
    refuse_for_now(r, 429, "busy", RETRY_SOON_S,
                   "too many bodies are being read just now: send this again in a moment");
}

void http_in_refuse_behind(struct request *r)
{
    r->server->opts.intake.metrics->push_limited_total++;
    refuse_for_now(
        r, 429, "busy", RETRY_SOON_S,
        "records come faster than the history can be sealed: send this again in a moment");
}

void http_in_refuse_unstored(struct request *r, int err)
{
    r->server->opts.intake.metrics->push_unstored_total++;
    http_reply_error(http_in_release(r), 507, "no_space", NULL, "the journal cannot take this: %s",
                     err_text(err));
}

void http_in_refuse_error(struct request *r, int err)
{
    if (err == -LM_E_FULL)
        refuse_limited(r);
    else if (err == -ENOMEM || err == -EAGAIN)
        refuse_for_now(r, 503, "unavailable", RETRY_SOON_S,
                       "this cannot be taken just now: send it again in a moment");
    else
        http_in_refuse_unstored(r, err);
}

void http_in_refuse_unpacking(struct request *r, ssize_t err)
{
    if (err == -LM_E_FULL)
        http_reply_error(
            http_in_release(r), 413, "too_large", NULL,
            "unpacked, the body is larger than is accepted here, or more than %d times "
            "as large as it came",
            INFLATE_RATIO_MAX);
    else if (err == -ENOMEM)
        http_in_refuse_error(r, -ENOMEM);
    else
        http_reply_error(http_in_release(r), 400, "bad_encoding", NULL,
                         "the body is not what its Content-Encoding says, or is cut off");
}

void http_in_answer_nothing(struct request *r)
{
    struct buf details = {0};

    BUF_LIT(&details, "{");
    push_add_rejects(&r->push, &details);
    BUF_LIT(&details, "}");
    buf_add_char(&details, '\0');
    http_reply_error(r->req, 400, "no_records", details.failed ? NULL : details.p,
                     "%s: send a JSON object, an array of objects, or one object a line",
                     r->push.rejected ? "none of this could be read as a record"
                                      : "there is no record in this");
    http_in_release(r);
    buf_fini(&details);
}

void http_in_answer_taken(struct request *r)
{
    struct metrics *m = r->server->opts.intake.metrics;
    struct buf out = {0};

    m->push_requests_total++;
    m->push_repeated_total += r->push.is_repeat;
    buf_printf(&out, "{\"accepted\":%" PRIu64 ",", r->push.accepted);
    push_add_rejects(&r->push, &out);
    BUF_LIT(&out, "}\n");
    if (buf_error(&out) < 0)
        http_in_refuse_error(r, -ENOMEM);
    else
        http_reply(http_in_release(r), 200, "application/json", buf_str(&out));
    buf_fini(&out);
}
