/* SPDX-License-Identifier: MIT
 *
 * export_command.c - `logmill export`: records as a file.
 *
 * A named file appears under its name only when it is whole: until then it is <name>.part beside it.
 */
#include "cli/ask_hub.h"
#include "cli/progress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPT_FORMAT = ASK_OWN, OPT_COMPRESS, OPT_OUTPUT, OPT_DATE, OPT_TZ };

struct export_run {
    struct ask ask;
    const char *output; /* NULL or "-": the standard output */
    bool said_format, said_compress;
    FILE *out;
    struct progress progress;
};

static const struct option own[] = {
    {"format", required_argument, NULL, OPT_FORMAT},
    {"compress", required_argument, NULL, OPT_COMPRESS},
    {"output", required_argument, NULL, OPT_OUTPUT},
    {"date", required_argument, NULL, OPT_DATE},
    {"tz", required_argument, NULL, OPT_TZ},
    {0},
};

static int set_own(void *ctx, int id, const char *value)
{
    struct export_run *e = ctx;

    switch (id) {
    case OPT_FORMAT:
        e->said_format = true;
        ask_param(&e->ask, "format", str_from(value));
        return 0;
    case OPT_COMPRESS:
        e->said_compress = true;
        ask_param(&e->ask, "compress", str_from(value));
        return 0;
    case OPT_OUTPUT:
    case 'o':
        e->output = strcmp(value, "-") == 0 ? NULL : value;
        return 0;
    case OPT_DATE:
        ask_param(&e->ask, "date", str_from(value));
        return 0;
    case OPT_TZ:
        ask_param(&e->ask, "tz", str_from(value));
        return 0;
    default:
        return cli_usage("export", "-%c is not a flag of export", id);
    }
}

static bool ends_with(struct str name, const char *ending)
{
    struct str e = str_from(ending);
    return name.n > e.n && str_eq(str_of(name.p + name.n - e.n, e.n), e);
}

/* lines.csv.zst says what it is to be. */
static void guess_from_name(struct export_run *e)
{
    struct str name = str_from(e->output ? e->output : "");
    const char *compress = ends_with(name, ".gz") ? "gz" : ends_with(name, ".zst") ? "zst" : NULL;

    if (compress && !e->said_compress)
        ask_param(&e->ask, "compress", str_from(compress));
    if (compress)
        name.n -= strlen(compress) + 1;
    if (e->said_format)
        return;
    if (ends_with(name, ".csv"))
        ask_param(&e->ask, "format", STR("csv"));
    else if (ends_with(name, ".log") || ends_with(name, ".txt"))
        ask_param(&e->ask, "format", STR("text"));
}

static int on_body(struct str piece, void *ctx)
{
    struct export_run *e = ctx;

    progress_add(&e->progress, piece.n);
    return fwrite(piece.p, 1, piece.n, e->out) == piece.n ? 0 : -EIO;
}

static int export_to(struct export_run *e, const char *part)
{
    struct buf path = {0};

    guess_from_name(e);
    e->out = e->output ? fopen(part, "wxe") : stdout;
    if (!e->out) {
        fprintf(stderr, "logmill export: cannot make %s: %s\n", part, err_text(-errno));
        return ASK_TROUBLE;
    }
    ask_path(&e->ask, "/api/v1/logs/export", "", &path);
    int rc = ask_get(&e->ask, path.p, on_body, e);
    buf_fini(&path);
    bool written = fflush(e->out) == 0 && (!e->output || fsync(fileno(e->out)) == 0);
    if (rc == 0 && !written)
        rc = -EIO;
    if (rc == -EIO)
        fprintf(stderr, "logmill export: cannot write: %s\n", err_text(-errno));
    if (e->output)
        fclose(e->out);
    progress_end(&e->progress);
    return rc == 0 ? 0 : ASK_TROUBLE;
}

static int run_export(struct export_run *e)
{
    char *part = NULL;
    int status;

    if (!e->output && isatty(STDOUT_FILENO) && e->said_compress)
        return cli_usage("export", "packed bytes do not go to a terminal: name a file with -o");
    if (e->output && access(e->output, F_OK) == 0)
        return cli_usage("export", "%s is there already: choose another name", e->output);
    if (asprintf(&part, "%s.part", e->output ? e->output : "") < 0)
        return ASK_TROUBLE;
    progress_begin(&e->progress, "export", 0, e->output != NULL);
    status = export_to(e, part);
    if (e->output && status == 0 && rename(part, e->output) < 0) {
        fprintf(stderr, "logmill export: cannot rename %s: %s\n", part, err_text(-errno));
        status = ASK_TROUBLE;
    }
    if (e->output && status != 0)
        unlink(part);
    free(part);
    return status;
}

int cli_export(int argc, char **argv)
{
    struct export_run e = {0};
    int status = ask_begin(&e.ask, "export", &argc, argv);

    if (status == 0)
        status = ask_options(&e.ask, argc, argv, own, set_own, &e, NULL);
    if (status == 0)
        status = run_export(&e);
    ask_end(&e.ask);
    return status;
}
