/* SPDX-License-Identifier: MIT
 *
 * ipc_config.c - the configuration, for callers that may change it: get, validate, set, watch.
 *
 * What can be set are the settings that take effect without a start; the others are for the file. A
 * value set here lies on top of file, environment and flags until it is taken back or the hub ends.
 *
 * A watch remembers what it has told, setting by setting, and tells whatever reads differently now.
 */
#include "api/ipc_impl.h"

#include "conf/settings_over.h"
#include "record/json.h"

#include <errno.h>
#include <stdlib.h>

#define VALUE_SCHEMA "{\"type\":[\"string\",\"number\",\"null\"],\"maxLength\":4096}"
#define NAME_MEMBER  "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":64}"

enum { NAME_N = 65, VALUE_N = 4 * 4096 + 1 };

/* The settings that hold: those of the start, unless they may change later. */
static const struct settings *holder(const struct ipc *ipc, const struct setting_info *info)
{
    const struct hub_control *c = &ipc->api->control;
    return setting_takes_reload(info) ? c->today(c->daemon) : ipc->api->settings;
}

static void add_text(struct buf *out, const char *member, struct str text)
{
    buf_printf(out, ",\"%s\":", member);
    json_add_string(out, text);
}

static void add_value(struct buf *out, const struct settings *s, const struct setting_info *info)
{
    struct buf value = {0};

    setting_write_value(s, info, &value);
    out->failed |= value.failed;
    if (setting_is_secret(info) && !str_is(buf_str(&value), info->fallback))
        add_text(out, "value", STR("(hidden)"));
    else
        add_text(out, "value", buf_str(&value));
    buf_fini(&value);
}

/* {"name","value","default","range","when","from","line","description"} */
static void add_setting(struct buf *out, const struct ipc *ipc, const struct setting_info *info)
{
    static const char *const sources[] = {[FROM_DEFAULT] = "default",
                                          [FROM_FILE] = "file",
                                          [FROM_ENVIRONMENT] = "environment",
                                          [FROM_FLAG] = "flag",
                                          [FROM_CALL] = "call"};
    const struct settings *s = holder(ipc, info);
    const struct setting_origin *from = &s->origins[info - setting_table];
    struct buf range = {0};

    setting_write_range(info, &range);
    BUF_LIT(out, "{\"name\":");
    json_add_string(out, str_from(info->name));
    add_value(out, s, info);
    add_text(out, "default", str_from(info->fallback));
    add_text(out, "range", buf_str(&range));
    add_text(out, "when", setting_takes_reload(info) ? STR("at once") : STR("start"));
    add_text(out, "from", str_from(sources[from->from]));
    if (from->from == FROM_FILE)
        buf_printf(out, ",\"line\":%d", from->line);
    add_text(out, "description", str_from(info->sentence));
    buf_add_char(out, '}');
    buf_fini(&range);
}

/* The setting that the arguments name. NULL: answered. */
static const struct setting_info *named(struct lm_call call)
{
    char name[NAME_N];
    int n = lm_json_get_text(lm_call_args(call), "name", name, sizeof name);
    const struct setting_info *info = n > 0 ? setting_find(str_of(name, (size_t)n)) : NULL;

    if (!info)
        ipc_refuse(call, "name",
                   "there is no setting of that name; config:get without one lists all");
    return info;
}

static void config_get(struct lm_call call, void *ctx)
{
    const struct ipc *ipc = ctx;
    const struct settings *today = ipc->api->control.today(ipc->api->control.daemon);
    const struct setting_info *info = NULL;
    struct buf out = {0};

    if (!ipc_unlimited(call))
        return;
    if (lm_json_get(lm_call_args(call), "name").p && !(info = named(call)))
        return;
    if (info) {
        add_setting(&out, ipc, info);
    } else {
        BUF_LIT(&out, "{\"settings\":[");
        for (size_t i = 0; i < SETTING_COUNT; i++) {
            if (i)
                buf_add_char(&out, ',');
            add_setting(&out, ipc, &setting_table[i]);
        }
        BUF_LIT(&out, "],\"file\":");
        if (today->file)
            json_add_string(&out, str_from(today->file));
        else
            BUF_LIT(&out, "null");
        buf_add_char(&out, '}');
    }
    ipc_reply(call, &out);
    buf_fini(&out);
}

/* The argument `value` as text; p NULL for null. False: answered. */
static bool read_value(struct lm_call call, char text[VALUE_N], struct str *ret)
{
    struct lm_str raw = lm_json_get(lm_call_args(call), "value");

    if (raw.n && raw.p[0] != '"') { /* a number, or null */
        *ret = raw.p[0] == 'n' ? STR_NONE : from_lm(raw);
        return true;
    }
    int n = lm_json_get_text(lm_call_args(call), "value", text, VALUE_N);
    if (n < 0)
        return ipc_refuse(call, "value", "must be a text, a number, or null");
    *ret = str_of(text, (size_t)n);
    return true;
}

/* {"valid":true,"value":…,"when":…} or {"valid":false,"reason":…} */
static void config_validate(struct lm_call call, void *ctx)
{
    const struct setting_info *info;
    struct errinfo err = {0};
    struct buf out = {0}, value = {0};
    char text[VALUE_N];
    struct str asked;

    (void)ctx;
    if (!ipc_unlimited(call) || !(info = named(call)) || !read_value(call, text, &asked))
        return;
    if (!asked.p)
        asked = str_from(info->fallback);
    int rc = setting_try(info, asked, &value, &err);
    buf_printf(&out, "{\"valid\":%s", rc < 0 ? "false" : "true");
    if (rc < 0) {
        add_text(&out, "reason", str_from(err.text));
    } else {
        add_text(&out, "value", buf_str(&value));
        add_text(&out, "when", setting_takes_reload(info) ? STR("at once") : STR("start"));
    }
    buf_add_char(&out, '}');
    ipc_reply(call, &out);
    buf_fini(&value);
    buf_fini(&out);
}

static void config_set(struct lm_call call, void *ctx)
{
    struct ipc *ipc = ctx;
    const struct hub_control *c = &ipc->api->control;
    const struct setting_info *info;
    struct errinfo err = {0};
    struct buf out = {0}, said = {0};
    char text[VALUE_N];
    struct str value;

    if (!ipc_unlimited(call) || !(info = named(call)) || !read_value(call, text, &value))
        return;
    if (!setting_takes_reload(info)) {
        ipc_refuse(call, "name",
                   "takes effect when the hub starts: write it into the configuration and restart");
        return;
    }
    int rc = value.p ? setting_try(info, value, NULL, &err) : 0;
    if (rc < 0) {
        ipc_refuse(call, "value", err.text);
        return;
    }
    rc = c->set(c->daemon, info, value, &said, &err);
    ipc_audit(call, ipc, "set", info->name, rc < 0 ? err.text : NULL);
    if (rc < 0) {
        lm_fail(call, LM_HANDLER_ERROR, err.text, LM_STR(""));
    } else {
        add_setting(&out, ipc, info);
        ipc_reply(call, &out);
    }
    buf_fini(&said);
    buf_fini(&out);
}

/* --- watching --- */

struct config_watch {
    struct list link;
    struct lm_call call;
    const struct ipc *ipc;
    char *told[SETTING_COUNT]; /* NULL: never */
    size_t at;                 /* the next to be looked at */
};

static int watch_open(struct lm_call call, void *ctx, void **ret_state)
{
    struct ipc *ipc = ctx;
    struct config_watch *w;

    if (!ipc_unlimited(call) || !(w = calloc(1, sizeof *w)))
        return -1;
    w->call = call;
    w->ipc = ipc;
    list_push(&ipc->watches, &w->link);
    *ret_state = w;
    return 0;
}

/* -ENOBUFS: there is no room now; 0: told, or as it was. */
static int tell(struct config_watch *w, size_t i)
{
    const struct setting_info *info = &setting_table[i];
    struct buf value = {0}, json = {0};
    int err = 0;

    setting_write_value(holder(w->ipc, info), info, &value);
    if (!w->told[i] || !str_is(buf_str(&value), w->told[i])) {
        char *copy = value.n ? strndup(value.p, value.n) : strdup("");
        add_setting(&json, w->ipc, info);
        err = copy && !json.failed ? lm_stream_item(w->call, to_lm(buf_str(&json))) : -ENOMEM;
        if (err == 0) {
            free(w->told[i]);
            w->told[i] = copy;
        } else {
            free(copy);
        }
    }
    buf_fini(&value);
    buf_fini(&json);
    return err;
}

static enum lm_next watch_next(struct lm_call call, void *state)
{
    struct config_watch *w = state;

    for (; w->at < SETTING_COUNT; w->at++) {
        int err = tell(w, w->at);
        if (err == -ENOBUFS)
            return LM_NEXT_MORE;
        if (err < 0) {
            lm_fail(call, LM_HANDLER_ERROR, "the hub is short of memory; try again", LM_STR(""));
            return LM_NEXT_END;
        }
    }
    return LM_NEXT_WAIT;
}

static void watch_close(void *state)
{
    struct config_watch *w = state;

    list_remove(&w->link);
    for (size_t i = 0; i < SETTING_COUNT; i++)
        free(w->told[i]);
    free(w);
}

void ipc_settings_changed(struct ipc *ipc)
{
    if (!ipc)
        return;
    LIST_FOR_EACH_SAFE (link, &ipc->watches) {
        struct config_watch *w = LIST_ITEM(link, struct config_watch, link);
        w->at = 0;
        (void)lm_stream_wake(w->call);
    }
}

int ipc_register_config(struct ipc *ipc)
{
    static const struct lm_stream_ops watch = {watch_open, watch_next, watch_close};
    static const struct {
        const char *channel;
        struct lm_handler handler;
    } table[] = {
        {"config:get",
         {.call = config_get,
          .schema = "{\"type\":[\"object\",\"null\"],\"additionalProperties\":false,\"properties\":"
                    "{" NAME_MEMBER "}}"}},
        {"config:validate",
         {.call = config_validate,
          .schema = "{\"type\":\"object\",\"required\":[\"name\",\"value\"],"
                    "\"additionalProperties\":false,\"properties\":{" NAME_MEMBER
                    ",\"value\":" VALUE_SCHEMA "}}"}},
        {"config:set",
         {.call = config_set,
          .schema = "{\"type\":\"object\",\"required\":[\"name\",\"value\"],"
                    "\"additionalProperties\":false,\"properties\":{" NAME_MEMBER
                    ",\"value\":" VALUE_SCHEMA "}}"}},
        {"config:watch",
         {.stream = &watch,
          .schema = "{\"type\":[\"object\",\"null\"],\"additionalProperties\":false}",
          .stream_timeout_ms = UINT32_MAX}},
    };
    int err = 0;

    for (size_t i = 0; err == 0 && i < sizeof table / sizeof *table; i++) {
        struct lm_handler h = table[i].handler;
        h.access = LM_ACCESS_ADMIN;
        err = ipc_register(ipc, table[i].channel, &h);
    }
    return err;
}
