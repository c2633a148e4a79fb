/* SPDX-License-Identifier: MIT
 *
 * stats_command.c - `logmill stats`: how much is stored, by source and job run.
 */
#include "cli/ask_hub.h"
#include "record/show.h"

#include <jansson.h>
#include <stdio.h>

enum { OPT_TOP = ASK_OWN, OPT_JSON };

struct stats_run {
    struct ask ask;
    bool json;
};

enum { TOP_MAX = 1000 };

static const struct option own[] = {
    {"top", required_argument, NULL, OPT_TOP},
    {"json", no_argument, NULL, OPT_JSON},
    {0},
};

static int set_own(void *ctx, int id, const char *value)
{
    struct stats_run *st = ctx;

    uint64_t top;

    switch (id) {
    case OPT_TOP:
        if (!str_to_u64(str_from(value), &top) || top > TOP_MAX)
            return cli_usage("stats", "--top is a whole number from 0 to %d", TOP_MAX);
        ask_param(&st->ask, "limit", str_from(value));
        return 0;
    case OPT_JSON:
    case 'j':
        st->json = true;
        return 0;
    default:
        return cli_usage("stats", "-%c is not a flag of stats", id);
    }
}

static double number(const json_t *object, const char *name)
{
    return (double)json_integer_value(json_object_get(object, name));
}

/* A size that people read. */
static const char *size_text(double bytes, char out[32])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;

    for (; bytes >= 1000 && unit < 4; unit++)
        bytes /= 1000;
    snprintf(out, 32, unit && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
    return out;
}

static void print_top(const json_t *list, const char *key, const char *title, double count)
{
    size_t i;
    const json_t *row;
    char size[32];

    if (json_array_size(list) == 0)
        return;
    printf("\n%-32s %12s %10s %10s  last\n", title, "records", "errors", "bytes");
    json_array_foreach(list, i, row)
    {
        struct buf name = {0};
        const json_t *levels = json_object_get(row, "levels");
        const char *text = json_string_value(json_object_get(row, key));
        const char *last = json_string_value(json_object_get(row, "last"));
        show_text(&name, str_from(text ? text : ""), SHOW_PLAIN);
        printf("%-32.*s %12.0f %10.0f %10s  %.19s\n", STR_FMT(buf_str(&name)), number(row, "count"),
               number(levels, "error") + number(levels, "fatal"),
               size_text(number(row, "bytes"), size), last ? last : "");
        buf_fini(&name);
    }
    if (count > (double)json_array_size(list))
        printf("and %.0f more (--top)\n", count - (double)json_array_size(list));
}

static void print_stats(const json_t *answer)
{
    char text[32], disk[32];
    const char *first = json_string_value(json_object_get(answer, "first"));
    const char *last = json_string_value(json_object_get(answer, "last"));

    printf("%.0f records, %s of messages; %s on the disk\n", number(answer, "records"),
           size_text(number(answer, "bytes"), text), size_text(number(answer, "disk_bytes"), disk));
    if (first && last)
        printf("from %.19s to %.19s UTC\n", first, last);
    print_top(json_object_get(answer, "sources"), "source", "source",
              number(answer, "source_count"));
    print_top(json_object_get(answer, "job_runs"), "job_run_id", "job run",
              number(answer, "job_run_count"));
}

static int run_stats(struct stats_run *st)
{
    struct buf path = {0}, body = {0};
    int status = ASK_TROUBLE;

    ask_path(&st->ask, "/api/v1/stats", "", &path);
    if (ask_get(&st->ask, path.p, ask_collect, &body) == 0) {
        json_t *answer = json_loadb(body.p ? body.p : "", body.n, JSON_ALLOW_NUL, NULL);
        if (st->json)
            fwrite(body.p, 1, body.n, stdout);
        else
            print_stats(answer);
        status = number(answer, "records") > 0 ? ASK_FOUND : ASK_NOTHING;
        json_decref(answer);
    }
    buf_fini(&path);
    buf_fini(&body);
    return status;
}

int cli_stats(int argc, char **argv)
{
    struct stats_run st = {0};
    int status = ask_begin(&st.ask, "stats", &argc, argv);

    if (status == 0)
        status = ask_options(&st.ask, argc, argv, own, set_own, &st, NULL);
    if (status == 0)
        status = run_stats(&st);
    ask_end(&st.ask);
    return status;
}
