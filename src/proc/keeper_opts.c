/* SPDX-License-Identifier: MIT
 *
 * keeper_opts.c - argv to struct keeper_opts.
 */
#include "proc/keeper_opts.h"

#include "proc/keeper_queue.h"

#include <getopt.h>
#include <stdio.h>

/* Values of the long options; above what a short option could be. */
enum option_id {
    OPT_NAME = 256,
    OPT_RUN,
    OPT_SOCKET,
    OPT_LOG,
    OPT_RUNS,
    OPT_LABEL,
    OPT_APPEND,
    OPT_FOREGROUND,
    OPT_QUIET,
    OPT_MEMORY,
    OPT_SPOOL,
    OPT_NOFILE,
    OPT_ROTATE,
    OPT_LINES,
    OPT_PTY,
    OPT_USER,
    OPT_LIMIT,
    OPT_CGROUP,
};

static const struct option known[] = {
    {"name", required_argument, NULL, OPT_NAME},
    {"run", required_argument, NULL, OPT_RUN},
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"log", required_argument, NULL, OPT_LOG},
    {"runs", required_argument, NULL, OPT_RUNS},
    {"label", required_argument, NULL, OPT_LABEL},
    {"append", no_argument, NULL, OPT_APPEND},
    {"foreground", no_argument, NULL, OPT_FOREGROUND},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"memory", required_argument, NULL, OPT_MEMORY},
    {"spool", required_argument, NULL, OPT_SPOOL},
    {"nofile", required_argument, NULL, OPT_NOFILE},
    {"rotate", required_argument, NULL, OPT_ROTATE},
    {"lines", no_argument, NULL, OPT_LINES},
    {"pty", no_argument, NULL, OPT_PTY},
    {"user", required_argument, NULL, OPT_USER},
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"cgroup", required_argument, NULL, OPT_CGROUP},
    {0},
};

static bool add_label(struct keeper_opts *o, const char *text)
{
    struct str value, name = str_cut(str_from(text), '=', &value);

    if (name.n == 0 || name.n > UINT16_MAX || value.n > UINT16_MAX || name.n == strlen(text) ||
        o->label_count == FRAME_LABELS_MAX)
        return false;
    o->labels[o->label_count++] = (struct frame_label){name, value};
    return true;
}

static bool set_size(size_t *ret, const char *text)
{
    uint64_t value;

    if (!str_to_u64(str_from(text), &value) || value > 1ull << 40)
        return false;
    *ret = (size_t)value;
    return true;
}

/* "BYTES:COUNT" */
static bool set_rotation(struct keeper_opts *o, const char *text)
{
    struct str count, size = str_cut(str_from(text), ':', &count);
    uint64_t n;

    if (!str_to_u64(size, &o->file.rotate_bytes) || !str_to_u64(count, &n) || n == 0 ||
        n > FILE_KEPT_MAX)
        return false;
    o->file.kept = (unsigned)n;
    return true;
}

static bool set_option(struct keeper_opts *o, int id)
{
    switch (id) {
    case OPT_NAME:
        o->name = optarg;
        return strlen(optarg) > 0 && strlen(optarg) <= 64;
    case OPT_RUN:
        return run_from_hex(optarg, o->run);
    case OPT_SOCKET:
        o->socket = optarg;
        return true;
    case OPT_LOG:
        o->log = optarg;
        return true;
    case OPT_RUNS:
        o->runs = optarg;
        return true;
    case OPT_LABEL:
        return add_label(o, optarg);
    case OPT_APPEND:
        return o->file.append = true;
    case OPT_ROTATE:
        return set_rotation(o, optarg);
    case OPT_LINES:
        return o->lines = true;
    case OPT_PTY:
        return o->pty = true;
    case OPT_USER:
        return rights_set_user(&o->rights, optarg);
    case OPT_LIMIT:
        return rights_add_limit(&o->rights, optarg);
    case OPT_CGROUP:
        o->rights.group = optarg;
        return true;
    case OPT_FOREGROUND:
        return o->foreground = true;
    case OPT_QUIET:
        return o->quiet = true;
    case OPT_MEMORY:
        return set_size(&o->memory_bytes, optarg) && o->memory_bytes >= 4 * QUEUE_FRAME_MAX;
    case OPT_SPOOL:
        return set_size(&o->spool_bytes, optarg);
    case OPT_NOFILE:
        return set_size(&o->nofile, optarg);
    default:
        return false;
    }
}

/* Quotes what a shell would take apart, so that the text can be pasted. */
static void add_word(struct buf *out, const char *word)
{
    bool plain = *word && !strpbrk(word, " \t\n\r'\"\\$`&|;<>()*?[]#~!{}");

    if (out->n)
        buf_add_char(out, ' ');
    if (plain) {
        buf_add_str(out, str_from(word));
        return;
    }
    buf_add_char(out, '\'');
    for (; *word; word++)
        if (*word == '\'')
            BUF_LIT(out, "'\\''");
        else
            buf_add_char(out, *word);
    buf_add_char(out, '\'');
}

static void describe(struct keeper_opts *o)
{
    struct buf text = {0};

    for (char **word = o->argv; *word && text.n < sizeof o->command; word++)
        add_word(&text, *word);
    snprintf(o->command, sizeof o->command, "%.*s", STR_FMT(buf_str(&text)));
    buf_fini(&text);
}

int keeper_opts_parse(struct keeper_opts *o, int argc, char **argv, struct errinfo *info)
{
    int id;

    *o = (struct keeper_opts){.memory_bytes = KEEPER_MEMORY, .spool_bytes = KEEPER_SPOOL};
    opterr = 0;
    while ((id = getopt_long(argc, argv, "+", known, NULL)) != -1)
        if (!set_option(o, id))
            return err_set(info, -LM_E_INVALID,
                           "keeper: '%s' is not understood; start it with 'logmill run -- command'",
                           argv[optind - 1]);
    if (!o->name || !o->socket || !o->log || !o->runs || optind == argc)
        return err_set(info, -LM_E_INVALID,
                       "keeper: something is missing; start it with 'logmill run -- command'");
    o->argv = argv + optind;
    run_to_hex(o->run, o->run_hex);
    describe(o);
    return 0;
}
