/* SPDX-License-Identifier: MIT
 *
 * process.h - what a person says about one process: an entry of `processes:`, or a job.
 *
 * Zeroed, it is an entry of nothing; process_conf.c reads one and fills in the defaults. Durations
 * are milliseconds, sizes bytes, texts zero-terminated. docs/settings.md explains each key.
 *
 * Threads: read-only once read.
 * Owns:    every text in it, until process_conf_fini().
 */
#ifndef LM_CONF_PROCESS_H
#define LM_CONF_PROCESS_H

#include "conf/parse_conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum restart { RESTART_NEVER, RESTART_ON_FAILURE, RESTART_ALWAYS };
enum log_policy { LOG_TRUNCATE, LOG_ROTATE, LOG_APPEND };
enum file_format { FORMAT_RAW, FORMAT_LINE };

/* What must hold for names and labels, wherever they come from. */
enum {
    PROCESS_NAME_MAX = 64,
    PROCESS_COUNT_MAX = 1000,
    FILES_COUNT_MAX = 1000,
    LABEL_COUNT_MAX = 32,
    LABEL_NAME_MAX = 64,
    LABEL_VALUE_MAX = 256,
    LOG_COUNT_MAX = 100,
};

struct conf_label {
    char *name, *value;
};

/* A question that tells whether a process is as it should be. */
enum check_kind { CHECK_NONE, CHECK_COMMAND, CHECK_TCP, CHECK_HTTP, CHECK_LOG, CHECK_EXIT };

struct process_check {
    enum check_kind kind;
    char **argv;   /* COMMAND: fine when it ends with 0 */
    char *host;    /* TCP, HTTP: an address, no name */
    uint16_t port; /* the same */
    char *text;    /* HTTP: the target, with '/'; LOG: what a line must contain; EXIT: "0" */
    uint32_t interval_ms, timeout_ms;
    uint32_t retries; /* of a health check: failures in a row until the process is started anew */
};

/* Limits of the kernel for the child (setrlimit(2), proc/cgroup.h), in the order of LIMIT lines of
 * processes.def. */
enum { LIMIT_COUNT = 12 };
/* Those of a control group are no RLIMIT_. */
enum { LIMIT_GROUP = 1000, GROUP_MEMORY = LIMIT_GROUP, GROUP_SWAP, GROUP_PROCESSES, GROUP_CPU };

struct process_limit {
    int resource;   /* RLIMIT_... or GROUP_... */
    uint64_t value; /* UINT64_MAX = none */
};

/* One entry of `processes:`. */
struct process_conf {
    char *name;
    char **argv; /* at least one, ends with NULL */
    struct conf_label *labels;
    size_t label_count;
    char **depends_on; /* names, ends with NULL; NULL = none */
    enum restart restart;
    uint32_t restart_delay_ms; /* before the first restart; doubles */
    uint32_t restart_limit;    /* short lives in a row until it has failed; 0 = no limit */
    uint32_t stop_timeout_ms;  /* 0 = that of the hub */
    struct process_check ready, health;
    enum log_policy log;
    uint64_t log_size; /* of one file, when it is rotated */
    uint32_t log_count;
    enum file_format format;
    bool unstored;   /* store: false */
    bool pty;        /* stdout and stderr are a terminal */
    char *directory; /* NULL = the hub's */
    char **env;      /* "NAME=value", ends with NULL; NULL = none */
    char *user;      /* a name or a number; NULL = that of the hub */
    char *group;     /* the same; NULL = the user's */
    struct process_limit limits[LIMIT_COUNT];
    size_t limit_count;
    char *follow; /* a file that it writes itself; NULL = none */
    struct parse_conf parse;
    uint64_t life_hash; /* of the keys that a running process cannot take over */
};

#endif
