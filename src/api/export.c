/* SPDX-License-Identifier: MIT
 *
 * export.c - records as a file: exports of any filter, downloads of a run, a task or a process.
 *
 * The file is made piece by piece (net/http_send.h). Each piece is a query of its own that goes on
 * behind the last record of the piece before it, over a fresh view: however slowly a client reads,
 * nothing that retention wants to delete is held for it. What the file contains is fixed by the
 * last id at its beginning; what is deleted while it is being sent is missing from it. When
 * something could not be read, a last row says so.
 */
#include "api/export.h"

#include "api/search.h"
#include "base/clock.h"
#include "net/http_send.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PIECE_FULL = 1,
    PIECE = 1024 * 1024, /* going on inside a chunk unpacks part of it again: not too often */
};

struct export
{
    struct http_send send;
    struct running running;
    struct api *api;
    struct filter *filter;
    struct query query;
    struct query_progress progress;
    struct store_view *view; /* while a piece is made */
    enum row_format format;
    struct row_clock clock;
    struct zone zone; /* of tz=; fixed and zero otherwise */
    struct buf *out;
    size_t out_before;
    uint64_t rows;
    bool must_have_rows, head_done, piece_full;
    bool damaged; /* something could not be read */
    char file[EXPORT_NAME_MAX];
};

static struct export *export_of(struct http_send *s)
{
    return LIST_ITEM(s, struct export, send);
}

/* --- pieces --- */

static int prepare(struct http_send *s)
{
    struct export *e = export_of(s);

    e->view = store_view_take(e->api->store, e->query.min_id);
    return e->view ? 0 : -ENOMEM;
}

static int add_row(const struct record *r, void *ctx)
{
    struct export *e = ctx;

    row_add(e->out, e->format, &e->clock, r);
    e->rows++;
    e->query.min_id = r->id + 1;
    if (e->out->failed)
        return -ENOMEM;
    e->piece_full = e->out->n - e->out_before >= PIECE;
    return e->piece_full ? PIECE_FULL : 0;
}

/* The last row of a file that is not whole. */
static int add_warning(struct export *e)
{
    struct label_table table = {0};
    struct record r = {.time_us = clock_wall_us(),
                       .level = LEVEL_ERROR,
                       .stream = STREAM_SYSTEM,
                       .message = STR("Records are missing here: a file of the history is damaged "
                                      "(logmill verify names it)")};
    int err = labels_make(&table, STR("logmill"), NULL, 0, &r.labels);

    if (err == 0)
        row_add(e->out, e->format, &e->clock, &r);
    labels_unref(r.labels);
    label_table_fini(&table);
    return err < 0 ? err : buf_error(e->out);
}

static int next(struct http_send *s, struct buf *out)
{
    struct export *e = export_of(s);
    struct query_result result;
    struct store_unread unread;

    if (atomic_load_explicit(&s->cancelled, memory_order_relaxed))
        return -ECANCELED;
    e->out = out;
    e->out_before = out->n;
    if (!e->head_done)
        row_add_head(out, e->format);
    e->head_done = true;
    e->piece_full = false;
    struct query q = e->query; /* add_row() moves min_id on for the next piece */
    int err = query_run(&q, e->view, add_row, e, &result);
    store_view_unread(e->view, &unread);
    e->damaged = e->damaged || unread.records > 0;
    if (err == 0 && e->damaged && !e->piece_full)
        err = add_warning(e);
    return err < 0 ? err : e->piece_full;
}

static void settle(struct http_send *s)
{
    struct export *e = export_of(s);

    store_view_drop(e->api->store, e->view);
    e->view = NULL;
}

static void add_headers(struct export *e)
{
    struct http_req *req = e->send.req;
    char disposition[EXPORT_NAME_MAX + 32], cursor[CURSOR_MAX];

    snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", e->file);
    http_add_header(req, "Content-Disposition", disposition);
    http_add_header(req, "Vary", "Accept-Encoding");
    hub_cursor(e->api->hub, e->query.max_id, cursor);
    http_add_header(req, "X-Logmill-Cursor", cursor);
}

static bool begin(struct http_send *s, int made, size_t n)
{
    struct export *e = export_of(s);

    (void)n;
    if (made < 0) {
        search_reply_failure(s->req, made);
        return false;
    }
    if (e->rows == 0 && made == 0 && e->must_have_rows && !e->damaged) {
        http_reply_error(s->req, 404, "nothing_logged", NULL,
                         "nothing is stored that this would contain");
        return false;
    }
    add_headers(e);
    return true;
}

static void over(struct http_send *s)
{
    struct export *e = export_of(s);

    e->api->downloads--;
    e->api->metrics->download_bytes_total += s->sent;
    running_remove(&e->running);
    params_filter_free(e->filter);
    zone_fini(&e->zone);
    free(e);
}

/* --- what is asked for --- */

bool export_room(struct http_req *req, struct api *api)
{
    if (api->downloads < api->settings->downloads_max)
        return true;
    http_add_header(req, "Retry-After", "5");
    http_reply_error(req, 503, "busy", NULL,
                     "%u downloads are under way, as many as downloads_max allows: come again",
                     api->downloads);
    return false;
}

void export_file_name(char out[EXPORT_NAME_MAX], struct str id, struct str date, const char *ending)
{
    char safe[129];
    size_t n = 0;

    for (size_t i = 0; i < id.n && n < sizeof safe - 1; i++) {
        char c = id.p[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                     c == '-' || c == '_' || (c == '.' && n > 0);
        safe[n++] = (char)(plain ? c : '_');
    }
    safe[n] = '\0';
    snprintf(out, EXPORT_NAME_MAX, "%s%s%.*s%s", n ? safe : "log", date.n ? "-" : "", (int)date.n,
             date.n ? date.p : "", ending);
}

/* tz=Europe/Berlin. False: answered. */
static bool read_zone(struct export *e)
{
    struct http_req *req = e->send.req;
    struct str text = http_query(req, "tz");
    char name[101];

    e->clock = row_clock(&e->api->zone);
    if (!text.p)
        return true;
    snprintf(name, sizeof name, "%.*s", STR_FMT(text));
    if (text.n >= sizeof name || zone_load(&e->zone, name) < 0) {
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "tz must be a time zone such as UTC, +01:00 or Europe/Berlin");
        return false;
    }
    e->clock = row_clock(&e->zone);
    return true;
}

/* date=2026-01-15 becomes from and to. False: answered. */
static bool read_date(struct export *e, struct str *ret_date)
{
    struct http_req *req = e->send.req;
    struct str text = http_query(req, "date");
    int64_t local_us;

    *ret_date = text;
    if (!text.p)
        return true;
    if (text.n != 10 || !clock_parse(text, &local_us)) {
        http_reply_error(req, 400, "bad_parameter", NULL, "date must be a day such as 2026-01-15");
        return false;
    }
    if (http_query(req, "from").p || http_query(req, "to").p) {
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "date does not go with from and to: take one or the other");
        return false;
    }
    int64_t local_s = local_us / 1000000;
    e->query.from_us = zone_to_utc(e->clock.zone, local_s) * 1000000;
    e->query.to_us = zone_to_utc(e->clock.zone, local_s + 86400) * 1000000;
    return true;
}

static bool read_format(struct export *e, const char **ret_ending)
{
    static const char *const formats[] = {"text", "ndjson", "csv"};
    static const char *const compressions[] = {"none", "gz", "zst"};
    static const char *const types[][3] = {
        {"text/plain; charset=utf-8", "application/gzip", "application/zstd"},
        {"application/x-ndjson", "application/gzip", "application/zstd"},
        {"text/csv; charset=utf-8", "application/gzip", "application/zstd"}};
    static const char *const endings[][3] = {{".log", ".log.gz", ".log.zst"},
                                             {".ndjson", ".ndjson.gz", ".ndjson.zst"},
                                             {".csv", ".csv.gz", ".csv.zst"}};
    struct http_req *req = e->send.req;
    int format = (int)e->format, compress = 0;

    if (!params_choice(req, "format", formats, 3, &format) ||
        !params_choice(req, "compress", compressions, 3, &compress))
        return false;
    e->format = (enum row_format)format;
    e->send.content_type = types[format][compress];
    e->send.pack = (enum pack_kind)compress;
    *ret_ending = endings[format][compress];
    if (compress == 0 && pack_gzip_accepted(http_header(req, "accept-encoding"))) {
        e->send.pack = PACK_GZIP;
        e->send.is_coding = true;
    }
    return true;
}

static bool read_request(struct export *e, struct str id)
{
    struct http_req *req = e->send.req;
    struct str date;
    const char *ending;

    if (!params_range(req, &e->query.from_us, &e->query.to_us) || !read_zone(e) ||
        !read_date(e, &date) || !read_format(e, &ending))
        return false;
    export_file_name(e->file, id, date, ending);
    return true;
}

void export_serve(struct http_req *req, struct api *api, const char *label, struct str id,
                  enum row_format format)
{
    static const struct http_send_ops ops = {prepare, next, settle, begin, over};
    struct errinfo info;
    struct filter *filter = export_room(req, api) ? params_filter(req, api_params(req)) : NULL;

    if (!filter)
        return;
    if (label && filter_add(filter, str_from(label), id, &info) < 0) {
        params_filter_free(filter);
        http_reply_error(req, 400, "bad_parameter", NULL, "%s", info.text);
        return;
    }
    struct export *e = calloc(1, sizeof *e);
    if (!e) {
        params_filter_free(filter);
        search_reply_failure(req, -ENOMEM);
        return;
    }
    e->send =
        (struct http_send){.ops = &ops, .status = 200, .length = HTTP_LENGTH_UNKNOWN, .req = req};
    e->api = api;
    e->filter = filter;
    e->format = format;
    e->send.kind = filter->costly ? JOB_COSTLY : JOB_SHORT;
    e->must_have_rows = label != NULL;
    query_init(&e->query, filter);
    e->query.max_id = hub_last_id(api->hub);
    e->query.limit = UINT32_MAX;
    e->query.count = QUERY_COUNT_NONE;
    e->query.cancel = &e->send.cancelled;
    e->query.progress = &e->progress;
    api->downloads++;
    if (!read_request(e, id.n ? id : STR("logmill"))) {
        over(&e->send);
        return;
    }
    e->running.progress = &e->progress;
    e->running.sent = &e->send.sent;
    e->running.cancel = &e->send.cancelled;
    running_add(&api->running, &e->running, req);
    api->metrics->downloads_total++;
    http_send(req, &e->send);
}

void logs_export(struct http_req *req, struct api *api)
{
    export_serve(req, api, NULL, STR_NONE, ROW_NDJSON);
}

void job_run_download(struct http_req *req, struct api *api)
{
    export_serve(req, api, "job_run_id", api_param(req, "id"), ROW_TEXT);
}

void task_run_download(struct http_req *req, struct api *api)
{
    export_serve(req, api, "task_run_id", api_param(req, "id"), ROW_TEXT);
}
