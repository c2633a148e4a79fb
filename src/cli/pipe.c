/* SPDX-License-Identifier: MIT
 *
 * keeper_pipe.c - `app | logmill pipe --source app`: what to call the lines, and then
 * proc/keeper_pipe.h.
 */
#include "cli/cli.h"

#include "proc/keeper_pipe.h"
#include "proc/spawn.h"

#include <getopt.h>
#include <stdio.h>

enum option_id { OPT_SOURCE = 256, OPT_JOB, OPT_TASK, OPT_LABEL, OPT_TEE };

static const struct option options[] = {
    {"source", required_argument, NULL, OPT_SOURCE},
    {"job", required_argument, NULL, OPT_JOB},
    {"task", required_argument, NULL, OPT_TASK},
    {"label", required_argument, NULL, OPT_LABEL},
    {"tee", no_argument, NULL, OPT_TEE},
    {0},
};
static const char *const option_names[] = {"--source", "--job", "--task", "--label", "--tee", NULL};

/* The sentence that refuses this label, or NULL. */
static const char *add_label(struct pipe_opts *o, struct str name, struct str value)
{
    if (!conf_label_ok(name))
        return "a label's name begins with a small letter, goes on with small letters, digits, '_' "
               "and '.', and is not a member of every record such as level";
    if (value.n > LABEL_VALUE_MAX)
        return "a label's value has at most 256 bytes";
    if (o->label_count == FRAME_LABELS_MAX)
        return "a record carries at most 32 labels";
    o->labels[o->label_count++] = (struct frame_label){name, value};
    return NULL;
}

static const char *set_option(struct pipe_opts *o, int id, const char *text)
{
    struct str value, name;

    switch (id) {
    case OPT_SOURCE:
        o->name = text;
        return conf_name_ok(str_from(text))
                   ? NULL
                   : "a source has 1 to 64 letters, digits, '.', '_' or '-'";
    case OPT_JOB:
        return add_label(o, STR("job_run_id"), str_from(text));
    case OPT_TASK:
        return add_label(o, STR("task_run_id"), str_from(text));
    case OPT_LABEL:
        name = str_cut(str_from(text), '=', &value);
        return value.p ? add_label(o, name, value) : "a label looks like this: --label name=value";
    default:
        o->tee = true;
        return NULL;
    }
}

/* Returns an exit status. */
static int read_options(struct pipe_opts *o, int argc, char **argv)
{
    int id;

    opterr = 0;
    optind = 1;
    while ((id = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (id == '?' && optopt >= OPT_SOURCE)
            return cli_usage("pipe", "%s needs a value", argv[optind - 1]);
        if (id == '?')
            return cli_refuse_rest(2, (char *[]){argv[0], argv[optind - 1], NULL}, option_names);
        const char *wrong = set_option(o, id, optarg);
        if (wrong)
            return cli_usage("pipe", "%s", wrong);
    }
    if (optind < argc)
        return cli_usage("pipe",
                         "'%s' is not expected here: pipe reads the standard input, as in "
                         "app | logmill pipe --source app",
                         argv[optind]);
    return o->name
               ? CLI_OK
               : cli_usage("pipe", "say whose lines these are: app | logmill pipe --source app");
}

int cli_pipe(int argc, char **argv)
{
    struct pipe_opts opts = {0};
    struct settings settings;
    struct arena arena = {0};
    struct errinfo info = {0};

    int rc = cli_settings(&settings, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    rc = read_options(&opts, argc, argv);
    if (rc == CLI_OK) {
        opts.socket = settings.socket;
        opts.spool_dir = spawn_runs_dir(&settings, &arena);
        if (!opts.spool_dir || pipe_run(&opts, &info) < 0) {
            fprintf(stderr, "logmill pipe: %s\n", info.text[0] ? info.text : "memory is short");
            rc = CLI_FAILED;
        }
    }
    arena_fini(&arena);
    settings_fini(&settings);
    return rc;
}
