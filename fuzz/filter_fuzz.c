/* SPDX-License-Identifier: MIT
 *
 * filter_fuzz.c - any bytes as a filter, on any record: refused with a place, or understood in a
 * way that can be written down and read again.
 *
 * Input: the filter, a line feed, the message, a line feed, the fields. Without line feeds there is
 * only a filter.
 */
#include "record/filter.h"

#include "record/json.h"
#include "record/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(struct str text, const struct errinfo *info)
{
    lm_assert(info->code == -LM_E_SYNTAX);
    lm_assert(info->column >= 1 && (size_t)info->column <= text.n + 1);
    for (const char *c = info->text; *c; c++)
        lm_assert((unsigned char)*c >= ' ');
}

static bool is_object(struct str text)
{
    struct json_walk w = json_walk(text);
    struct json_member m;

    if (utf8_valid_prefix(text) < text.n)
        return false;
    while (json_next(&w, &m))
        ;
    return w.ok;
}

/* The printed tree is read as the same tree. */
static void check_print(struct str text)
{
    struct arena a = {0};
    struct expr *tree = NULL;
    struct buf once = {0}, twice = {0};

    int err = filter_parse(&a, text, &tree, NULL);
    lm_assert(err == 0);
    filter_print(&once, tree);
    if (once.n <= FILTER_TEXT_MAX) {
        err = filter_parse(&a, buf_str(&once), &tree, NULL);
        lm_assert(err == 0);
        filter_print(&twice, tree);
        lm_assert(str_eq(buf_str(&once), buf_str(&twice)));
    }
    buf_fini(&once);
    buf_fini(&twice);
    arena_fini(&a);
}

/* The key is a filter with the same key, that chooses the same. */
static void check_key(const struct filter *f, const struct record *r)
{
    struct buf key = {0}, again = {0};
    struct filter g;

    filter_add_key(f, &key);
    if (key.n <= FILTER_TEXT_MAX) {
        filter_init(&g);
        int err = filter_add(&g, STR("q"), buf_str(&key), NULL);
        lm_assert(err == 0);
        filter_add_key(&g, &again);
        lm_assert(str_eq(buf_str(&key), buf_str(&again)));
        bool first = filter_match(f, r), second = filter_match(&g, r);
        lm_assert(first == second || filter_overruns(f) || filter_overruns(&g));
        filter_fini(&g);
    }
    buf_fini(&key);
    buf_fini(&again);
}

static void check_accepted(const struct filter *f, struct str message, struct str fields)
{
    struct label_table table = {0};
    struct record r = {
        .id = 7, .time_us = 1768473045000000, .level = LEVEL_WARN, .stream = STREAM_STDOUT};
    struct label label = {STR("job_run_id"), STR("j1")};
    struct buf clean = {0};
    struct filter_verdict v;

    int err = labels_make(&table, STR("web"), &label, 1, &r.labels);
    lm_assert(err == 0);
    utf8_add_clean(&clean, message);
    r.message = buf_str(&clean);
    r.fields = is_object(fields) ? fields : STR_NONE;
    filter_decide(f, r.labels, &v);
    bool yes = filter_match(f, &r);
    lm_assert(v.truth != (yes ? TRUTH_NO : TRUTH_YES));
    check_key(f, &r);
    buf_fini(&clean);
    labels_unref(r.labels);
    label_table_fini(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_of((const char *)data, size), message = STR_NONE;
    struct str text = str_cut(rest, '\n', &rest);
    struct errinfo info = {0};
    struct filter f;

    message = str_cut(rest, '\n', &rest);
    filter_init(&f);
    if (filter_add(&f, STR("q"), text, &info) < 0) {
        check_refusal(text, &info);
    } else {
        check_print(text);
        check_accepted(&f, message, rest);
    }
    filter_fini(&f);
    return 0;
}
