/* SPDX-License-Identifier: MIT
 *
 * run.c - `logmill run -- command`: this process becomes the keeper of the command.
 *
 * Nothing of the hub's code stays in memory: settings are read, names are checked, and then exec.
 */
#include "cli/cli.h"

#include "proc/spawn.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum option_id { OPT_NAME = 256, OPT_JOB, OPT_TASK, OPT_LABEL, OPT_QUIET };

static const struct option options[] = {
    {"name", required_argument, NULL, OPT_NAME}, {"job", required_argument, NULL, OPT_JOB},
    {"task", required_argument, NULL, OPT_TASK}, {"label", required_argument, NULL, OPT_LABEL},
    {"quiet", no_argument, NULL, OPT_QUIET},     {0},
};
static const char *const option_names[] = {"--name", "--job", "--task", "--label", "--quiet", NULL};

/* What was asked for; the labels point into argv, which their '=' has been cut out of. */
struct request {
    struct spawn spawn;
    struct conf_label labels[LABEL_COUNT_MAX];
    char name[PROCESS_NAME_MAX + 1];
    const char *wrong; /* the sentence that refuses it */
};

static void add_label(struct request *r, char *name, char *value)
{
    if (!conf_label_ok(str_from(name)))
        r->wrong = "a label's name begins with a small letter, goes on with small letters, digits, "
                   "'_' and '.', and is not a member of every record such as level";
    else if (strlen(value) > LABEL_VALUE_MAX)
        r->wrong = "a label's value has at most 256 bytes";
    else if (r->spawn.label_count == LABEL_COUNT_MAX)
        r->wrong = "a record carries at most 32 labels";
    else
        r->labels[r->spawn.label_count++] = (struct conf_label){name, value};
}

static void add_pair(struct request *r, char *pair)
{
    char *equals = strchr(pair, '=');

    if (!equals) {
        r->wrong = "a label looks like this: --label name=value";
        return;
    }
    *equals = '\0';
    add_label(r, pair, equals + 1);
}

static void set_name(struct request *r, const char *name)
{
    if (conf_name_ok(str_from(name)))
        snprintf(r->name, sizeof r->name, "%s", name);
    else
        r->wrong = "a name has 1 to 64 letters, digits, '.', '_' or '-'";
}

static void set_option(struct request *r, int id)
{
    static char job[] = "job_run_id", task[] = "task_run_id";

    if (id == OPT_NAME)
        set_name(r, optarg);
    else if (id == OPT_JOB)
        add_label(r, job, optarg);
    else if (id == OPT_TASK)
        add_label(r, task, optarg);
    else if (id == OPT_LABEL)
        add_pair(r, optarg);
    else
        r->spawn.quiet = true;
}

/* The command's own name, with every byte that a name may not have replaced. */
static void name_after_command(struct request *r, const char *command)
{
    const char *slash = strrchr(command, '/'), *base = slash ? slash + 1 : command;

    snprintf(r->name, sizeof r->name, "%s", base);
    for (char *at = r->name; *at; at++)
        if (!conf_name_ok(str_of(at, 1)) && *at != '.')
            *at = '_';
    if (!conf_name_ok(str_from(r->name)))
        snprintf(r->name, sizeof r->name, "run");
}

/* argv[0 .. argc) is what stands before "--". Returns an exit status. */
static int read_options(struct request *r, int argc, char **argv)
{
    int id;

    opterr = 0;
    optind = 1;
    while ((id = getopt_long(argc, argv, "+:", options, NULL)) != -1 && !r->wrong) {
        if (id == ':')
            return cli_usage("run", "%s needs a value", argv[optind - 1]);
        if (id == '?' && optopt >= OPT_NAME)
            return cli_usage("run", "%s: this flag takes no value", argv[optind - 1]);
        if (id == '?')
            return cli_refuse_rest(2, (char *[]){argv[0], argv[optind - 1], NULL}, option_names);
        set_option(r, id);
    }
    if (r->wrong)
        return cli_usage("run", "%s", r->wrong);
    if (optind < argc)
        return cli_usage("run", "put -- before the command: logmill run -- %s", argv[optind]);
    return CLI_OK;
}

static int become_keeper(struct request *r)
{
    struct arena arena = {0};
    struct errinfo info = {0};
    char **argv;

    if (spawn_new_run(r->spawn.run) < 0 || spawn_command(&r->spawn, &arena, &argv, &info) < 0) {
        fprintf(stderr, "logmill run: %s\n",
                info.text[0] ? info.text : "no random bytes to be had");
    } else {
        execv(argv[0], argv);
        fprintf(stderr, "logmill run: %s cannot be executed: %s\n", argv[0], err_text(-errno));
    }
    arena_fini(&arena);
    return CLI_FAILED;
}

static char **find_command(char **argv)
{
    for (; *argv; argv++)
        if (strcmp(*argv, "--") == 0)
            return argv + 1;
    return NULL;
}

int cli_run(int argc, char **argv)
{
    struct request r = {.spawn.foreground = true};
    struct settings settings;

    int rc = cli_settings(&settings, &argc, argv);
    if (rc != CLI_OK)
        return rc;
    char **command = find_command(argv);
    int before = command ? (int)(command - argv) - 1 : argc;
    rc = read_options(&r, before, argv);
    if (rc == CLI_OK && (!command || !*command))
        rc = cli_usage("run", "say which command, after --: logmill run -- make");
    if (rc == CLI_OK) {
        if (!r.name[0])
            name_after_command(&r, *command);
        r.spawn.name = r.name;
        r.spawn.settings = &settings;
        r.spawn.labels = r.labels;
        r.spawn.argv = command;
        rc = become_keeper(&r);
    }
    settings_fini(&settings);
    return rc;
}
