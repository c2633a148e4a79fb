/* SPDX-License-Identifier: MIT
 *
 * settings_value.c - one value: from text into the struct, from the struct into text.
 *
 * Limits and defaults in settings.def are text too and go through the same parser as everything
 * people write, so there is exactly one notion of what "64KiB" means.
 */
#include "conf/settings_table.h"
#include "conf/units.h"
#include "conf/web_names.h"
#include "conf/words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void *field_of(struct settings *s, const struct setting_info *info)
{
    return (char *)s + info->offset;
}

static const void *field_in(const struct settings *s, const struct setting_info *info)
{
    return (const char *)s + info->offset;
}

static bool is_number(enum setting_kind kind)
{
    return kind == KIND_DURATION || kind == KIND_SIZE || kind == KIND_COUNT || kind == KIND_PERIOD;
}

/* Durations, sizes and counts, and the lengths that limit texts. */
static bool parse_number(enum setting_kind kind, struct str text, uint64_t *ret_value)
{
    switch (kind) {
    case KIND_DURATION:
    case KIND_PERIOD:
        return duration_parse(text, ret_value);
    case KIND_SIZE:
        return size_parse(text, ret_value);
    default:
        return str_to_u64(text, ret_value);
    }
}

static bool within(const struct setting_info *info, uint64_t value)
{
    uint64_t min = 0, max = 0;

    lm_assert(parse_number(info->kind, str_from(info->min), &min));
    lm_assert(parse_number(info->kind, str_from(info->max), &max));
    return value >= min && value <= max;
}

/* "none", or a host, a colon and a port. Whether it is an address of this machine shows when the
 * hub listens on it. */
static bool address_ok(struct str text)
{
    uint64_t port;
    const char *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;

    if (str_is(text, "none"))
        return true;
    if (!colon || colon == text.p)
        return false;
    size_t host = (size_t)(colon - text.p);
    return str_to_u64(str_of(colon + 1, text.n - host - 1), &port) && port <= 65535;
}

/* What kind of text was expected, for the sentence of an error. */
static const char *kind_phrase(enum setting_kind kind)
{
    static const char *const phrases[] = {
        [KIND_ADDRESS] = "an address with its port, such as 127.0.0.1:8514, or none",
        [KIND_PATH] = "a path",
        [KIND_NAME] = "1 to 64 of letters, digits, '.', '_' and '-'",
        [KIND_HOSTS] = "names of hosts, such as logs.example.com, or none",
        [KIND_ORIGINS] = "origins, such as https://ops.example.com, or *, or none",
        [KIND_DURATION] = "a duration such as 250ms, 10s, 5m or 30d",
        [KIND_COUNT] = "a whole number",
        [KIND_PERIOD] = "a duration such as 12h, 30d or 365d",
        [KIND_SIZE] = "a size such as 64KiB or 20GB",
        [KIND_ENUM] = "one of",
        [KIND_ZONE] = "a time zone such as UTC, +01:00, local or Europe/Berlin",
        [KIND_TEXT] = "a text",
        [KIND_PREFIX] = "a path such as /logs without an end slash, or none",
        [KIND_SOURCES] = "pushed, all, none, or names of sources parted by commas",
        [KIND_CLASSES] = "1 to 8 durations in whole hours, each longer than the one before",
    };
    return phrases[kind];
}

void setting_write_range(const struct setting_info *info, struct buf *b)
{
    if (info->choices)
        choice_write(info->choices, b);
    else if (is_number(info->kind))
        buf_printf(b, "%s to %s", info->min, info->max);
    else
        buf_add_str(b, str_from(kind_phrase(info->kind)));
}

/* The setting as the person wrote it: the name, the variable or the flag. */
static struct quoted label(const struct setting_info *info, enum setting_from from)
{
    struct quoted q = {0};
    char name[SETTING_NAME_MAX];

    switch (from) {
    case FROM_ENVIRONMENT:
        setting_variable(info, q.text);
        break;
    case FROM_FLAG:
        setting_flag(info, name);
        snprintf(q.text, sizeof q.text, "--%.60s", name);
        break;
    default:
        snprintf(q.text, sizeof q.text, "%s", info->name);
    }
    return q;
}

static int set_enum(struct settings *s, const struct setting_info *info, struct str text,
                    enum setting_from from, struct errinfo *err)
{
    unsigned index;

    if (!choice_find(info->choices, text, &index))
        return choice_refuse(info->choices, label(info, from).text, text, err);
    memcpy(field_of(s, info), &index, sizeof index);
    return 0;
}

static int set_number(struct settings *s, const struct setting_info *info, struct str text,
                      enum setting_from from, struct errinfo *err)
{
    uint64_t value;

    if (!parse_number(info->kind, text, &value))
        return err_set(err, -LM_E_INVALID, "'%s' is %s, not '%s'", label(info, from).text,
                       kind_phrase(info->kind), quote(text).text);
    if (!within(info, value))
        return err_set(err, -LM_E_INVALID, "'%s' goes from %s to %s, not '%s'",
                       label(info, from).text, info->min, info->max, quote(text).text);
    if (info->kind == KIND_SIZE || info->kind == KIND_PERIOD)
        *(uint64_t *)field_of(s, info) = value;
    else
        *(uint32_t *)field_of(s, info) = (uint32_t)value;
    return 0;
}

/* Letters, digits and what stands between them in names of zones. Whether there is such a zone
 * shows when the hub starts. */
static bool zone_ok(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!isalnum((unsigned char)text.p[i]) && !strchr("_+-:/", text.p[i]))
            return false;
    return text.n > 0;
}

/* "/a/b", segments as conf_name_ok(); or "none". */
static bool prefix_ok(struct str text)
{
    struct str rest, segment;

    if (str_is(text, "none"))
        return true;
    if (text.n < 2 || text.p[0] != '/')
        return false;
    for (rest = str_of(text.p + 1, text.n - 1); rest.p;) {
        segment = str_cut(rest, '/', &rest);
        if (!conf_name_ok(segment) || str_is(segment, ".") || str_is(segment, ".."))
            return false;
    }
    return true;
}

static bool sources_ok(struct str text)
{
    bool ok = text.n > 0;

    for (struct str rest = text; rest.p && ok;)
        ok = str_trim(str_cut(rest, ',', &rest)).n > 0;
    return ok;
}

static bool text_ok(const struct setting_info *info, struct str text)
{
    switch (info->kind) {
    case KIND_ADDRESS:
        return within(info, text.n) && address_ok(text);
    case KIND_NAME:
        return conf_name_ok(text);
    case KIND_ZONE:
        return within(info, text.n) && zone_ok(text);
    case KIND_TEXT:
        return within(info, text.n);
    case KIND_PREFIX:
        return within(info, text.n) && prefix_ok(text);
    case KIND_SOURCES:
        return within(info, text.n) && sources_ok(text);
    default:
        return text.n > 0;
    }
}

static int set_text(struct settings *s, const struct setting_info *info, struct str text,
                    enum setting_from from, struct errinfo *err)
{
    char **field = field_of(s, info);

    if (!text_ok(info, text))
        return err_set(err, -LM_E_INVALID, "'%s' is %s, not '%s'", label(info, from).text,
                       kind_phrase(info->kind), quote(text).text);
    char *copy = strndup(text.p, text.n);
    if (!copy)
        return err_set(err, -ENOMEM, "no memory for the settings");
    free(*field);
    *field = copy;
    return 0;
}

static size_t count_items(struct str text)
{
    size_t n = 1;

    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == ',';
    return n;
}

static int set_list(struct settings *s, const struct setting_info *info, struct str text,
                    enum setting_from from, struct errinfo *err)
{
    char ***field = field_of(s, info);
    char **list = calloc(count_items(text) + 1, sizeof *list);
    struct str rest = str_is(text, "none") ? STR_NONE : text;

    for (size_t n = 0; list && rest.p; n++) {
        struct str item = str_trim(str_cut(rest, ',', &rest));
        bool ok = info->kind == KIND_HOSTS ? web_host_ok(item) : web_origin_ok(item);
        if (!ok) {
            words_free(list);
            return err_set(err, -LM_E_INVALID, "'%s' is %s, not '%s'", label(info, from).text,
                           kind_phrase(info->kind), quote(item).text);
        }
        list[n] = strndup(item.p, item.n);
        if (!list[n]) {
            words_free(list);
            list = NULL;
        }
    }
    if (!list)
        return err_set(err, -ENOMEM, "no memory for the settings");
    words_free(*field);
    *field = list;
    return 0;
}

static int set_classes(struct settings *s, const struct setting_info *info, struct str text,
                       enum setting_from from, struct errinfo *err)
{
    if (ttl_classes_parse(text, field_of(s, info)))
        return 0;
    return err_set(err, -LM_E_INVALID, "'%s' is %s, not '%s'", label(info, from).text,
                   kind_phrase(info->kind), quote(text).text);
}

int setting_set(struct settings *s, const struct setting_info *info, struct str text,
                struct setting_origin from, struct errinfo *err)
{
    int rc;

    if (info->choices)
        rc = set_enum(s, info, text, from.from, err);
    else if (info->kind == KIND_CLASSES)
        rc = set_classes(s, info, text, from.from, err);
    else if (setting_is_list(info))
        rc = set_list(s, info, text, from.from, err);
    else if (is_number(info->kind))
        rc = set_number(s, info, text, from.from, err);
    else
        rc = set_text(s, info, text, from.from, err);
    if (rc == 0)
        s->origins[info - setting_table] = from;
    return rc;
}

static void write_list(struct buf *b, char *const *list)
{
    if (!list || !*list)
        BUF_LIT(b, "none");
    for (char *const *at = list; at && *at; at++)
        buf_printf(b, "%s%s", at == list ? "" : ",", *at);
}

void setting_write_value(const struct settings *s, const struct setting_info *info, struct buf *b)
{
    const void *field = field_in(s, info);
    unsigned index;

    switch (info->kind) {
    case KIND_ENUM:
        memcpy(&index, field, sizeof index);
        buf_add_str(b, choice_at(info->choices, index));
        break;
    case KIND_DURATION:
        duration_write(b, *(const uint32_t *)field);
        break;
    case KIND_PERIOD:
        duration_write(b, *(const uint64_t *)field);
        break;
    case KIND_COUNT:
        buf_add_u64(b, *(const uint32_t *)field);
        break;
    case KIND_SIZE:
        size_write(b, *(const uint64_t *)field);
        break;
    case KIND_CLASSES:
        ttl_classes_write(field, b);
        break;
    case KIND_HOSTS:
    case KIND_ORIGINS:
        write_list(b, *(char *const *const *)field);
        break;
    default:
        buf_add_str(b, str_from(*(char *const *)field));
    }
}
