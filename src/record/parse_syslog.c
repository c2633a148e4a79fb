/* SPDX-License-Identifier: MIT
 *
 * parse_syslog.c - lines as syslog daemons send and keep them.
 *
 *     <34>1 2003-10-11T22:14:15.003Z host su 123 ID47 [id@1 k="v"] text      RFC 5424
 *     <34>Oct 11 22:14:15 host su[123]: text                                  RFC 3164
 *     <4>text                                                                  sd-daemon(3)
 *
 * The first two are taken apart: the text becomes the message, the header becomes fields. RFC 5424
 * without its priority is recognised as well. The third only says the level; it stays as it was
 * written. Files that a daemon writes for people ("Oct 11 22:14:15 host su: text") are plain text.
 */
#include "record/parse_impl.h"

#include <errno.h>

/* --- the number in front --- */

/* "<34>"; *line moves on behind it. */
static bool take_priority(struct str *line, uint64_t *ret)
{
    const char *end = line->n > 2 ? memchr(line->p, '>', line->n < 5 ? line->n : 5) : NULL;

    if (!end || line->p[0] != '<' ||
        !str_to_u64(str_of(line->p + 1, (size_t)(end - line->p) - 1), ret) || *ret > 191)
        return false;
    *line = str_of(end + 1, line->n - (size_t)(end - line->p) - 1);
    return true;
}

static void add_member(struct buf *out, const char *name, struct str value)
{
    if (value.n == 0 || str_is(value, "-"))
        return;
    buf_add_char(out, out->n ? ',' : '{');
    json_add_string(out, str_from(name));
    buf_add_char(out, ':');
    json_add_string(out, value);
}

/* The facility, and the severity where our level says less. */
static void add_priority(struct buf *out, uint64_t priority, bool folded)
{
    static const char *const facilities[] = {
        "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
        "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
        "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
    static const char *const severities[] = {"emergency", "alert",  "critical", "error",
                                             "warning",   "notice", "info",     "debug"};

    add_member(out, "facility", str_from(facilities[priority / 8]));
    if (folded)
        add_member(out, "severity", str_from(severities[priority % 8]));
}

/* --- RFC 5424 --- */

static struct str take_word(struct str *rest)
{
    return str_cut(*rest, ' ', rest);
}

/* The value of a parameter, with \" \\ \] undone, up to its closing quote. */
static bool take_param_value(struct str *s, struct buf *value)
{
    buf_clear(value);
    for (size_t i = 0; i < s->n; i++) {
        bool escaped = s->p[i] == '\\' && i + 1 < s->n && memchr("\"\\]", s->p[i + 1], 3);
        if (s->p[i] == '"') {
            *s = str_of(s->p + i + 1, s->n - i - 1);
            return true;
        }
        i += escaped;
        buf_add_char(value, s->p[i]);
    }
    return false;
}

static bool take_char(struct str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_of(s->p + 1, s->n - 1);
    return true;
}

/* Up to one of " =]\"", at least one byte. */
static struct str take_name(struct str *s)
{
    size_t n = 0;

    while (n < s->n && !memchr(" =]\"", s->p[n], 4))
        n++;
    struct str name = str_of(s->p, n);
    *s = str_of(s->p + n, s->n - n);
    return name;
}

/* `[id k="v" k2="v2"]` as `"id":{"k":"v","k2":"v2"}`. */
static bool take_element(struct str *s, struct buf *out, struct buf *value)
{
    struct str id;
    bool more = false;

    if (!take_char(s, '[') || (id = take_name(s)).n == 0)
        return false;
    json_add_string(out, id);
    BUF_LIT(out, ":{");
    while (take_char(s, ' ')) {
        struct str name = take_name(s);
        if (name.n == 0 || !take_char(s, '=') || !take_char(s, '"') || !take_param_value(s, value))
            return false;
        if (more)
            buf_add_char(out, ',');
        more = true;
        json_add_string(out, name);
        buf_add_char(out, ':');
        json_add_string(out, buf_str(value));
    }
    buf_add_char(out, '}');
    return take_char(s, ']');
}

static bool take_structured_data(struct str *s, struct buf *out)
{
    struct buf value = {0};
    bool ok = true;

    if (take_char(s, '-'))
        return s->n == 0 || take_char(s, ' ');
    buf_add_char(out, out->n ? ',' : '{');
    BUF_LIT(out, "\"structured_data\":{");
    for (bool first = true; ok && s->n && s->p[0] == '['; first = false) {
        if (!first)
            buf_add_char(out, ',');
        ok = take_element(s, out, &value);
    }
    buf_add_char(out, '}');
    out->failed |= value.failed;
    buf_fini(&value);
    return ok && (s->n == 0 || take_char(s, ' '));
}

/* Behind "1 ". */
static bool read_5424(const struct reading *in, struct str s, struct said *said, struct buf *fields)
{
    struct str stamp = take_word(&s);
    said->timed = stamp_parse(stamp, in->zone, in->read_us, in->second, &said->time_us);
    if (!said->timed)
        add_member(fields, "timestamp", stamp);
    if (!said->timed && !str_is(stamp, "-"))
        return false;
    static const char *const names[] = {"hostname", "app_name", "proc_id", "msg_id"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add_member(fields, names[i], take_word(&s));
    if (s.n == 0)
        return false;
    if (!take_structured_data(&s, fields))
        return false;
    if (str_starts(s, STR("\xef\xbb\xbf")))
        s = str_of(s.p + 3, s.n - 3);
    said->message = s;
    return true;
}

/* --- RFC 3164 --- */

/* "su[123]: text": takes the tag and the number off. */
static void take_tag(struct str *s, struct buf *fields)
{
    size_t n = 0;

    while (n < s->n && n < 64 && !memchr(" :[", s->p[n], 3))
        n++;
    struct str tag = str_of(s->p, n), rest = str_of(s->p + n, s->n - n), pid = STR_NONE;
    if (n == 0 || !rest.n)
        return;
    if (rest.p[0] == '[')
        pid = str_cut(str_of(rest.p + 1, rest.n - 1), ']', &rest);
    if (!take_char(&rest, ':'))
        return;
    take_char(&rest, ' ');
    add_member(fields, "app_name", tag);
    add_member(fields, "proc_id", pid);
    *s = rest;
}

static bool read_3164(const struct reading *in, struct str s, struct said *said, struct buf *fields)
{
    struct stamp stamp;
    size_t n = stamp_read(s, &stamp);

    if (n == 0 || n == s.n || s.p[n] != ' ')
        return false;
    said->timed = stamp_time(&stamp, in->zone, in->read_us, &said->time_us);
    if (!said->timed)
        add_member(fields, "timestamp", str_of(s.p, n));
    s = str_of(s.p + n + 1, s.n - n - 1);
    struct str rest, host = str_cut(s, ' ', &rest);
    if (rest.n && !memchr(host.p, ':', host.n) && !memchr(host.p, '[', host.n)) {
        add_member(fields, "hostname", host); /* a local daemon leaves it out */
        s = rest;
    }
    take_tag(&s, fields);
    said->message = s;
    return true;
}

/* --- all --- */

/* Does the line, without a priority, look like "1 2026-..."? */
static bool may_be_5424(struct str line)
{
    return line.n > 20 && line.p[0] == '1' && line.p[1] == ' ' && line.p[6] == '-' &&
           line.p[12] == 'T';
}

static int keep_fields(struct buf *fields, const struct reading *in, struct said *said)
{
    if (fields->n == 0)
        return buf_error(fields);
    buf_add_char(fields, '}');
    said->fields = arena_copy(in->scratch, buf_str(fields));
    return said->fields.p ? buf_error(fields) : -ENOMEM;
}

int parse_syslog(const struct reading *in, struct str line, struct said *ret)
{
    struct str rest = line;
    struct buf fields = {0};
    uint64_t priority;
    bool folded = false, header, prioritised = take_priority(&rest, &priority);

    if (!prioritised && !may_be_5424(line))
        return 0;
    said_begin(ret, line);
    if (prioritised) {
        ret->level = level_from_severity(priority % 8, &folded);
        add_priority(&fields, priority, folded);
    }
    if (str_starts(rest, STR("1 ")))
        header = read_5424(in, str_of(rest.p + 2, rest.n - 2), ret, &fields);
    else
        header = read_3164(in, rest, ret, &fields);
    int err = header ? keep_fields(&fields, in, ret) : buf_error(&fields);
    buf_fini(&fields);
    if (err < 0)
        return err;
    if (!header && (!prioritised || priority > 7))
        return 0;
    if (!header) {
        enum level level = ret->level;
        said_begin(ret, line);
        ret->level = level;
    }
    return 1;
}
