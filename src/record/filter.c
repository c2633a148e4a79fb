/* SPDX-License-Identifier: MIT
 *
 * filter.c - query parameters as conditions on records.
 */
#include "record/filter.h"

#include <errno.h>
#include <stdlib.h>

static const char *const label_params[] = {"job_run_id", "task_run_id", "source",    "campaign_id",
                                           "user_email", "session_id",  "process_id"};

void filter_init(struct filter *f)
{
    *f = (struct filter){0};
}

void filter_fini(struct filter *f)
{
    arena_fini(&f->texts);
    *f = (struct filter){0};
}

bool filter_is_label(struct str name)
{
    for (size_t i = 0; i < sizeof label_params / sizeof label_params[0]; i++)
        if (str_is(name, label_params[i]))
            return true;
    return false;
}

static int add_label(struct filter *f, struct str name, struct str value, struct errinfo *info)
{
    if (value.n > LABEL_VALUE_MAX)
        return err_set(info, -LM_E_INVALID,
                       "%.*s is longer than %d bytes, so no record can have it", STR_FMT(name),
                       LABEL_VALUE_MAX);
    if (f->label_count == FILTER_LABELS_MAX)
        return err_set(info, -LM_E_FULL, "more than %d label conditions", FILTER_LABELS_MAX);
    struct label *l = &f->labels[f->label_count];
    l->name = arena_copy(&f->texts, name);
    l->value = arena_copy(&f->texts, value);
    if (!l->name.p || !l->value.p)
        return err_set(info, -ENOMEM, "%s", err_text(-ENOMEM));
    f->label_count++;
    return 0;
}

static int set_level(struct filter *f, struct str value, struct errinfo *info)
{
    f->min_level = level_from_text(value);
    return f->min_level != LEVEL_NONE ? 0
                                      : err_set(info, -LM_E_INVALID,
                                                "level must be one of trace, debug, info, warn, "
                                                "error, fatal (this and above)");
}

static int set_stream(struct filter *f, struct str value, struct errinfo *info)
{
    f->stream = stream_from_text(value);
    return f->stream != STREAM_NONE
               ? 0
               : err_set(info, -LM_E_INVALID, "stream must be one of stdout, stderr, system");
}

static int set_search(struct filter *f, struct str value, struct errinfo *info)
{
    if (value.n > FILTER_SEARCH_MAX)
        return err_set(info, -LM_E_INVALID, "search is longer than %d bytes", FILTER_SEARCH_MAX);
    char *p = arena_alloc(&f->texts, value.n);
    if (!p)
        return err_set(info, -ENOMEM, "%s", err_text(-ENOMEM));
    for (size_t i = 0; i < value.n; i++)
        p[i] = (char)(value.p[i] >= 'A' && value.p[i] <= 'Z' ? value.p[i] + 32 : value.p[i]);
    f->search = str_of(p, value.n);
    return 0;
}

int filter_add(struct filter *f, struct str name, struct str value, struct errinfo *info)
{
    bool is_label = filter_is_label(name);

    if (!is_label && !str_is(name, "level") && !str_is(name, "stream") && !str_is(name, "search"))
        return -LM_E_UNKNOWN;
    if (value.n == 0)
        return err_set(info, -LM_E_INVALID, "%.*s has no value; leave it out to see everything",
                       STR_FMT(name));
    if (is_label)
        return add_label(f, name, value, info);
    if (str_is(name, "level"))
        return set_level(f, value, info);
    if (str_is(name, "stream"))
        return set_stream(f, value, info);
    return set_search(f, value, info);
}

struct str filter_label(const struct filter *f, struct str name)
{
    for (uint32_t i = 0; i < f->label_count; i++)
        if (str_eq(f->labels[i].name, name))
            return f->labels[i].value;
    return STR_NONE;
}

bool filter_match_labels(const struct filter *f, const struct labels *l)
{
    for (uint32_t i = 0; i < f->label_count; i++) {
        struct str has = labels_get(l, f->labels[i].name);
        if (!has.p || !str_eq(has, f->labels[i].value))
            return false;
    }
    return true;
}

bool filter_match_rest(const struct filter *f, const struct record *r)
{
    return r->level >= f->min_level && (f->stream == STREAM_NONE || r->stream == f->stream) &&
           (f->search.n == 0 || str_find_nocase(r->message, f->search) != SIZE_MAX);
}

static void add_part(struct buf *out, struct str s)
{
    buf_add_u64(out, s.n);
    buf_add_char(out, ':');
    buf_add_str(out, s);
}

void filter_add_key(const struct filter *f, struct buf *out)
{
    buf_add_char(out, (char)('0' + f->min_level));
    buf_add_char(out, (char)('0' + f->stream));
    add_part(out, f->search);
    for (size_t p = 0; p < sizeof label_params / sizeof label_params[0]; p++)
        for (uint32_t i = 0; i < f->label_count; i++)
            if (str_is(f->labels[i].name, label_params[p])) {
                add_part(out, f->labels[i].name);
                add_part(out, f->labels[i].value);
            }
}
