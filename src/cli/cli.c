/* SPDX-License-Identifier: MIT
 *
 * cli.c - from the words of the command line to one subcommand.
 *
 * `logmill help X`, `logmill X --help` and `logmill --help` print what commands.def says.
 * Everything that is refused is refused with the nearest name that would have been taken.
 */
#include "cli/cli.h"

#include "base/diag.h"
#include "conf/settings_doc.h"
#include "conf/settings_table.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    bool settings;
    const char *sentence, *usage, *flags, *examples;
};

static const struct command commands[] = {
#define COMMAND(name, settings, sentence, usage, flags, examples)                                  \
    {#name, cli_##name, settings, sentence, usage, flags, examples},
#include "cli/commands.def"
#undef COMMAND
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int refuse_command(const char *name)
{
    const char *names[COMMAND_COUNT];

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    const char *nearest = err_nearest(name, names, COMMAND_COUNT);
    fprintf(stderr, "logmill: there is no command '%s'%s%s%s\nSee `logmill --help`.\n",
            quote(str_from(name)).text, nearest ? ": did you mean '" : "", nearest ? nearest : "",
            nearest ? "'?" : "");
    return CLI_USAGE;
}

static void print_overview(FILE *out)
{
    fputs("logmill takes lines of logs in, keeps them, and shows them live.\n\n"
          "Usage: logmill <command> [...]\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].sentence);
    fputs("\nBegin with:\n\n"
          "  logmill serve                 in one terminal; open the URL it prints\n"
          "  logmill run -- make           in another; or any other command\n\n"
          "`logmill help <command>` tells more, with examples.\n",
          out);
}

static int print_help(const struct command *command)
{
    struct buf flags = {0};

    printf("Usage: logmill %s %s\n\n%s\n\n%s%sExamples:\n%s", command->name, command->usage,
           command->sentence, command->flags, command->flags[0] ? "\n" : "", command->examples);
    if (command->settings) {
        settings_write_flags(&flags);
        printf("\nSettings (also in the file as name: value, and as LOGMILL_<NAME>):\n%.*s",
               STR_FMT(buf_str(&flags)));
        buf_fini(&flags);
    }
    return CLI_OK;
}

/* What follows "--" belongs to somebody else. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* What a command printed counts when it has been written; who read it may have left, as head does. */
static int close_output(const char *name, int status)
{
    struct pollfd output = {.fd = STDOUT_FILENO};

    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (poll(&output, 1, 0) > 0 && output.revents & POLLERR)
        return status;
    fprintf(stderr, "logmill %s: not all of the output could be written: is the disk full?\n",
            name);
    return CLI_USAGE;
}

static int run_words(int argc, char **argv)
{
    if (argc < 2) {
        print_overview(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_overview(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0)
        return cli_version(1, argv + 1);
    const struct command *command = find_command(argv[1]);
    if (!command)
        return refuse_command(argv[1]);
    if (asks_for_help(argc - 1, argv + 1))
        return print_help(command);
    return command->run(argc - 1, argv + 1);
}

int cli_main(int argc, char **argv)
{
    return close_output(argc > 1 ? argv[1] : "", run_words(argc, argv));
}

int cli_help(int argc, char **argv)
{
    if (argc < 2) {
        print_overview(stdout);
        return CLI_OK;
    }
    const struct command *command = find_command(argv[1]);
    return command ? print_help(command) : refuse_command(argv[1]);
}

static void warn_of_stray_variables(void)
{
    struct stray_variable stray;
    size_t at = 0;

    while (settings_next_stray(environ, &at, &stray))
        diag_warn("nobody reads the variable %s%s%s%s", stray.name,
                  stray.nearest[0] ? ": did you mean " : "", stray.nearest,
                  stray.nearest[0] ? "?" : "");
}

int cli_settings(struct settings *s, int *argc, char **argv)
{
    struct errinfo err;

    warn_of_stray_variables();
    int rc = settings_load(s, argc, argv, environ, &err);
    if (rc == 0)
        return CLI_OK;
    if (err.line)
        fprintf(stderr, "logmill: %s:%d:%d: %s\n", s->file, err.line, err.column, err.text);
    else
        fprintf(stderr, "logmill: %s\n", err.text);
    settings_fini(s);
    return CLI_USAGE;
}

int cli_usage(const char *command, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "logmill %s: ", command);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\nSee `logmill help %s`.\n", command);
    return CLI_USAGE;
}

static int refuse_flag(const char *command, const char *name, const char *const *own)
{
    char flags[SETTING_COUNT][SETTING_NAME_MAX];
    const char *names[SETTING_COUNT + 64];
    size_t n = 0;

    names[n++] = "config";
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        setting_flag(&setting_table[i], flags[i]);
        names[n++] = flags[i];
    }
    for (; own && *own && n < sizeof names / sizeof *names; own++)
        names[n++] = *own + (strncmp(*own, "--", 2) == 0 ? 2 : 0);
    const char *nearest = err_nearest(name, names, n);
    return cli_usage(command, "unknown flag '--%s'%s%s%s", name,
                     nearest ? ": did you mean '--" : "", nearest ? nearest : "",
                     nearest ? "'?" : "");
}

int cli_refuse_rest(int argc, char **argv, const char *const *own)
{
    if (argc < 2)
        return CLI_OK;
    struct str value, flag = str_cut(str_from(argv[1]), '=', &value);
    if (!str_starts(flag, STR("--")))
        return cli_usage(argv[0], "'%s' is not expected here", quote(str_from(argv[1])).text);
    return refuse_flag(argv[0], quote(str_of(flag.p + 2, flag.n - 2)).text, own);
}
