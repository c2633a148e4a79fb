/* SPDX-License-Identifier: MIT
 *
 * token.c - `logmill token create`: a new token, shown once, and the line for the configuration.
 *
 * It asks no hub: what the hub must know is a hash, which goes into its configuration file by hand
 * or by whatever deploys it. The token is the first line, so that `| head -1` gives it alone.
 */
#include "cli/cli.h"

#include "conf/choice.h"
#include "conf/token_hash.h"

#include <getopt.h>
#include <stdio.h>

static const struct option options[] = {
    {"name", required_argument, NULL, 'n'},
    {"scope", required_argument, NULL, 's'},
    {"label", required_argument, NULL, 'l'},
    {0},
};
static const char *const option_names[] = {"--name", "--scope", "--label", NULL};

struct request {
    const char *name, *scope;
    const char *labels[TOKEN_LABELS_MAX]; /* "name=value" */
    size_t label_count;
    const char *wrong; /* NULL: nothing */
};

static bool is_label(const char *text)
{
    struct str value, name = str_cut(str_from(text), '=', &value);

    return value.n > 0 && value.n <= LABEL_VALUE_MAX && conf_label_ok(name);
}

static void take_option(struct request *r, int id)
{
    unsigned index;

    if (id == 'n') {
        r->name = optarg;
        if (!conf_name_ok(str_from(optarg)))
            r->wrong = "a name has 1 to 64 letters, digits, '.', '_' or '-'";
    } else if (id == 's') {
        r->scope = optarg;
        if (!choice_find(TOKEN_SCOPES, str_from(optarg), &index))
            r->wrong = "a scope is read, write or admin";
    } else if (r->label_count == TOKEN_LABELS_MAX) {
        r->wrong = "a token is limited by at most 8 labels";
    } else {
        r->labels[r->label_count++] = optarg;
        if (!is_label(optarg))
            r->wrong = "a label looks like this: --label campaign_id=c1";
    }
}

/* A scalar in double quotes, as JSON and YAML both read it. */
static void print_quoted(FILE *out, struct str text)
{
    fputc('"', out);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            fprintf(out, "\\x%02x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void print_line(FILE *out, const struct request *r, const char *hash)
{
    fprintf(out, "    - {name: %s, hash: \"%s\", scope: %s", r->name, hash, r->scope);
    for (size_t i = 0; i < r->label_count; i++) {
        struct str value, name = str_cut(str_from(r->labels[i]), '=', &value);
        fprintf(out, "%s%.*s: ", i ? ", " : ", labels: {", STR_FMT(name));
        print_quoted(out, value);
    }
    fprintf(out, "%s}\n", r->label_count ? "}" : "");
}

static int create(const struct request *r)
{
    char token[TOKEN_TEXT_N + 1], hash[TOKEN_HASH_N + 1];

    if (token_make(token, hash) < 0) {
        fprintf(stderr, "logmill token: the system has no randomness to give; try again\n");
        return CLI_FAILED;
    }
    printf("%s\n\n", token);
    printf("The token above is shown this once. For the configuration of the hub:\n\n"
           "auth:\n  tokens:\n");
    print_line(stdout, r, hash);
    return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

int cli_token(int argc, char **argv)
{
    struct request r = {.scope = "read"};
    int id, status;

    if (argc < 2 || strcmp(argv[1], "create") != 0)
        return cli_usage("token", "say what to do: create");
    argv[1] = argv[0];
    argc--;
    argv++;
    opterr = 0;
    optind = 1;
    while ((id = getopt_long(argc, argv, "+:", options, NULL)) != -1 && !r.wrong) {
        if (id == ':')
            return cli_usage("token", "'%s' needs a value", argv[optind - 1]);
        if (id == '?') {
            argv[1] = argv[optind - 1];
            return cli_refuse_rest(2, argv, option_names);
        }
        take_option(&r, id);
    }
    if (r.wrong)
        return cli_usage("token", "%s", r.wrong);
    argv[optind - 1] = argv[0];
    status = cli_refuse_rest(argc - optind + 1, argv + optind - 1, option_names);
    if (status != 0)
        return status;
    return r.name ? create(&r) : cli_usage("token", "a token needs a --name: who will use it");
}
