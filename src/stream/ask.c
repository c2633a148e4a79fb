/* SPDX-License-Identifier: MIT
 *
 * ask.c - members of a message, one by one.
 */
#include "stream/ask.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const types[] = {
    [ASK_FILTER] = "filter", [ASK_SUBSCRIBE] = "subscribe", [ASK_UNSUBSCRIBE] = "unsubscribe",
    [ASK_PAUSE] = "pause",   [ASK_RESUME] = "resume",       [ASK_LOGS] = "requestLogs",
};
enum { TYPES = sizeof types / sizeof *types };

static int refuse(struct errinfo *info, const char *name, const char *what)
{
    return err_set(info, -LM_E_INVALID, "%.64s must be %s", name, what);
}

/* A string as it is, a whole number as digits. False: neither. */
static bool text_of(const json_t *value, char number[24], struct str *ret)
{
    if (json_is_string(value)) {
        *ret = str_of(json_string_value(value), json_string_length(value));
        return true;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    int n = snprintf(number, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    *ret = str_of(number, (size_t)n);
    return true;
}

static int read_number(const char *name, const json_t *value, uint64_t max, uint64_t *ret,
                       struct errinfo *info)
{
    char number[24], what[64];
    struct str text;

    snprintf(what, sizeof what, "a whole number from 0 to %" PRIu64, max);
    if (!text_of(value, number, &text) || !str_to_u64(text, ret) || *ret > max)
        return refuse(info, name, what);
    return 0;
}

static int read_cursor(const struct hub *hub, const char *name, const json_t *value, uint64_t *ret,
                       bool *foreign, struct errinfo *info)
{
    char number[24];
    struct str text;

    if (!text_of(value, number, &text) || !hub_cursor_parse(hub, text, ret, foreign))
        return refuse(info, name, "the cursor or id of a record");
    return 0;
}

static bool is_name(struct str s)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";

    if (s.n == 0 || s.n > ASK_NAME_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!memchr(allowed, s.p[i], sizeof allowed - 1))
            return false;
    return true;
}

static int read_name(struct ask *a, const json_t *value, struct errinfo *info)
{
    char number[24];
    struct str text;

    if (!text_of(value, number, &text) || !is_name(text))
        return refuse(info, "sub", "1 to 64 characters of A-Z a-z 0-9 . _ : -");
    memcpy(a->name, text.p, text.n);
    a->name[text.n] = '\0';
    return 0;
}

static int read_word(const char *name, const json_t *value, const char *no, const char *yes,
                     bool *ret, struct errinfo *info)
{
    const char *text = json_string_value(value);
    char what[64];

    snprintf(what, sizeof what, "%s or %s", no, yes);
    if (!text || (strcmp(text, no) != 0 && strcmp(text, yes) != 0))
        return refuse(info, name, what);
    *ret = strcmp(text, yes) == 0;
    return 0;
}

static int read_filter(struct ask *a, const char *name, const json_t *value, struct errinfo *info)
{
    static const char *const known[] = {
        "job_run_id", "task_run_id", "source", "campaign_id", "user_email", "session_id",
        "process_id", "level",       "stream", "search",      "q",          "tail",
        "after",      "before",      "limit",  "slow",        "levels",     "batch_ms",
        "resume",     "sub",         "id"};
    char number[24];
    struct str text;

    if (!text_of(value, number, &text))
        return refuse(info, name, "a text or a whole number");
    int err = filter_add(a->filter, str_from(name), text, info);
    if (err != -LM_E_UNKNOWN)
        return err;
    const char *near = err_nearest(name, known, sizeof known / sizeof *known);
    if (near && strcmp(near, name) == 0) /* of another message */
        return err_set(info, -LM_E_UNKNOWN, "'%s' does not go here; see docs/streams.md", name);
    return err_set(info, -LM_E_UNKNOWN, "unknown member '%.64s'%s%s%s", name,
                   near ? ": did you mean '" : "; see docs/streams.md", near ? near : "",
                   near ? "'?" : "");
}

static int read_after(struct ask *a, const struct hub *hub, const json_t *value,
                      struct errinfo *info)
{
    int err = read_cursor(hub, "after", value, &a->after, &a->start.foreign_cursor, info);

    if (err == 0 && a->type == ASK_LOGS && a->start.foreign_cursor)
        return refuse(info, "after", "of this store: it was replaced or restored");
    a->start.after = a->after;
    a->start.from = SUB_FROM_CURSOR;
    return err;
}

static int read_before(struct ask *a, const struct hub *hub, const json_t *value,
                       struct errinfo *info)
{
    bool foreign = false;
    int err = read_cursor(hub, "before", value, &a->before, &foreign, info);

    if (err == 0 && (foreign || a->before == 0))
        return refuse(info, "before", "a cursor or id of this store");
    return err;
}

static int read_member(struct ask *a, const struct hub *hub, const char *name, const json_t *value,
                       struct errinfo *info)
{
    bool logs = a->type == ASK_LOGS;
    uint64_t n = 0;
    int err = 0;

    if (strcmp(name, "type") == 0 || strcmp(name, "id") == 0)
        return 0;
    if (strcmp(name, "sub") == 0)
        return read_name(a, value, info);
    if (strcmp(name, "after") == 0)
        return read_after(a, hub, value, info);
    if (logs && strcmp(name, "before") == 0)
        return read_before(a, hub, value, info);
    if (logs && strcmp(name, "limit") == 0) {
        err = read_number(name, value, ASK_LOGS_MAX, &n, info);
        a->limit = (uint32_t)n;
        return err;
    }
    if (!logs && strcmp(name, "tail") == 0) {
        err = read_number(name, value, ASK_TAIL_MAX, &n, info);
        if (n > 0 && a->start.from == SUB_FROM_HERE)
            a->start.from = SUB_FROM_TAIL;
        a->start.tail = (uint32_t)n;
        return err;
    }
    a->has_slow |= strcmp(name, "slow") == 0;
    if (strcmp(name, "slow") == 0)
        return read_word(name, value, "drop", "wait", &a->start.lossless, info);
    if (strcmp(name, "resume") == 0)
        return read_word(name, value, "limit", "all", &a->start.whole, info);
    if (!logs && strcmp(name, "batch_ms") == 0) {
        a->has_batch_ms = true;
        err = read_number(name, value, BATCH_MS_MAX, &n, info);
        a->batch_ms = (uint32_t)n;
        return err;
    }
    if (strcmp(name, "levels") == 0) {
        a->has_levels = true;
        return read_word(name, value, "all", "basic", &a->basic_levels, info);
    }
    return read_filter(a, name, value, info);
}

static int read_type(struct ask *a, const char *type, struct errinfo *info)
{
    for (int i = 0; type && i < TYPES; i++)
        if (strcmp(types[i], type) == 0) {
            a->type = (enum ask_type)i;
            return 0;
        }
    if (!type)
        return err_set(info, -LM_E_SYNTAX,
                       "a message is a JSON object with a type, such as {\"type\":\"filter\"}");
    const char *near = err_nearest(type, types, TYPES);
    return err_set(info, -LM_E_UNKNOWN, "unknown type '%.64s'%s%s%s", type,
                   near ? ": did you mean '" : "; see docs/streams.md", near ? near : "",
                   near ? "'?" : "");
}

int ask_read(struct ask *a, const struct hub *hub, json_t *json, const char *type,
             struct errinfo *info)
{
    const char *name;
    json_t *value;

    *a = (struct ask){.json = json, .limit = 100, .start.from = SUB_FROM_HERE};
    *info = (struct errinfo){0};
    a->id = json_object_get(json, "id");
    a->filter = malloc(sizeof *a->filter);
    if (!a->filter)
        return err_set(info, -ENOMEM, "the hub is short of memory; try again");
    filter_init(a->filter);
    if (a->id && !json_is_string(a->id) && !json_is_integer(a->id)) {
        a->id = NULL;
        return refuse(info, "id", "a text or a whole number");
    }
    int err = read_type(a, type ? type : json_string_value(json_object_get(json, "type")), info);
    json_object_foreach(json, name, value)
    {
        if (err == 0)
            err = read_member(a, hub, name, value, info);
    }
    return err;
}

int ask_parse(struct ask *a, const struct hub *hub, struct str text, struct errinfo *info)
{
    json_t *json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);

    *info = (struct errinfo){0};
    if (json_is_object(json))
        return ask_read(a, hub, json, NULL, info);
    *a = (struct ask){.json = json};
    return err_set(
        info, -LM_E_SYNTAX,
        "a message is one JSON object, such as {\"type\":\"filter\",\"level\":\"warn\"}");
}

int ask_narrow(struct ask *a, const struct filter *own, struct errinfo *info)
{
    struct buf text = {0};
    int err = 0;

    if (filter_is_empty(own))
        return 0;
    filter_add_key(own, &text);
    if (buf_error(&text) < 0)
        err = err_set(info, -ENOMEM, "the hub is short of memory; try again");
    else
        err = filter_add(a->filter, STR("q"), buf_str(&text), info);
    buf_fini(&text);
    return err;
}

const char *ask_error_code(const struct errinfo *info)
{
    if (info->column > 0)
        return "bad_filter";
    return info->code == -LM_E_INVALID ? "bad_parameter" : "not_understood";
}

void ask_set_form(const struct ask *a, struct form *form)
{
    if (a->has_levels)
        form->basic_levels = a->basic_levels;
    if (a->has_batch_ms)
        form->batch_ms = a->batch_ms;
}

struct filter *ask_take_filter(struct ask *a)
{
    struct filter *f = a->filter;
    a->filter = NULL;
    return f;
}

void ask_fini(struct ask *a)
{
    if (a->filter)
        filter_fini(a->filter);
    free(a->filter);
    json_decref(a->json);
    *a = (struct ask){0};
}
