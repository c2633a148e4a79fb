/* SPDX-License-Identifier: MIT
 *
 * wait.c - `logmill wait NAME`: until a process has said something, or has ended.
 *
 * Exit statuses are for scripts: with --match 0 when the line came, 1 when the process ended
 * without it, 124 when the time is over; without --match the status of the process itself, 128 + n
 * when signal n ended it. What the present run said before counts as well.
 */
#include "base/clock.h"
#include "cli/hub_call.h"
#include "cli/record_line.h"
#include "cli/sse_read.h"
#include "conf/units.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    ANSWER_MS = 10 * 1000,
    SILENCE_MS = 15 * 1000,
    TIMED_OUT = 124, /* as timeout(1) says it */
    STOP = 1,
    SETTLE_US = 50 * 1000,
    SETTLE_TIMES = 40, /* a process that is to be started again says so within 2 s */
};

static const struct option options[] = {
    {"match", required_argument, NULL, 'm'}, {"timeout", required_argument, NULL, 't'}, {0}};
static const char *const option_names[] = {"--match", "--timeout",  "--url",
                                           "--ca",    "--insecure", NULL};

struct wait {
    struct hub_call call;
    const char *name, *match;
    uint64_t timeout_ms; /* 0 = for ever */
    int64_t started_us;  /* of the present run */
    struct sse_reader sse;
    int status; /* the answer, once there is one; -1 before */
};

static int read_options(struct wait *w, int argc, char **argv)
{
    int c;

    opterr = 0;
    optind = 1;
    while ((c = getopt_long(argc, argv, ":m:t:", options, NULL)) != -1) {
        if (c == ':')
            return cli_usage("wait", "%s needs a value", argv[optind - 1]);
        if (c == '?')
            return cli_refuse_rest(2, (char *[]){argv[0], argv[optind - 1], NULL}, option_names);
        if (c == 'm')
            w->match = optarg;
        else if (!duration_parse(str_from(optarg), &w->timeout_ms) || w->timeout_ms == 0)
            return cli_usage("wait", "--timeout is a duration such as 30s");
    }
    if (optind + 1 != argc)
        return cli_usage("wait", "say one process: logmill wait web --match listening");
    w->name = argv[optind];
    return CLI_OK;
}

static void on_alarm(int number)
{
    static const char text[] = "logmill wait: the time is over\n";

    (void)number;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(TIMED_OUT);
}

static void set_alarm(uint64_t ms)
{
    struct itimerval timer = {
        .it_value = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)}};

    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* ---- the process ---- */

static int get_process(struct wait *w, json_t **ret)
{
    struct buf path = {0};
    int rc = hub_call_process_path(&path, w->name, "") < 0 ? CLI_FAILED : CLI_OK;

    if (rc == CLI_OK)
        rc = hub_call_json(&w->call, NULL, path.p, NULL, ANSWER_MS, ret);
    buf_fini(&path);
    return rc;
}

static int signal_number(const char *name)
{
    for (int number = 1; number < NSIG; number++) {
        const char *short_name = sigabbrev_np(number);
        if (short_name && strncmp(name, "SIG", 3) == 0 && strcmp(short_name, name + 3) == 0)
            return number;
    }
    return 0;
}

/* Its own status, or 1 with --match, which it has not said; -1 while it lives or will live
 * again. */
static int end_of(const struct wait *w, const json_t *p)
{
    const json_t *ex = json_object_get(p, "exit"), *code = json_object_get(ex, "code");
    const char *state = json_text(p, "state");

    if (strcmp(state, "exited") != 0 && strcmp(state, "disconnected") != 0 &&
        strcmp(state, "failed") != 0)
        return -1;
    if (w->match)
        fprintf(stderr, "logmill wait: %s has ended without saying it: %s\n", w->name,
                json_text(p, "reason"));
    if (w->match || !json_is_object(ex))
        return CLI_FAILED;
    return json_is_integer(code) ? (int)json_integer_value(code)
                                 : 128 + signal_number(json_text(ex, "signal"));
}

/* An exit record came. Will it be started again? */
static int look_at_end(struct wait *w)
{
    for (int i = 0; i < SETTLE_TIMES; i++) {
        json_t *p = NULL;
        if (get_process(w, &p) != CLI_OK)
            return CLI_FAILED;
        const char *state = json_text(p, "state");
        bool is_over = !json_integer_value(json_object_get(p, "keeper_pid"));
        int end = is_over || strcmp(state, "disconnected") != 0 ? end_of(w, p) : -1;
        bool goes_on = strcmp(state, "disconnected") != 0 && end < 0;
        json_decref(p);
        if (end >= 0 || goes_on)
            return end;
        usleep(SETTLE_US);
    }
    return -1;
}

/* ---- its lines ---- */

static bool is_exit(const json_t *record)
{
    return strcmp(json_text(json_object_get(record, "fields"), "event"), "exit") == 0;
}

static int on_event(const struct sse_event *e, void *ctx)
{
    const struct record_style style = {.raw = true};
    struct wait *w = ctx;
    struct buf line = {0};
    int64_t time_us = 0;

    json_t *record = json_loadb(e->data.p, e->data.n, JSON_ALLOW_NUL, NULL);
    clock_parse(str_from(json_text(record, "timestamp")), &time_us);
    if (str_is(e->type, "log") && time_us >= w->started_us) {
        if (is_exit(record)) {
            w->status = look_at_end(w);
        } else {
            record_line_add(&line, record, &style);
            fwrite(line.p, 1, line.n, stdout);
            w->status = CLI_OK;
        }
    }
    json_decref(record);
    buf_fini(&line);
    return w->status >= 0 ? STOP : 0;
}

static int on_body(struct str piece, void *ctx)
{
    struct wait *w = ctx;
    return sse_feed(&w->sse, piece);
}

/* Lines that match, of this process, and its exit records; the latest of before and what comes. */
static int make_path(const struct wait *w, struct buf *path)
{
    struct buf q = {0};

    if (w->match) {
        BUF_LIT(&q, "/");
        for (const char *at = w->match; *at; at++) {
            if (*at == '/' && (at == w->match || at[-1] != '\\'))
                buf_add_char(&q, '\\');
            buf_add_char(&q, *at);
        }
        BUF_LIT(&q, "/ OR ");
    }
    BUF_LIT(&q, "event:exit");
    BUF_LIT(path, "/api/v1/logs/stream/sse?tail=100&source=");
    http_add_query_value(path, str_from(w->name));
    BUF_LIT(path, "&q=");
    http_add_query_value(path, buf_str(&q));
    buf_add_char(path, '\0');
    int rc = buf_error(&q) < 0 ? buf_error(&q) : buf_error(path);
    buf_fini(&q);
    return rc;
}

static int refused(int status, const struct buf *body, const struct errinfo *info)
{
    json_t *answer = json_loadb(body->p ? body->p : "", body->n, JSON_ALLOW_NUL, NULL);
    const char *why = json_text(json_object_get(answer, "error"), "message");

    fprintf(stderr, "logmill wait: %s\n", *why ? why : info->text[0] ? info->text : "the hub left");
    json_decref(answer);
    return status == 400 ? CLI_USAGE : CLI_FAILED;
}

static int watch(struct wait *w)
{
    struct errinfo info = {0};
    struct buf path = {0}, body = {0};
    int rc = make_path(w, &path);
    struct http_get get = {.path = path.p, .silence_ms = SILENCE_MS, .on_body = on_body, .ctx = w};

    if (rc == 0)
        rc = http_client_get(&w->call.target, &get, &body, &info);
    if (w->status < 0)
        w->status = refused(rc, &body, &info);
    buf_fini(&path);
    buf_fini(&body);
    return w->status;
}

static int wait_for(struct wait *w)
{
    json_t *p = NULL;
    int rc = get_process(w, &p);

    if (rc != CLI_OK)
        return rc;
    clock_parse(str_from(json_text(p, "started_at")), &w->started_us);
    if (!w->match)
        w->status = end_of(w, p);
    json_decref(p);
    if (w->timeout_ms)
        set_alarm(w->timeout_ms);
    return w->status >= 0 ? w->status : watch(w);
}

int cli_wait(int argc, char **argv)
{
    struct wait w = {.sse = {.fn = on_event}, .status = -1};
    int rc = hub_call_open(&w.call, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    w.sse.ctx = &w;
    rc = read_options(&w, argc, argv);
    if (rc == CLI_OK)
        rc = wait_for(&w);
    sse_fini(&w.sse);
    hub_call_close(&w.call);
    return rc;
}
