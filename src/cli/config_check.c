/* SPDX-License-Identifier: MIT
 *
 * config_check.c - `logmill config`: what holds, and the reference pages.
 *
 * `config docs` prints docs/settings.md and docs/metrics.md; a test compares them with the
 * committed files, so that the pages are those of this very program.
 */
#include "cli/cli.h"
#include "conf/settings_doc.h"
#include "metrics/metrics.h"
#include "record/zone.h"
#include "source/line_rules.h"

#include <stdio.h>

/* What a start would refuse besides what stands in the file. */
static int check_outside(const struct settings *s, struct errinfo *info)
{
    struct zone zone;

    if (zone_load(&zone, s->time_zone) < 0)
        return err_set(info, -LM_E_INVALID,
                       "'time_zone': there is no time zone '%s' on this machine", s->time_zone);
    zone_fini(&zone);
    return line_rules_check(s, info);
}

/* Prints what was collected; a page cut short by lack of memory would be a lie. */
static int print(struct buf *b)
{
    int rc = CLI_OK;

    if (buf_error(b) == 0) {
        fwrite(b->p, 1, b->n, stdout);
    } else {
        fputs("logmill config: memory is short\n", stderr);
        rc = CLI_FAILED;
    }
    buf_fini(b);
    return rc;
}

static int check(int argc, char **argv)
{
    struct settings s;
    struct buf b = {0};
    struct errinfo info = {0};
    int rc = cli_settings(&s, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    rc = cli_refuse_rest(argc, argv, NULL);
    if (rc == CLI_OK && check_outside(&s, &info) < 0) {
        fprintf(stderr, "logmill config: %s\n", info.text);
        rc = CLI_FAILED;
    }
    if (rc == CLI_OK) {
        buf_printf(&b, "# configuration file: %s\n", s.file ? s.file : "none");
        settings_write_effective(&s, &b);
        rc = print(&b);
    }
    settings_fini(&s);
    return rc;
}

static int docs(int argc, char **argv)
{
    struct buf b = {0};

    if (argc == 2 && strcmp(argv[1], "settings") == 0)
        settings_write_docs(&b);
    else if (argc == 2 && strcmp(argv[1], "metrics") == 0)
        metrics_write_docs(&b);
    else
        return cli_usage("config", "docs prints one page, settings or metrics");
    return print(&b);
}

int cli_config(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "docs") == 0)
        return docs(argc - 1, argv + 1);
    if (argc < 2 || strcmp(argv[1], "check") != 0)
        return cli_usage("config", "say what to do, check or docs");
    /* The flags follow; the command keeps its name for messages. */
    argv[1] = argv[0];
    return check(argc - 1, argv + 1);
}
