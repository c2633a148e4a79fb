/* SPDX-License-Identifier: MIT
 *
 * ask_hub.c - flags to parameters, and one question to the hub.
 */
#include "cli/ask_hub.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OWN_MAX = 24, OPT_COLOUR = 256, OPT_PARAM };

/* Flags that become parameters. */
static const struct {
    const char *flag, *param;
} chosen[] = {
    {"level", "level"},     {"search", "search"},      {"filter", "q"},
    {"job", "job_run_id"},  {"task", "task_run_id"},   {"source", "source"},
    {"stream", "stream"},   {"process", "process_id"}, {"campaign", "campaign_id"},
    {"user", "user_email"}, {"session", "session_id"}, {"from", "from"},
    {"to", "to"},           {"since", "from"},
};
enum { CHOSEN = sizeof chosen / sizeof *chosen };

int ask_begin(struct ask *a, const char *command, int *argc, char **argv)
{
    *a = (struct ask){.command = command, .colours = isatty(STDOUT_FILENO)};
    int status = target_take(&a->target, command, argc, argv);

    if (status == CLI_OK)
        status = cli_settings(&a->settings, argc, argv);
    if (status != CLI_OK)
        return ASK_TROUBLE;
    signal(SIGPIPE, SIG_DFL); /* `logmill query | head` ends without a word */
    a->target.socket = a->settings.socket;
    if (getenv("NO_COLOR"))
        a->colours = false;
    return 0;
}

void ask_end(struct ask *a)
{
    buf_fini(&a->params);
    buf_fini(&a->filter);
    settings_fini(&a->settings);
}

void ask_param(struct ask *a, const char *name, struct str value)
{
    buf_printf(&a->params, "&%s=", name);
    http_add_query_value(&a->params, value);
}

/* Every word and every -q must hold. */
static void add_filter(struct ask *a, const char *text)
{
    struct buf first = a->filter;

    if (a->filter_parts++ == 0) {
        buf_add_str(&a->filter, str_from(text)); /* without brackets, columns of errors are right */
        return;
    }
    if (a->filter_parts == 2) {
        a->filter = (struct buf){0};
        buf_printf(&a->filter, "(%.*s)", STR_FMT(buf_str(&first)));
        buf_fini(&first);
    }
    buf_printf(&a->filter, " (%s)", text);
}

static int set_colours(struct ask *a, const char *when)
{
    bool always = strcmp(when, "always") == 0, never = strcmp(when, "never") == 0;

    a->colours = always || (a->colours && !never);
    return always || never || strcmp(when, "auto") == 0
               ? 0
               : cli_usage(a->command, "--colour is auto, always or never");
}

static int set_common(struct ask *a, int id, const char *value)
{
    if (id == OPT_COLOUR)
        return set_colours(a, value);
    if (id < OPT_PARAM)
        return 0;
    const char *param = chosen[id - OPT_PARAM].param;
    if (strcmp(param, "q") == 0) {
        add_filter(a, value);
        return 0;
    }
    a->one_source |= strcmp(param, "source") == 0;
    ask_param(a, param, str_from(value));
    return 0;
}

static size_t make_options(struct option *all, const struct option *own)
{
    size_t n = 0;

    for (size_t i = 0; i < CHOSEN; i++)
        all[n++] = (struct option){chosen[i].flag, required_argument, NULL, OPT_PARAM + (int)i};
    all[n++] = (struct option){"colour", required_argument, NULL, OPT_COLOUR};
    all[n++] = (struct option){"color", required_argument, NULL, OPT_COLOUR};
    for (; own->name; own++) {
        lm_assert(n < CHOSEN + 2 + OWN_MAX);
        all[n++] = *own;
    }
    all[n] = (struct option){0};
    return n;
}

static int refuse(const struct ask *a, char **argv, const struct option *all, size_t n)
{
    char flags[CHOSEN + 2 + OWN_MAX][32];
    const char *names[CHOSEN + 3 + OWN_MAX];

    for (size_t i = 0; i < n; i++) {
        snprintf(flags[i], sizeof flags[i], "--%s", all[i].name);
        names[i] = flags[i];
    }
    names[n] = NULL;
    char *rest[] = {argv[0], argv[optind - 1], NULL};
    return strncmp(argv[optind - 1], "--", 2) == 0 && optopt == 0
               ? cli_refuse_rest(2, rest, names)
               : cli_usage(a->command, "'%s' is not understood", argv[optind - 1]);
}

int ask_options(struct ask *a, int argc, char **argv, const struct option *own, ask_own_fn *fn,
                void *ctx, int *words)
{
    struct option all[CHOSEN + 3 + OWN_MAX];
    size_t n = make_options(all, own);
    int id, status = 0;

    opterr = 0;
    optind = 1;
    while (status == 0 && (id = getopt_long(argc, argv, ":q:n:l:s:o:j", all, NULL)) != -1) {
        static const char shorts[] = "qls";
        static const char *const longs[] = {"q", "level", "search"};
        const char *at = id < 256 && id > 0 ? strchr(shorts, id) : NULL;
        if (id == ':')
            status = cli_usage(a->command, "%s needs a value", argv[optind - 1]);
        else if (id == '?')
            status = refuse(a, argv, all, n);
        else if (at && id == 'q')
            add_filter(a, optarg);
        else if (at)
            ask_param(a, longs[at - shorts], str_from(optarg));
        else if (id >= OPT_COLOUR && id < ASK_OWN)
            status = set_common(a, id, optarg);
        else
            status = fn(ctx, id, optarg);
    }
    if (status == 0 && words)
        *words = optind;
    for (int i = optind; i < argc && status == 0 && !words; i++)
        add_filter(a, argv[i]);
    if (a->filter.n)
        ask_param(a, "q", buf_str(&a->filter));
    if (status == 0 && (buf_error(&a->params) < 0 || buf_error(&a->filter) < 0))
        status = ASK_TROUBLE;
    return status;
}

void ask_path(const struct ask *a, const char *route, const char *more, struct buf *ret_path)
{
    buf_clear(ret_path);
    buf_printf(ret_path, "%s?%s", route, more);
    struct str params = buf_str(&a->params);
    if (params.n && more[0] == '\0')
        params = str_of(params.p + 1, params.n - 1);
    buf_add_str(ret_path, params);
    if (ret_path->p[ret_path->n - 1] == '?')
        ret_path->n--;
    buf_add_char(ret_path, '\0');
}

void ask_say_refusal(const struct ask *a, int status, const struct buf *body)
{
    json_t *answer = json_loadb(body->p ? body->p : "", body->n, 0, NULL);
    const char *message =
        json_string_value(json_object_get(json_object_get(answer, "error"), "message"));

    fprintf(stderr, "logmill %s: the hub refused (%d): %s\n", a->command, status,
            message ? message : "no reason given");
    json_decref(answer);
}

int ask_get(struct ask *a, const char *path, int (*on_body)(struct str, void *), void *ctx)
{
    struct http_get get = {.path = path, .on_body = on_body, .ctx = ctx, .must_be_whole = true};
    struct errinfo info = {0};
    struct buf body = {0};
    int status = http_client_get(&a->target, &get, &body, &info);

    if (status > 200)
        ask_say_refusal(a, status, &body);
    else if (status < 0)
        fprintf(stderr, "logmill %s: %s\n", a->command, info.text);
    buf_fini(&body);
    if (status == 200)
        return 0;
    return status > 0 && status < 200 ? status : -LM_E_REFUSED;
}

int ask_collect(struct str piece, void *buf)
{
    buf_add_str(buf, piece);
    return buf_error(buf);
}
