/* SPDX-License-Identifier: MIT
 *
 * control.c - `logmill start`, `stop` and `restart`: three verbs, one way.
 *
 * The hub answers when it is done, so a script that goes on after `logmill stop web` finds web
 * stopped.
 */
#include "cli/hub_call.h"
#include "conf/units.h"

#include <getopt.h>
#include <stdio.h>

enum { MARGIN_MS = 5000 };

struct request {
    struct hub_call call;
    const char *timeout;
    uint32_t timeout_ms;
    bool wait;
};

static const struct option options[] = {
    {"timeout", required_argument, NULL, 't'}, {"no-wait", no_argument, NULL, 'n'}, {0}};
static const char *const option_names[] = {"--timeout", "--no-wait",  "--url",
                                           "--ca",      "--insecure", NULL};

static int read_options(struct request *r, int argc, char **argv)
{
    uint64_t ms;
    int c;

    opterr = 0;
    optind = 1;
    while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (c == 't')
            r->timeout = optarg;
        else if (c == 'n')
            r->wait = false;
        else if (c == ':')
            return cli_usage(argv[0], "%s needs a value", argv[optind - 1]);
        else
            return cli_refuse_rest(2, (char *[]){argv[0], argv[optind - 1], NULL}, option_names);
    }
    if (!duration_parse(str_from(r->timeout), &ms) || ms > 600 * 1000)
        return cli_usage(argv[0], "--timeout is a duration such as 30s, at most 10m");
    r->timeout_ms = (uint32_t)ms;
    return optind < argc ? CLI_OK
                         : cli_usage(argv[0], "say which process; `logmill ps` lists them");
}

/* Is it as it was asked to be? */
static bool is_done(const char *verb, const char *state)
{
    bool up = strcmp(state, "running") == 0;
    bool down = strcmp(state, "exited") == 0 || strcmp(state, "failed") == 0 ||
                strcmp(state, "disconnected") == 0;

    return strcmp(verb, "stop") == 0 ? down : up;
}

static int ask(struct request *r, const char *verb, const char *name)
{
    struct buf path = {0};
    json_t *answer = NULL;
    char rest[64];

    snprintf(rest, sizeof rest, "/%s?wait=%ums", verb, r->wait ? r->timeout_ms : 0);
    int rc = hub_call_process_path(&path, name, rest) < 0 ? CLI_FAILED : CLI_OK;
    if (rc == CLI_OK)
        rc = hub_call_json(&r->call, "POST", path.p, NULL, (int)r->timeout_ms + MARGIN_MS, &answer);
    buf_fini(&path);
    if (rc != CLI_OK)
        return rc;
    const char *state = json_text(answer, "state"), *reason = json_text(answer, "reason");
    printf("%s: %s%s%s\n", name, state, *reason ? ", " : "", reason);
    if (r->wait && !is_done(verb, state))
        rc = CLI_FAILED;
    json_decref(answer);
    return rc;
}

static int control(int argc, char **argv)
{
    struct request r = {.timeout = "30s", .wait = true};
    int rc = hub_call_open(&r.call, &argc, argv), worst = CLI_OK;

    if (rc != CLI_OK)
        return rc;
    worst = read_options(&r, argc, argv);
    for (int i = optind; i < argc && worst != CLI_USAGE; i++) {
        rc = ask(&r, argv[0], argv[i]);
        worst = rc > worst ? rc : worst;
    }
    hub_call_close(&r.call);
    return worst;
}

int cli_start(int argc, char **argv)
{
    return control(argc, argv);
}

int cli_stop(int argc, char **argv)
{
    return control(argc, argv);
}

int cli_restart(int argc, char **argv)
{
    return control(argc, argv);
}
