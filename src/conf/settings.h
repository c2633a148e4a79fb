/* SPDX-License-Identifier: MIT
 *
 * settings.h - everything a person may choose, from one table.
 *
 * settings.def holds one line per setting. The struct below, the parser with its range checks, the
 * flags, the environment variables, the help text and the documentation all come from it, so that
 * they cannot disagree. What stands further right wins:
 *
 *     default  <  file (YAML)  <  environment LOGMILL_<NAME>  <  flag --<name>  <  what a call has set
 *
 * Types: sizes are bytes in uint64_t, durations milliseconds in uint32_t (fields end in _ms),
 * counts uint32_t, texts and paths zero-terminated and never NULL after settings_load(), lists
 * arrays of texts that end with NULL.
 *
 * Threads: loaded before the loop starts, read-only from then on.
 * Owns:    every string in it, until settings_fini().
 */
#ifndef LM_CONF_SETTINGS_H
#define LM_CONF_SETTINGS_H

#include "base/buf.h"
#include "base/err.h"
#include "conf/process.h"
#include "conf/ttl.h"

enum { SETTING_PREFIX_MAX = 255 }; /* bytes of base_path */

enum on_off { SETTING_OFF, SETTING_ON };
enum compression { COMPRESS_OFF, COMPRESS_GZ, COMPRESS_ZST };
enum durability { DURABILITY_OS, DURABILITY_INTERVAL, DURABILITY_ALWAYS };
enum exit_policy { EXIT_STOP, EXIT_LEAVE };
enum loopback_scope { LOOPBACK_NONE, LOOPBACK_READ, LOOPBACK_ADMIN };
enum allow_spawn { SPAWN_REFUSED, SPAWN_ALLOWED };

enum no_yes { NO, YES };
enum token_scope { TOKEN_READ, TOKEN_WRITE, TOKEN_ADMIN };
#define TOKEN_SCOPES "read|write|admin"

enum { TOKEN_COUNT_MAX = 256, TOKEN_LABELS_MAX = 8 };

/* One entry of `auth.tokens`. */
struct token_conf {
    char *name;
    char *hash; /* token_hash_parse() reads it */
    enum token_scope scope;
    struct conf_label *labels; /* what the records it may see or send must carry */
    size_t label_count;
};

/* One entry of `files:`. */
enum start_at { START_BEGINNING, START_END };

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

/* One entry of `retention.rules`. */
enum { KEEP_COUNT_MAX = 256 };

struct keep_conf {
    char *source;              /* NULL: any; then there are labels */
    struct conf_label *labels; /* at most 32 with the source */
    size_t label_count;
    uint64_t max_age_ms; /* > 0 */
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
enum setting_from { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_FLAG, FROM_CALL };

struct setting_origin {
    enum setting_from from;
    int line; /* in the file; 0 otherwise */
};

#define SETTING_C_ADDRESS  char *
#define SETTING_C_PATH     char *
#define SETTING_C_NAME     char *
#define SETTING_C_HOSTS    char **
#define SETTING_C_ORIGINS  char **
#define SETTING_C_DURATION uint32_t
#define SETTING_C_COUNT    uint32_t
#define SETTING_C_SIZE     uint64_t
#define SETTING_C_PERIOD   uint64_t /* milliseconds, and long ones */
#define SETTING_C_ZONE     char *
#define SETTING_C_TEXT     char *
#define SETTING_C_PREFIX   char *
#define SETTING_C_SOURCES  char *
#define SETTING_C_CLASSES  struct ttl_classes

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
    uint64_t follow_hash; /* of `files:` and of the processes that have `follow` */
    struct token_conf *tokens;
    size_t token_count;
    struct keep_conf *keeps;
    size_t keep_count;
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
