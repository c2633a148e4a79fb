/* SPDX-License-Identifier: MIT
 *
 * logs_command.c - `logmill logs NAME`: what a process wrote lately, and with -f what it writes
 * from now on.
 *
 * Following is `logmill tail` with the process filled in. Without it the records are asked for, so
 * the command ends when they are printed.
 */
#include "cli/hub_call.h"
#include "cli/record_line.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ANSWER_MS = 60 * 1000 };

static const struct option options[] = {{"follow", no_argument, NULL, 'f'},
                                        {"tail", required_argument, NULL, 'n'},
                                        {"json", no_argument, NULL, 'j'},
                                        {"raw", no_argument, NULL, 'r'},
                                        {0}};
static const char *const option_names[] = {"--follow", "--tail", "--json",     "--raw",
                                           "--url",    "--ca",   "--insecure", NULL};

struct wish {
    const char *name, *tail;
    bool follow, json, raw;
};

static int read_options(struct wish *w, int argc, char **argv)
{
    uint64_t count;
    int c;

    opterr = 0;
    optind = 1;
    while ((c = getopt_long(argc, argv, ":fn:jr", options, NULL)) != -1) {
        if (c == ':')
            return cli_usage("logs", "%s needs a value", argv[optind - 1]);
        if (c == '?')
            return cli_refuse_rest(2, (char *[]){argv[0], argv[optind - 1], NULL}, option_names);
        w->follow |= c == 'f';
        w->json |= c == 'j';
        w->raw |= c == 'r';
        w->tail = c == 'n' ? optarg : w->tail;
    }
    if (optind + 1 != argc)
        return cli_usage("logs", "say one process: logmill logs web");
    if (!str_to_u64(str_from(w->tail), &count) || count > 10000)
        return cli_usage("logs", "--tail is a number, at most 10000");
    w->name = argv[optind];
    return CLI_OK;
}

static void print_records(const struct wish *w, const json_t *logs)
{
    struct record_style style = {
        .raw = w->raw, .one_source = true, .colours = isatty(STDOUT_FILENO) && !getenv("NO_COLOR")};
    struct buf line = {0};

    for (size_t i = json_array_size(logs); i-- > 0;) { /* they come newest first */
        buf_clear(&line);
        if (w->json) {
            json_dumpf(json_array_get(logs, i), stdout, JSON_COMPACT);
            putchar('\n');
        } else {
            record_line_add(&line, json_array_get(logs, i), &style);
            fwrite(line.p, 1, line.n, stdout);
        }
    }
    buf_fini(&line);
}

static int print_latest(struct hub_call *call, const struct wish *w)
{
    struct buf path = {0};
    json_t *answer = NULL;
    int rc = CLI_FAILED;

    buf_printf(&path, "/api/v1/logs?count=none&limit=%s&source=", w->tail);
    http_add_query_value(&path, str_from(w->name));
    buf_add_char(&path, '\0');
    if (buf_error(&path) == 0)
        rc = hub_call_json(call, NULL, path.p, NULL, ANSWER_MS, &answer);
    if (rc == CLI_OK) {
        print_records(w, json_object_get(answer, "logs"));
        if (json_array_size(json_object_get(answer, "logs")) == 0)
            fprintf(stderr,
                    "logmill logs: nothing of '%s' is kept; `logmill ps` lists the processes\n",
                    w->name);
        json_decref(answer);
        rc = fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
    }
    buf_fini(&path);
    return rc;
}

static int follow(struct hub_call *call, const struct wish *w)
{
    char socket[] = "--socket", url[] = "--url", source[] = "--source", tail[] = "--tail",
         json[] = "--json", raw[] = "--raw", command[] = "tail", ca[] = "--ca",
         insecure[] = "--insecure";
    union {
        const char *from;
        char *to;
    } where = {.from = call->target.url ? call->target.url : call->target.socket},
      name = {.from = w->name}, count = {.from = w->tail}, signer = {.from = call->target.ca};
    char *argv[16] = {command, call->target.url ? url : socket, where.to, source, name.to, tail,
                      count.to};
    int argc = 7;

    if (w->json)
        argv[argc++] = json;
    if (w->raw)
        argv[argc++] = raw;
    if (signer.from) {
        argv[argc++] = ca;
        argv[argc++] = signer.to;
    }
    if (call->target.insecure)
        argv[argc++] = insecure;
    return cli_tail(argc, argv);
}

int cli_logs(int argc, char **argv)
{
    struct wish w = {.tail = "100"};
    struct hub_call call;
    int rc = hub_call_open(&call, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    rc = read_options(&w, argc, argv);
    if (rc == CLI_OK)
        rc = w.follow ? follow(&call, &w) : print_latest(&call, &w);
    hub_call_close(&call);
    return rc;
}
