/* SPDX-License-Identifier: MIT
 *
 * settings_table.h - settings.def as data, for the code in conf/ and for the help and the
 * documents.
 *
 * Threads: any; the table is constant. Owns: nothing.
 */
#ifndef LM_CONF_SETTINGS_TABLE_H
#define LM_CONF_SETTINGS_TABLE_H

#include "conf/choice.h"
#include "conf/settings.h"

enum setting_kind {
    KIND_ADDRESS,
    KIND_PATH,
    KIND_NAME,
    KIND_HOSTS,
    KIND_ORIGINS,
    KIND_DURATION,
    KIND_COUNT,
    KIND_SIZE,
    KIND_PERIOD,
    KIND_ENUM,
    KIND_ZONE,
    KIND_TEXT,
    KIND_PREFIX,
    KIND_SOURCES,
    KIND_CLASSES,
};

struct setting_info {
    const char *name;
    enum setting_kind kind;
    size_t offset; /* of its field in struct settings */
    const char *fallback;
    const char *min, *max, *unit; /* NULL for enums */
    const char *choices;          /* of enums: "a|b|c", in the order of the constants */
    const char *when;
    const char *sentence;
};

extern const struct setting_info setting_table[SETTING_COUNT];

/* Does a change take effect when the configuration is read again, and not only at the next
 * start? */
bool setting_takes_reload(const struct setting_info *info);

/* Is its value nobody's business but the hub's? */
bool setting_is_secret(const struct setting_info *info);

/* The entry with this name, or NULL. */
const struct setting_info *setting_find(struct str name);

/* The name on the command line ("auth-loopback") and in the environment
 * ("LOGMILL_AUTH_LOOPBACK"). */
enum { SETTING_NAME_MAX = 64 };
void setting_flag(const struct setting_info *info, char out[SETTING_NAME_MAX]);
void setting_variable(const struct setting_info *info, char out[SETTING_NAME_MAX]);

/* Is its value a list of texts? In the file a list, elsewhere parted by commas; "none" is empty. */
static inline bool setting_is_list(const struct setting_info *info)
{
    return info->kind == KIND_HOSTS || info->kind == KIND_ORIGINS;
}

/* Is its value one text, held as a char *? */
static inline bool setting_is_text(const struct setting_info *info)
{
    return info->kind == KIND_PATH || info->kind == KIND_NAME || info->kind == KIND_ADDRESS ||
           info->kind == KIND_ZONE || info->kind == KIND_TEXT || info->kind == KIND_PREFIX ||
           info->kind == KIND_SOURCES;
}

/* What stands for the value in the help: "SIZE", "PATH"; not for enums. */
const char *setting_placeholder(const struct setting_info *info);
/* Appends what may be written ("16KiB to 64MiB", "os, interval, always"). */
void setting_write_range(const struct setting_info *info, struct buf *b);
/* Appends the present value as people would write it. */
void setting_write_value(const struct settings *s, const struct setting_info *info, struct buf *b);

/* Parses text and stores it; the value's origin becomes `from`. -LM_E_INVALID with a sentence that
 * names the setting as `from` would have it. */
int setting_set(struct settings *s, const struct setting_info *info, struct str text,
                struct setting_origin from, struct errinfo *err) LM_MUST_CHECK;

#endif
