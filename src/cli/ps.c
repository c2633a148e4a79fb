/* SPDX-License-Identifier: MIT
 *
 * ps.c - `logmill ps`: the processes as a table, once or again and again.
 */
#include "base/clock.h"
#include "cli/hub_call.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

enum { WATCH_US = 1000 * 1000, ANSWER_MS = 10 * 1000 };

static const struct option options[] = {
    {"json", no_argument, NULL, 'j'}, {"watch", no_argument, NULL, 'w'}, {0}};
static const char *const option_names[] = {"--json", "--watch",    "--url",
                                           "--ca",   "--insecure", NULL};

struct view {
    struct hub_call call;
    bool json, watch;
};

static int read_options(struct view *v, int argc, char **argv)
{
    int c;

    opterr = 0;
    optind = 1;
    while ((c = getopt_long(argc, argv, ":jw", options, NULL)) != -1) {
        if (c != 'j' && c != 'w')
            return cli_refuse_rest(2, (char *[]){argv[0], argv[optind - 1], NULL}, option_names);
        v->json |= c == 'j';
        v->watch |= c == 'w';
    }
    return optind < argc ? cli_usage(argv[0], "'%s' is too much here", argv[optind]) : CLI_OK;
}

/* "3d04h", "2h07m", "5m12s", "8s" */
static void write_age(char out[16], int64_t us)
{
    unsigned s = us > 0 ? (unsigned)(us / 1000000) : 0;

    if (s >= 86400)
        snprintf(out, 16, "%ud%02uh", s / 86400 % 100000, s / 3600 % 24);
    else if (s >= 3600)
        snprintf(out, 16, "%uh%02um", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(out, 16, "%um%02us", s / 60, s % 60);
    else
        snprintf(out, 16, "%us", s);
}

static void write_size(char out[32], json_int_t kb)
{
    if (kb >= 10 * 1024)
        snprintf(out, 32, "%lldM", (long long)kb / 1024);
    else
        snprintf(out, 32, "%lldK", (long long)kb);
}

static void print_row(const json_t *p)
{
    const json_t *metrics = json_object_get(p, "metrics"),
                 *rss = json_object_get(metrics, "rss_kb");
    json_int_t pid = json_integer_value(json_object_get(p, "pid"));
    const char *reason = json_text(p, "reason");
    char age[16] = "-", memory[32] = "-", number[32] = "-";
    int64_t started_us;

    if (pid && clock_parse(str_from(json_text(p, "started_at")), &started_us))
        write_age(age, clock_wall_us() - started_us);
    if (pid && json_is_integer(rss))
        write_size(memory, json_integer_value(rss));
    if (pid)
        snprintf(number, sizeof number, "%lld", (long long)pid);
    printf("%-20s %-12s %8s %8s %8lld %9.1fs %7s %10lld  %s%s\n", json_text(p, "name"),
           json_text(p, "state"), number, age,
           (long long)json_integer_value(json_object_get(p, "restarts")),
           (double)json_integer_value(json_object_get(metrics, "cpu_ms")) / 1000, memory,
           (long long)json_integer_value(json_object_get(metrics, "lines")),
           json_is_true(json_object_get(p, "orphan_writers")) ? "[orphan writers] " : "", reason);
}

static void print_table(const json_t *list)
{
    const json_t *p;
    size_t i;

    printf("%-20s %-12s %8s %8s %8s %10s %7s %10s  %s\n", "NAME", "STATE", "PID", "UPTIME",
           "RESTARTS", "CPU", "MEMORY", "LINES", "WHY");
    json_array_foreach(list, i, p) print_row(p);
}

static int show(struct view *v)
{
    json_t *answer = NULL;
    int rc = hub_call_json(&v->call, NULL, "/api/v1/processes", NULL, ANSWER_MS, &answer);

    if (rc != CLI_OK)
        return rc;
    const json_t *list = json_object_get(answer, "processes");
    if (v->watch && isatty(STDOUT_FILENO))
        fputs("\x1b[H\x1b[J", stdout);
    if (v->json) {
        json_dumpf(list, stdout, v->watch ? JSON_COMPACT : JSON_INDENT(2));
        putchar('\n');
    } else {
        print_table(list);
    }
    json_decref(answer);
    return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

int cli_ps(int argc, char **argv)
{
    struct view v = {0};
    int rc = hub_call_open(&v.call, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    rc = read_options(&v, argc, argv);
    if (rc == CLI_OK)
        rc = show(&v);
    while (rc == CLI_OK && v.watch) {
        usleep(WATCH_US); /* a picture for people: CPU and memory change without any event */
        rc = show(&v);
    }
    hub_call_close(&v.call);
    return rc;
}
