/* SPDX-License-Identifier: MIT
 *
 * export_command.c - `logmill export`: records as a file.
 *
 * A named file appears under its name only when it is whole: until then it is <name>.part beside
 * it, which goes when the export is ended. One that was left behind all the same (kill -9) is
 * written anew.
 */
#include "cli/ask_hub.h"
#include "cli/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum { OPT_FORMAT = ASK_OWN, OPT_COMPRESS, OPT_OUTPUT, OPT_DATE, OPT_TZ };

enum { UNWRITTEN = 1 }; /* ends an answer */

struct export_run {
    struct ask ask;
    const char *output; /* NULL or "-": the standard output */
    bool said_format, said_compress;
    FILE *out;
    int error; /* why it could not be written, negative */
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
    if (fwrite(piece.p, 1, piece.n, e->out) != piece.n)
        e->error = -errno;
    return e->error ? UNWRITTEN : 0;
}

static const char *unfinished; /* what goes when a signal ends the program */

static void on_signal(int number)
{
    if (unfinished)
        unlink(unfinished);
    signal(number, SIG_DFL);
    raise(number);
}

static void guard(const char *part)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

    unfinished = part;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (signal(signals[i], on_signal) == SIG_IGN) /* as nohup wants it */
            signal(signals[i], SIG_IGN);
}

/* Locked, so that two exports to one name do not mix. NULL: it has been said. */
static FILE *open_part(const char *part)
{
    int fd = open(part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    bool mine = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    FILE *f = mine && ftruncate(fd, 0) == 0 ? fdopen(fd, "w") : NULL;

    if (f) {
        guard(part);
        return f;
    }
    fprintf(stderr, "logmill export: cannot make %s: %s\n", part,
            fd >= 0 && !mine ? "another export is writing it" : err_text(-errno));
    if (fd >= 0)
        close(fd);
    return NULL;
}

static int write_all(struct export_run *e)
{
    struct buf path = {0};

    guess_from_name(e);
    ask_path(&e->ask, "/api/v1/logs/export", "", &path);
    int rc = ask_get(&e->ask, path.p, on_body, e);
    buf_fini(&path);
    if (!e->error && (fflush(e->out) != 0 || (e->output && fsync(fileno(e->out)) != 0)))
        e->error = -errno;
    progress_end(&e->progress);
    if (e->error && e->output)
        fprintf(stderr, "logmill export: cannot write %s: %s\n", e->output, err_text(e->error));
    return rc == 0 && !e->error ? 0 : ASK_TROUBLE;
}

/* The file has its name when everything is in it, or there is none. */
static int export_to_file(struct export_run *e, const char *part)
{
    e->out = open_part(part);
    if (!e->out)
        return ASK_TROUBLE;
    progress_begin(&e->progress, "export", 0, true);
    int status = write_all(e);
    fclose(e->out);
    if (status == 0 && rename(part, e->output) < 0) {
        fprintf(stderr, "logmill export: cannot rename %s: %s\n", part, err_text(-errno));
        status = ASK_TROUBLE;
    }
    if (status != 0)
        unlink(part);
    unfinished = NULL;
    return status;
}

static int run_export(struct export_run *e)
{
    char *part = NULL;
    int status;

    if (!e->output) {
        if (isatty(STDOUT_FILENO) && e->said_compress)
            return cli_usage("export", "packed bytes do not go to a terminal: name a file with -o");
        e->out = stdout;
        progress_begin(&e->progress, "export", 0, false);
        return write_all(e);
    }
    if (access(e->output, F_OK) == 0)
        return cli_usage("export", "%s is there already: choose another name", e->output);
    if (asprintf(&part, "%s.part", e->output) < 0)
        return ASK_TROUBLE;
    status = export_to_file(e, part);
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
