/* SPDX-License-Identifier: MIT
 *
 * settings.h - everything a person may choose, from one table.
 *
 * settings.def holds one line per setting. The struct below, the parser with its range checks, the
 * flags, the environment variables, the help text and the documentation all come from it, so that
 * they cannot disagree. What stands further right wins:
 *
 *     default  <  file (YAML)  <  environment LOGMILL_<NAME>  <  flag --<name>
 *
 * Types: sizes are bytes in uint64_t, durations milliseconds in uint32_t (fields end in _ms), counts
 * uint32_t, texts and paths zero-terminated and never NULL after settings_load().
 *
 * Threads: loaded before the loop starts, read-only from then on.
 * Owns:    every string in it, until settings_fini().
 */
#ifndef LM_CONF_SETTINGS_H
#define LM_CONF_SETTINGS_H

#include "base/buf.h"
#include "base/err.h"

enum durability { DURABILITY_OS, DURABILITY_INTERVAL, DURABILITY_ALWAYS };
enum exit_policy { EXIT_STOP, EXIT_LEAVE };
enum loopback_scope { LOOPBACK_NONE, LOOPBACK_READ, LOOPBACK_ADMIN };
enum restart { RESTART_NEVER, RESTART_ON_FAILURE, RESTART_ALWAYS };
enum log_policy { LOG_TRUNCATE, LOG_APPEND };
enum start_at { START_BEGINNING, START_END };

/* What must hold for names and labels, wherever they come from. */
enum {
    PROCESS_NAME_MAX = 64,
    PROCESS_COUNT_MAX = 1000,
    FILES_COUNT_MAX = 1000,
    LABEL_COUNT_MAX = 32,
    LABEL_NAME_MAX = 64,
    LABEL_VALUE_MAX = 256,
};

struct conf_label {
    char *name, *value;
};

/* How the lines of an entry are to be understood (parsing.def). */
enum line_format {
    FORMAT_AUTO,
    FORMAT_JSON,
    FORMAT_LOGFMT,
    FORMAT_SYSLOG,
    FORMAT_TEXT,
    FORMAT_DOCKER,
    FORMAT_CRI,
};

struct level_conf {
    char *match;
    unsigned level; /* 1 trace to 6 fatal */
};

struct parse_conf {
    enum line_format format;
    char *timezone; /* NULL: none */
    struct level_conf *levels;
    size_t level_count;
    unsigned stdout_level, stderr_level; /* 0: the usual ones */
};

/* One entry of `processes:`. */
struct process_conf {
    char *name;
    char **argv; /* at least one, ends with NULL */
    struct conf_label *labels;
    size_t label_count;
    enum restart restart;
    enum log_policy log;
    bool unstored;   /* store: false */
    char *directory; /* NULL = the hub's */
    char **env;      /* "NAME=value", ends with NULL; NULL = none */
    char *follow;    /* a file that it writes itself; NULL = none */
    struct parse_conf parse;
};

/* One entry of `files:`. */
struct file_conf {
    char **paths;   /* patterns; at least one, ends with NULL */
    char **exclude; /* the same; NULL = none */
    char *source;   /* NULL: each file's own name */
    struct conf_label *labels;
    size_t label_count;
    bool unstored; /* store: false */
    bool apart;    /* join: false */
    enum start_at start;
    struct parse_conf parse;
};

/* The place of every setting in the table. */
enum setting_id {
#define SETTING(type, field, ...)     SETTING_##field,
#define SETTING_ENUM(tag, field, ...) SETTING_##field,
#include "conf/settings.def"
#undef SETTING
#undef SETTING_ENUM
    SETTING_COUNT
};

/* Where a value came from; in rising order of precedence. */
enum setting_from { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_FLAG };

struct setting_origin {
    enum setting_from from;
    int line; /* in the file; 0 otherwise */
};

#define SETTING_C_ADDRESS  char *
#define SETTING_C_PATH     char *
#define SETTING_C_NAME     char *
#define SETTING_C_DURATION uint32_t
#define SETTING_C_COUNT    uint32_t
#define SETTING_C_SIZE     uint64_t

struct settings {
#define SETTING(type, field, ...)     SETTING_C_##type field;
#define SETTING_ENUM(tag, field, ...) enum tag field;
#include "conf/settings.def"
#undef SETTING
#undef SETTING_ENUM
    struct process_conf *processes; /* in the order of the file */
    size_t process_count;
    struct file_conf *files; /* in the order of the file */
    size_t file_count;
    char *file; /* the configuration file that was read; NULL when there was none */
    struct setting_origin origins[SETTING_COUNT];
};

/* Loads all layers. Flags of the table (--listen X, --listen=X) and --config F are taken out of argv;
 * what remains is closed up, in order, and *argc corrected. Nothing after "--" is looked at. argv[0]
 * is left alone. `env` is an environment as in environ.
 *
 * The file is --config, else LOGMILL_CONFIG, else the first of these that exists:
 * $XDG_CONFIG_HOME/logmill/logmill.yaml (~/.config/...), /etc/logmill/logmill.yaml.
 *
 * On failure info has the sentence; when the file is at fault also line and column, and s->file
 * names it. settings_fini() is due either way. */
int settings_load(struct settings *s, int *argc, char **argv, char *const *env,
                  struct errinfo *info) LM_MUST_CHECK;

/* Safe on a zeroed struct. */
void settings_fini(struct settings *s);

/* A variable named LOGMILL_... that nobody reads, and the known one it resembles ("" = none). */
struct stray_variable {
    char name[64], nearest[64];
};
/* The next one at or after *at, which starts at 0; false when there is no more. */
bool settings_next_stray(char *const *env, size_t *at, struct stray_variable *ret_stray);

/* Is this text a name: 1 to 64 of [A-Za-z0-9._-]? Used for processes and hub_name. */
bool conf_name_ok(struct str text);
/* Is this text a label's name: [a-z_][a-z0-9_.]{0,63} and not a member of the record itself? */
bool conf_label_ok(struct str text);

#endif
