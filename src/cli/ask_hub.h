/* SPDX-License-Identifier: MIT
 *
 * ask_hub.h - what the subcommands that ask the hub about its history share: which hub, which
 * records.
 *
 *     ask_begin ─▶ ask_options ─▶ ask_get … ─▶ ask_end
 *
 * Exit statuses are those of grep, so that scripts can tell nothing from trouble: 0 found, 1
 * nothing, 2 something went wrong.
 *
 * Threads: the main thread. Owns: settings, texts.
 */
#ifndef LM_CLI_ASK_HUB_H
#define LM_CLI_ASK_HUB_H

#include "cli/cli.h"
#include "cli/http_client.h"

#include <getopt.h>

enum { ASK_FOUND = 0, ASK_NOTHING = 1, ASK_TROUBLE = 2 };

struct ask {
    const char *command;
    struct settings settings;
    struct target target;
    struct buf params; /* "&a=b…", percent-encoded */
    struct buf filter; /* words of the command line, and -q: all must hold */
    unsigned filter_parts;
    bool one_source;
    bool colours; /* on a terminal, unless told otherwise */
};

/* Loads the settings and finds the hub (target.h). Returns an exit status; not 0: has been said. */
int ask_begin(struct ask *a, const char *command, int *argc, char **argv) LM_MUST_CHECK;
void ask_end(struct ask *a);

/* An option of a subcommand of its own; a status other than 0 ends reading. */
typedef int ask_own_fn(void *ctx, int id, const char *value);

/* Reads the flags that choose records (--level, --source, … and -q), --colour, and those in `own`,
 * whose ids are ASK_OWN and more. What is left are words of a filter; where `words` is NULL they
 * are refused, else argv[*words..] may be files. Returns an exit status. */
enum { ASK_OWN = 512 };
int ask_options(struct ask *a, int argc, char **argv, const struct option *own, ask_own_fn *fn,
                void *ctx, int *words) LM_MUST_CHECK;

/* Adds a parameter to every path that ask_path() makes. */
void ask_param(struct ask *a, const char *name, struct str value);

/* "<route>?<params>" and what else is given ("limit=5&…"; may be empty), zero-terminated. */
void ask_path(const struct ask *a, const char *route, const char *more, struct buf *ret_path);

/* GET of a path; the body of a 200 goes to on_body. Returns 0, what on_body returned, or
 * -LM_E_REFUSED after having said on stderr what was wrong. */
int ask_get(struct ask *a, const char *path, int (*on_body)(struct str, void *),
            void *ctx) LM_MUST_CHECK;

/* Says what a status other than 200 means, in the hub's own words. */
void ask_say_refusal(const struct ask *a, int status, const struct buf *body);

/* An on_body that collects; ctx is a struct buf. */
int ask_collect(struct str piece, void *buf);

#endif
