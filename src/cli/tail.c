/* SPDX-License-Identifier: MIT
 *
 * tail.c - `logmill tail`: the live stream in a terminal or a pipe.
 *
 * Reads SSE over the local socket, remembers the cursor, and resumes by itself: nothing is missing
 * and nothing comes twice while the hub restarts. Records go to stdout, notices about the
 * connection to stderr.
 */
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/http_client.h"
#include "cli/record_line.h"
#include "cli/sse_read.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    SILENCE_MS = 15000, /* three heartbeats */
    WAIT_FIRST_MS = 100,
    WAIT_MAX_MS = 5000,
    STOP = 1, /* stdout is gone */
};

struct tail {
    struct target target;
    struct buf query;
    bool json, raw, tty, one_source;
    struct sse_reader sse;
    struct buf line;
    bool connected, ended;
};

/* A line as people read it. */
static int format_record(struct tail *t, struct str data)
{
    json_t *record = json_loadb(data.p, data.n, JSON_ALLOW_NUL, NULL);
    struct record_style style = {.raw = t->raw, .one_source = t->one_source, .colours = t->tty};

    if (!record)
        return -LM_E_PROTOCOL;
    record_line_add(&t->line, record, &style);
    json_decref(record);
    return buf_error(&t->line);
}

/* The hub will not go on with this filter: asking again would not help. */
static int subscription_ended(struct tail *t, struct str data)
{
    json_t *record = json_loadb(data.p, data.n, JSON_ALLOW_NUL, NULL);

    const char *why = json_string_value(json_object_get(record, "message"));

    fprintf(stderr, "logmill tail: the hub ended the stream: %s\n", why ? why : "no reason given");
    json_decref(record);
    t->ended = true;
    return STOP;
}

static int on_event(const struct sse_event *e, void *ctx)
{
    struct tail *t = ctx;
    int err = 0;

    buf_clear(&t->line);
    if (str_is(e->type, "error"))
        return subscription_ended(t, e->data);
    if (t->json) {
        buf_add_str(&t->line, e->data);
        buf_add_char(&t->line, '\n');
    } else {
        err = format_record(t, e->data);
    }
    if (err < 0)
        return err;
    return fwrite(t->line.p, 1, t->line.n, stdout) == t->line.n ? 0 : STOP;
}

static int on_body(struct str piece, void *ctx)
{
    struct tail *t = ctx;
    int err;

    if (!t->connected && t->tty)
        fprintf(stderr, "logmill tail: connected\n");
    t->connected = true;
    err = sse_feed(&t->sse, piece);
    if (err == 0 && fflush(stdout) != 0)
        err = STOP;
    return err;
}

static int wait_before_retry(int wait_ms)
{
    int jitter = (int)(clock_mono_us() % (wait_ms / 2 + 1));
    usleep((useconds_t)(wait_ms + jitter) * 1000);
    return wait_ms * 2 < WAIT_MAX_MS ? wait_ms * 2 : WAIT_MAX_MS;
}

/* The hub refused: print its own words. */
static int refused(int status, const struct buf *body)
{
    json_t *answer = json_loadb(body->p ? body->p : "", body->n, 0, NULL);
    const char *message =
        json_string_value(json_object_get(json_object_get(answer, "error"), "message"));

    fprintf(stderr, "logmill tail: the hub refused (%d): %s\n", status,
            message ? message : "no reason given");
    json_decref(answer);
    return status == 400 ? CLI_USAGE : CLI_FAILED;
}

static int follow(struct tail *t)
{
    int wait_ms = WAIT_FIRST_MS;
    bool ever = false;

    for (;;) {
        char last_id[64] = "";
        struct errinfo info = {0};
        struct buf body = {0};
        snprintf(last_id, sizeof last_id, "%.*s", STR_FMT(buf_str(&t->sse.last_id)));
        struct http_get get = {.path = t->query.p,
                               .last_event_id = last_id[0] ? last_id : NULL,
                               .silence_ms = SILENCE_MS,
                               .on_body = on_body,
                               .ctx = t};
        t->connected = false;
        sse_restart(&t->sse);
        int status = http_client_get(&t->target, &get, &body, &info);
        if (status == STOP)
            return t->ended ? CLI_FAILED : CLI_OK;
        ever |= t->connected;
        if (status > 200 && !(ever && status >= 500)) { /* a hub that is just full will have room */
            int code = refused(status, &body);
            buf_fini(&body);
            return code;
        }
        buf_fini(&body);
        if (!ever) {
            fprintf(stderr, "logmill tail: %s\n", info.text);
            return CLI_FAILED;
        }
        if (t->connected) {
            fprintf(stderr, "logmill tail: connection lost, resuming\n");
            wait_ms = WAIT_FIRST_MS;
        }
        wait_ms = wait_before_retry(wait_ms);
    }
}

static void add_param(struct tail *t, const char *name, const char *value)
{
    buf_add_char(&t->query, t->query.n && memchr(t->query.p, '?', t->query.n) ? '&' : '?');
    buf_add_str(&t->query, str_from(name));
    buf_add_char(&t->query, '=');
    http_add_query_value(&t->query, str_from(value));
}

static const struct option options[] = {
    {"level", required_argument, NULL, 'l'},  {"search", required_argument, NULL, 's'},
    {"filter", required_argument, NULL, 'q'}, {"job", required_argument, NULL, 'J'},
    {"task", required_argument, NULL, 'T'},   {"source", required_argument, NULL, 'S'},
    {"stream", required_argument, NULL, 'm'}, {"tail", required_argument, NULL, 'n'},
    {"after", required_argument, NULL, 'a'},  {"json", no_argument, NULL, 'j'},
    {"raw", no_argument, NULL, 'r'},          {"colour", required_argument, NULL, 'c'},
    {"color", required_argument, NULL, 'c'},  {0},
};

static const char *const option_names[] = {
    "--level", "--search", "--filter", "--job",    "--task", "--source", "--stream",   "--tail",
    "--after", "--json",   "--raw",    "--colour", "--url",  "--ca",     "--insecure", NULL};

static bool set_colours(struct tail *t, const char *when)
{
    bool always = strcmp(when, "always") == 0, never = strcmp(when, "never") == 0;

    t->tty = always || (t->tty && !never);
    return always || never || strcmp(when, "auto") == 0;
}

static int read_options(struct tail *t, int argc, char **argv)
{
    int c;

    opterr = 0;
    optind = 1;
    while ((c = getopt_long(argc, argv, ":l:s:q:n:jr", options, NULL)) != -1) {
        switch (c) {
        case 'l':
            add_param(t, "level", optarg);
            break;
        case 's':
            add_param(t, "search", optarg);
            break;
        case 'q':
            add_param(t, "q", optarg);
            break;
        case 'J':
            add_param(t, "job_run_id", optarg);
            break;
        case 'T':
            add_param(t, "task_run_id", optarg);
            break;
        case 'S':
            add_param(t, "source", optarg);
            t->one_source = true;
            break;
        case 'm':
            add_param(t, "stream", optarg);
            break;
        case 'n':
            add_param(t, "tail", optarg);
            break;
        case 'a':
            add_param(t, "after", optarg);
            break;
        case 'j':
            t->json = true;
            break;
        case 'r':
            t->raw = true;
            break;
        case 'c':
            if (!set_colours(t, optarg))
                return cli_usage("tail", "--colour is auto, always or never");
            break;
        case ':':
            return cli_usage("tail", "%s needs a value", argv[optind - 1]);
        default:
            if (optopt && strncmp(argv[optind - 1], "--", 2) == 0)
                return cli_usage("tail", "%s: this flag takes no value", argv[optind - 1]);
            return cli_refuse_rest(2, (char *[]){argv[0], argv[optind - 1], NULL}, option_names);
        }
    }
    return optind < argc ? cli_usage("tail", "'%s' is too much here", argv[optind]) : 0;
}

int cli_tail(int argc, char **argv)
{
    struct settings settings = {0};
    struct tail t = {.sse = {.fn = on_event}, .tty = isatty(STDOUT_FILENO)};
    int status = target_take(&t.target, argv[0], &argc, argv);

    if (status == 0)
        status = cli_settings(&settings, &argc, argv);
    if (status != 0)
        return status;
    t.sse.ctx = &t;
    t.target.socket = settings.socket;
    if (getenv("NO_COLOR"))
        t.tty = false;
    signal(SIGPIPE, SIG_IGN);
    BUF_LIT(&t.query, "/api/v1/logs/stream/sse?slow=wait");
    status = read_options(&t, argc, argv);
    buf_add_char(&t.query, '\0');
    if (status == 0)
        status = buf_error(&t.query) < 0 ? CLI_FAILED : follow(&t);
    sse_fini(&t.sse);
    buf_fini(&t.line);
    buf_fini(&t.query);
    settings_fini(&settings);
    return status;
}
