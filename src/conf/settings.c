/* SPDX-License-Identifier: MIT
 *
 * settings.c - puts the layers on top of each other.
 *
 *     flags out of argv ─ defaults ─ file ─ environment ─ flags ─ paths
 *
 * Flags come first to be found and last to be applied: --config has to be known before the file is
 * read, and a flag wins over everything else.
 */
#include "conf/settings.h"

#include "conf/file_conf.h"
#include "conf/process_conf.h"
#include "conf/settings_file.h"
#include "conf/settings_paths.h"
#include "conf/settings_table.h"
#include "conf/keep_conf.h"
#include "conf/token_conf.h"
#include "conf/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Borrowed from argv. */
struct flags {
    const char *values[SETTING_COUNT];
    const char *config;
};

/* Variables with our prefix that are not settings: read by the keeper, by its children, by the
 * command line, or above. */
static const char *const other_variables[] = {
    "LOGMILL_RUN", "LOGMILL_KEEPER", "LOGMILL_CONFIG", "LOGMILL_TOKEN", "LOGMILL_URL",
};
enum { OTHER_COUNT = sizeof other_variables / sizeof *other_variables };

/* Where the value of this flag goes; NULL when the table does not know it. */
static const char **flag_slot(struct flags *flags, struct str name)
{
    char known[SETTING_NAME_MAX];

    if (str_is(name, "config"))
        return &flags->config;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        setting_flag(&setting_table[i], known);
        if (str_is(name, known))
            return &flags->values[i];
    }
    return NULL;
}

static bool is_truth(const char *word)
{
    return word && (strcmp(word, "true") == 0 || strcmp(word, "false") == 0);
}

/* Takes the flags of the table out of argv; the rest moves up. */
static int take_flags(struct flags *flags, int *argc, char **argv, struct errinfo *err)
{
    int kept = 1, i = 1;

    for (; i < *argc && strcmp(argv[i], "--") != 0; i++) {
        struct str value, name = str_cut(str_from(argv[i]), '=', &value);
        const char **slot =
            str_starts(name, STR("--")) ? flag_slot(flags, str_of(name.p + 2, name.n - 2)) : NULL;
        if (!slot) {
            argv[kept++] = argv[i];
            continue;
        }
        if (!value.p && str_is(name, "--debug") && !is_truth(argv[i + 1])) {
            *slot = "true";
            continue;
        }
        if (!value.p && i + 1 == *argc)
            return err_set(err, -LM_E_INVALID, "'%s' needs a value", argv[i]);
        *slot = value.p ? value.p : argv[++i];
    }
    while (i < *argc)
        argv[kept++] = argv[i++];
    argv[kept] = NULL;
    *argc = kept;
    return 0;
}

static int apply_defaults(struct settings *s, struct errinfo *err)
{
    struct setting_origin from = {FROM_DEFAULT, 0};
    int rc = 0;

    for (size_t i = 0; i < SETTING_COUNT && rc == 0; i++)
        if (setting_table[i].kind != KIND_PATH)
            rc = setting_set(s, &setting_table[i], str_from(setting_table[i].fallback), from, err);
    return rc;
}

static int apply_file(struct settings *s, const char *flag, char *const *env, struct errinfo *err)
{
    int rc = settings_find_file(env, flag, &s->file);

    if (rc != 0)
        return err_set(err, rc, "no memory for the settings");
    return s->file ? settings_read(s, s->file, err) : 0;
}

static int apply_environment(struct settings *s, char *const *env, struct errinfo *err)
{
    struct setting_origin from = {FROM_ENVIRONMENT, 0};
    char variable[SETTING_NAME_MAX];
    int rc = 0;

    for (size_t i = 0; i < SETTING_COUNT && rc == 0; i++) {
        setting_variable(&setting_table[i], variable);
        const char *value = env_find(env, variable);
        if (value)
            rc = setting_set(s, &setting_table[i], str_from(value), from, err);
    }
    return rc;
}

static int apply_flags(struct settings *s, const struct flags *flags, struct errinfo *err)
{
    struct setting_origin from = {FROM_FLAG, 0};
    int rc = 0;

    for (size_t i = 0; i < SETTING_COUNT && rc == 0; i++)
        if (flags->values[i])
            rc = setting_set(s, &setting_table[i], str_from(flags->values[i]), from, err);
    return rc;
}

int settings_load(struct settings *s, int *argc, char **argv, char *const *env,
                  struct errinfo *info)
{
    struct flags flags = {0};

    *s = (struct settings){0};
    if (info)
        *info = (struct errinfo){0};
    int rc = take_flags(&flags, argc, argv, info);
    if (rc == 0)
        rc = apply_defaults(s, info);
    if (rc == 0)
        rc = apply_file(s, flags.config, env, info);
    if (rc == 0)
        rc = apply_environment(s, env, info);
    if (rc == 0)
        rc = apply_flags(s, &flags, info);
    return rc == 0 ? settings_fill_paths(s, env, info) : rc;
}

void settings_fini(struct settings *s)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *info = &setting_table[i];
        if (setting_is_text(info))
            free(*(char **)(void *)((char *)s + info->offset));
        else if (setting_is_list(info))
            words_free(*(char ***)(void *)((char *)s + info->offset));
    }
    for (size_t i = 0; i < s->process_count; i++)
        process_conf_fini(&s->processes[i]);
    free(s->processes);
    for (size_t i = 0; i < s->file_count; i++)
        file_conf_fini(&s->files[i]);
    free(s->files);
    for (size_t i = 0; i < s->token_count; i++)
        token_conf_fini(&s->tokens[i]);
    free(s->tokens);
    for (size_t i = 0; i < s->keep_count; i++)
        keep_conf_fini(&s->keeps[i]);
    free(s->keeps);
    free(s->file);
    *s = (struct settings){0};
}

static bool variable_known(const char *name)
{
    char variable[SETTING_NAME_MAX];

    for (size_t i = 0; i < OTHER_COUNT; i++)
        if (strcmp(name, other_variables[i]) == 0)
            return true;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        setting_variable(&setting_table[i], variable);
        if (strcmp(name, variable) == 0)
            return true;
    }
    return false;
}

static void find_nearest_variable(struct stray_variable *stray)
{
    char variables[SETTING_COUNT][SETTING_NAME_MAX];
    const char *names[SETTING_COUNT + OTHER_COUNT];

    for (size_t i = 0; i < SETTING_COUNT; i++) {
        setting_variable(&setting_table[i], variables[i]);
        names[i] = variables[i];
    }
    memcpy(names + SETTING_COUNT, other_variables, sizeof other_variables);
    const char *nearest = err_nearest(stray->name, names, SETTING_COUNT + OTHER_COUNT);
    snprintf(stray->nearest, sizeof stray->nearest, "%s", nearest ? nearest : "");
}

bool settings_next_stray(char *const *env, size_t *at, struct stray_variable *ret_stray)
{
    while (env[*at]) {
        struct str rest, name = str_cut(str_from(env[(*at)++]), '=', &rest);
        if (!str_starts(name, STR("LOGMILL_")))
            continue;
        memcpy(ret_stray->name, quote(name).text, sizeof ret_stray->name);
        if (variable_known(ret_stray->name))
            continue;
        find_nearest_variable(ret_stray);
        return true;
    }
    return false;
}

bool conf_name_ok(struct str text)
{
    if (text.n == 0 || text.n > PROCESS_NAME_MAX || str_is(text, ".") || str_is(text, ".."))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

/* Members of the record itself, which labels stand beside when it is written as JSON. */
static bool is_member(struct str name)
{
    static const char *const members[] = {
        "id",     "timestamp", "level",     "stream", "source",       "message", "fields",
        "labels", "type",      "truncated", "size",   "unterminated", "cont"};

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (str_is(name, members[i]))
            return true;
    return false;
}

bool conf_label_ok(struct str text)
{
    if (text.n == 0 || text.n > LABEL_NAME_MAX || is_member(text))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool letter = (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && (i == 0 || (c != '.' && !(c >= '0' && c <= '9'))))
            return false;
    }
    return true;
}
