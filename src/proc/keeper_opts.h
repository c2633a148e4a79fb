/* SPDX-License-Identifier: MIT
 *
 * keeper_opts.h - the command line of the keeper.
 *
 * It is internal: cli/run.c and spawn.c write it, people do not.
 *
 *     keeper --name N --run HEX --socket PATH --log PATH --runs DIR [--label name=value]...
 *            [--append] [--rotate BYTES:COUNT] [--lines] [--pty] [--user UID:GID:G1,G2]
 *            [--limit RESOURCE:VALUE]... [--foreground [--quiet]] [--memory BYTES] [--spool BYTES]
 *            [--nofile N] [--cgroup DIR] -- command [argument]...
 *
 * Threads: one. Owns: nothing, all texts point into argv.
 */
#ifndef LM_PROC_KEEPER_OPTS_H
#define LM_PROC_KEEPER_OPTS_H

#include "ipc/frame.h"
#include "proc/keeper_file.h"
#include "proc/keeper_rights.h"
#include "proc/runs.h"

enum { KEEPER_MEMORY = 1024 * 1024, KEEPER_SPOOL = 64 * 1024 * 1024 };

struct keeper_opts {
    const char *name, *socket, *log, *runs;
    uint8_t run[RUN_ID];
    char run_hex[RUN_HEX];
    struct frame_label labels[FRAME_LABELS_MAX];
    uint16_t label_count;
    struct file_how file;
    bool lines; /* the plain file holds lines with time and level, not bytes */
    struct child_rights rights;
    bool pty;
    bool foreground; /* started by hand: shares the terminal, passes output and status on */
    bool quiet;      /* foreground only: does not pass output on */
    size_t memory_bytes, spool_bytes;
    size_t nofile;     /* soft limit of descriptors; 0 = as it is */
    char **argv;       /* of the child */
    char command[512]; /* argv as a person reads it, cut if need be */
};

/* On failure info says what is wrong. */
int keeper_opts_parse(struct keeper_opts *o, int argc, char **argv,
                      struct errinfo *info) LM_MUST_CHECK;

#endif
