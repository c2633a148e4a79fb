/* SPDX-License-Identifier: MIT
 *
 * settings_table.c - settings.def as an array, and the three spellings of a name.
 */
#include "conf/settings_table.h"

#include <ctype.h>
#include <stdio.h>

#define START  "the hub starts"
#define RELOAD "the configuration is read again"

const struct setting_info setting_table[SETTING_COUNT] = {
#define SETTING(type, field, name, fallback, min, max, unit, when, sentence)                       \
    {name, KIND_##type, offsetof(struct settings, field), fallback, min, max, unit, NULL,          \
     when, sentence},
#define SETTING_ENUM(tag, field, name, fallback, choices, when, sentence)                          \
    {name, KIND_ENUM, offsetof(struct settings, field), fallback, NULL, NULL, NULL, choices,       \
     when, sentence},
#include "conf/settings.def"
#undef SETTING
#undef SETTING_ENUM
};

#define SETTING(...)
#define SETTING_ENUM(tag, ...)                                                                     \
    _Static_assert(sizeof(enum tag) == sizeof(unsigned), "enums are stored as unsigned");
#include "conf/settings.def"
#undef SETTING
#undef SETTING_ENUM

bool setting_takes_reload(const struct setting_info *info)
{
    return strcmp(info->when, RELOAD) == 0;
}

const struct setting_info *setting_find(struct str name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (str_is(name, setting_table[i].name))
            return &setting_table[i];
    return NULL;
}

void setting_flag(const struct setting_info *info, char out[SETTING_NAME_MAX])
{
    size_t i = 0;

    for (; info->name[i] && i < SETTING_NAME_MAX - 1; i++)
        out[i] = (char)(info->name[i] == '_' || info->name[i] == '.' ? '-' : info->name[i]);
    out[i] = '\0';
}

void setting_variable(const struct setting_info *info, char out[SETTING_NAME_MAX])
{
    snprintf(out, SETTING_NAME_MAX, "LOGMILL_%s", info->name);
    for (char *c = out; *c; c++)
        *c = (char)(*c == '.' ? '_' : toupper((unsigned char)*c));
}

const char *setting_placeholder(const struct setting_info *info)
{
    static const char *const placeholders[] = {
        [KIND_ADDRESS] = "ADDRESS:PORT",
        [KIND_PATH] = "PATH",
        [KIND_NAME] = "NAME",
        [KIND_HOSTS] = "NAME,...",
        [KIND_ORIGINS] = "ORIGIN,...",
        [KIND_DURATION] = "DURATION",
        [KIND_COUNT] = "N",
        [KIND_SIZE] = "SIZE",
        [KIND_PERIOD] = "DURATION",
        [KIND_ENUM] = "WORD",
        [KIND_ZONE] = "ZONE",
        [KIND_TEXT] = "TEXT",
        [KIND_PREFIX] = "PREFIX",
        [KIND_SOURCES] = "SOURCES",
        [KIND_CLASSES] = "DURATION,...",
    };

    return placeholders[info->kind];
}
