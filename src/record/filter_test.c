/* SPDX-License-Identifier: MIT
 *
 * filter_test.c - who gets which record.
 */
#include "record/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct label_table table;

static struct labels *labels_of(const char *source, const char *job)
{
    const struct label pair = {STR("job_run_id"), str_from(job)};
    struct labels *l;

    assert_int_equal(labels_make(&table, str_from(source), &pair, 1, &l), 0);
    return l;
}

static void add(struct filter *f, const char *name, const char *value)
{
    struct errinfo info = {0};
    assert_int_equal(filter_add(f, str_from(name), str_from(value), &info), 0);
}

static void an_empty_filter_matches_everything(void **state)
{
    struct labels *l = labels_of("web", "7");
    struct record r = {.labels = l, .level = LEVEL_TRACE, .stream = STREAM_SYSTEM};
    struct filter f;

    (void)state;
    filter_init(&f);
    assert_true(filter_match(&f, &r));
    filter_fini(&f);
    filter_fini(&f);
    labels_unref(l);
}

static void all_conditions_must_hold(void **state)
{
    struct labels *web = labels_of("web", "7"), *job = labels_of("job", "7");
    struct record r = {.labels = web,
                       .level = LEVEL_ERROR,
                       .stream = STREAM_STDERR,
                       .message = STR("Connection RESET by peer")};
    struct filter f;

    (void)state;
    filter_init(&f);
    add(&f, "source", "web");
    add(&f, "job_run_id", "7");
    add(&f, "level", "WARNING");
    add(&f, "stream", "stderr");
    add(&f, "search", "Reset BY");
    assert_true(filter_match(&f, &r));
    r.labels = job;
    assert_false(filter_match(&f, &r));
    r.labels = web;
    r.level = LEVEL_INFO;
    assert_false(filter_match(&f, &r));
    r.level = LEVEL_WARN;
    assert_true(filter_match(&f, &r));
    r.stream = STREAM_STDOUT;
    assert_false(filter_match(&f, &r));
    r.stream = STREAM_STDERR;
    r.message = STR("connection resets");
    assert_false(filter_match(&f, &r));
    assert_true(str_is(filter_label(&f, STR("source")), "web"));
    assert_null(filter_label(&f, STR("session_id")).p);
    filter_fini(&f);
    labels_unref(web);
    labels_unref(job);
}

static void a_label_the_record_does_not_have_does_not_match(void **state)
{
    struct labels *l = labels_of("web", "7");
    struct record r = {.labels = l};
    struct filter f;

    (void)state;
    filter_init(&f);
    add(&f, "session_id", "7");
    assert_false(filter_match(&f, &r));
    filter_fini(&f);
    labels_unref(l);
}

static void bad_parameters_are_refused_with_a_sentence(void **state)
{
    static char longer[FILTER_SEARCH_MAX + 2];
    struct errinfo info = {0};
    struct filter f;

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    filter_init(&f);
    assert_int_equal(filter_add(&f, STR("colour"), STR("red"), &info), -LM_E_UNKNOWN);
    assert_int_equal(filter_add(&f, STR("level"), STR("loud"), &info), -LM_E_INVALID);
    assert_non_null(strstr(info.text, "trace, debug, info"));
    assert_int_equal(filter_add(&f, STR("stream"), STR("stdin"), &info), -LM_E_INVALID);
    assert_non_null(strstr(info.text, "stdout, stderr, system"));
    assert_int_equal(filter_add(&f, STR("search"), STR(""), &info), -LM_E_INVALID);
    assert_non_null(strstr(info.text, "search has no value"));
    assert_int_equal(filter_add(&f, STR("search"), str_from(longer), &info), -LM_E_INVALID);
    assert_int_equal(filter_add(&f, STR("source"), str_of(longer, LABEL_VALUE_MAX + 1), &info),
                     -LM_E_INVALID);
    filter_fini(&f);
}

static void equal_filters_have_equal_keys_and_others_have_not(void **state)
{
    static const char *const sets[][4] = {
        {"source", "a", "job_run_id", "b"}, {"source", "ab", "job_run_id", ""},
        {"source", "b", "job_run_id", "a"}, {"source", "a", "task_run_id", "b"},
        {"source", "a", "search", "b"},     {"level", "warn", "search", "b"},
        {"level", "error", "search", "b"},  {"stream", "stdout", "search", "b"},
        {"search", "b", "source", ""},
    };
    enum { N = sizeof sets / sizeof sets[0] };
    struct buf keys[N] = {0}, other = {0};

    (void)state;
    for (size_t i = 0; i < N; i++) {
        struct filter f, g;
        filter_init(&f);
        filter_init(&g);
        for (size_t k = 0; k < 4; k += 2)
            if (sets[i][k + 1][0])
                add(&f, sets[i][k], sets[i][k + 1]);
        for (size_t k = 4; k > 0; k -= 2)
            if (sets[i][k - 1][0])
                add(&g, sets[i][k - 2], sets[i][k - 1]);
        filter_add_key(&f, &keys[i]);
        buf_clear(&other);
        filter_add_key(&g, &other);
        assert_true(str_eq(buf_str(&keys[i]), buf_str(&other)));
        for (size_t k = 0; k < i; k++)
            assert_false(str_eq(buf_str(&keys[i]), buf_str(&keys[k])));
        filter_fini(&f);
        filter_fini(&g);
    }
    for (size_t i = 0; i < N; i++)
        buf_fini(&keys[i]);
    buf_fini(&other);
}

static void a_filter_keeps_its_own_texts(void **state)
{
    char value[] = "web", text[] = "LOW";
    struct labels *l = labels_of("web", "1");
    struct record r = {.labels = l, .message = STR("too low")};
    struct errinfo info;
    struct filter f;

    (void)state;
    filter_init(&f);
    assert_int_equal(filter_add(&f, STR("source"), str_from(value), &info), 0);
    assert_int_equal(filter_add(&f, STR("search"), str_from(text), &info), 0);
    value[0] = text[0] = 'x';
    assert_true(filter_match(&f, &r));
    filter_fini(&f);
    labels_unref(l);
    label_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_filter_matches_everything),
        cmocka_unit_test(all_conditions_must_hold),
        cmocka_unit_test(a_label_the_record_does_not_have_does_not_match),
        cmocka_unit_test(bad_parameters_are_refused_with_a_sentence),
        cmocka_unit_test(equal_filters_have_equal_keys_and_others_have_not),
        cmocka_unit_test(a_filter_keeps_its_own_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
