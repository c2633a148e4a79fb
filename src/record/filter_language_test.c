/* SPDX-License-Identifier: MIT
 *
 * filter_language_test.c - what filters choose, said by example, and what labels alone tell.
 */
#include "record/filter.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct label_table table;

/* A record with labels source=web, job_run_id=j1, env=prod. */
static struct record make_record(const char *message, const char *fields)
{
    const struct label labels[] = {{STR("job_run_id"), STR("j1")}, {STR("env"), STR("prod")}};
    struct record r = {.id = 100,
                       .time_us = 1768473045000000, /* 2026-01-15T10:30:45Z */
                       .message = str_from(message),
                       .fields = fields ? str_from(fields) : STR_NONE,
                       .level = LEVEL_WARN,
                       .stream = STREAM_STDERR};

    assert_int_equal(labels_make(&table, STR("web"), labels, 2, &r.labels), 0);
    return r;
}

static void add(struct filter *f, const char *name, const char *value)
{
    struct errinfo info = {0};

    if (filter_add(f, str_from(name), str_from(value), &info) < 0)
        fail_msg("%s=%s: column %d: %s", name, value, info.column, info.text);
}

static struct filter make_filter(const char *q)
{
    struct filter f;

    filter_init(&f);
    add(&f, "q", q);
    return f;
}

static bool chooses(const char *q, const struct record *r)
{
    struct filter f = make_filter(q);
    bool yes = filter_match(&f, r);

    filter_fini(&f);
    return yes;
}

struct expectation {
    const char *q;
    bool yes;
};

static void check(const struct expectation *e, size_t n, const char *message, const char *fields)
{
    struct record r = make_record(message, fields);

    for (size_t i = 0; i < n; i++)
        if (chooses(e[i].q, &r) != e[i].yes)
            fail_msg("%s: expected %d of %s %s", e[i].q, e[i].yes, message, fields ? fields : "");
    labels_unref(r.labels);
}

#define CHECK(table, message, fields)                                                              \
    check(table, sizeof(table) / sizeof(table)[0], message, fields)

static void text_is_found_anywhere_without_case(void **state)
{
    static const struct expectation table_of[] = {
        {"", true},
        {"\"\"", true},
        {"connection", true},
        {"CONNECTION", true},
        {"nection re", true},
        {"\"ection res\"", true},
        {"\"ection  res\"", false},
        {"message:connection", true},
        {"message:nothing,reset", true},
        {"ENTE", true}, /* ASCII folds, other letters do not */
        {"\"gr\xc3\x9c\"", false},
        {"gr\xc3\xbc", true},
        {"-reset", false},
        {"-nothing", true},
        {"web", false}, /* labels are not text */
    };

    (void)state;
    CHECK(table_of, "Connection Reset, gr\xc3\xbcne Ente", NULL);
}

static void colours_do_not_hide_text(void **state)
{
    static const struct expectation table_of[] = {
        {"connection", true},   {"/^connection$/", true}, {"31m", false},
        {"-connection", false}, {"title", false},
    };

    (void)state;
    CHECK(table_of, "\x1b[1;31mcon\x1b[0mnec\x1b]0;title\x07tion\x1b(", NULL);
    CHECK(table_of, "\x1b]0;title\x1b\\connection\x1b[31", NULL);
}

static void regexes_know_case_and_flags(void **state)
{
    static const struct expectation table_of[] = {
        {"/time(d)? out/", true},
        {"/Time/", false},
        {"/Time/i", true},
        {"/t i m e/x", true},
        {"/out$/", true},
        {"/^out/", false},
        {"/^ti.*ut$/", true},
        {"/\\d{2}/", false},
        {"-/time/", false},
        {"message:~^timed", true},
        {"message:~/^TIMED/i", true},
    };

    (void)state;
    CHECK(table_of, "timed out", NULL);
}

static void labels_and_columns_are_compared(void **state)
{
    static const struct expectation table_of[] = {
        {"source:web", true},
        {"source:WEB", false},
        {"source:db,web", true},
        {"source:~^w", true},
        {"source>va", true},
        {"-source:web", false},
        {"job_run_id:j1 env:prod", true},
        {"env:dev", false},
        {"env:dev OR source:web", true},
        {"task_run_id:t", false},
        {"-task_run_id:t", true},
        {"task_run_id:~.", false},
        {"level:warn", true},
        {"level:warning", true},
        {"level>warn", false},
        {"level>=warn", true},
        {"level<error", true},
        {"level:info,error", false},
        {"level:~^w", true},
        {"level<trace", false},
        {"stream:stderr", true},
        {"stream:stdout,system", false},
        {"stream:~err", true},
        {"id:100", true},
        {"id:7,100", true},
        {"id>99 id<=100", true},
        {"id<100", false},
        {"timestamp>=2026-01-15", true},
        {"timestamp<2026-01-15T10:30:45Z", false},
        {"timestamp<=2026-01-15T11:30:45+01:00", true},
        {"timestamp>5m", true}, /* now is 10:35 */
        {"timestamp>4m", false},
        {"timestamp<4m", true},
    };

    (void)state;
    CHECK(table_of, "x", NULL);
}

static void fields_are_found_by_path(void **state)
{
    static const struct expectation table_of[] = {
        {"status:500", true},
        {"status:500.0", true},
        {"status:5e2", true},
        {"status:~^50", true},
        {"status>499 status<=500", true},
        {"status>5", true}, /* as numbers; "500" < "6" as texts */
        {"status>6", true},
        {"took:\"12\"", true},
        {"took:12.0", false}, /* a text is what it is */
        {"took>9", true},     /* but compares as a number */
        {"name>alice", true},
        {"name<alice", false},
        {"name>5", true},
        {"http.method:GET", true},
        {"http.code:7", true}, /* {"http":{…}} and {"http.code":…} */
        {"http:GET", false},
        {"tags:b", true},
        {"tags:a,z", true},
        {"tags:z", false},
        {"-tags:z", true},
        {"items.id:2", true},
        {"ok:true", true},
        {"gone:null", false},
        {"-gone:null", true},
        {"gone>0", false},
        {"missing>0", false},
        {"-missing>0", true},
        {"missing<0", false},
        {"quote:\"say \\\"hi\\\"\"", true},
        {"smile:\"\xf0\x9f\x98\x80\"", true},
        {"key_e:1", true},
        {"level:info", false}, /* the column */
        {"fields.level:info", true},
        {"fields.http.method:GET", true},
        {"env:dev", false}, /* the label hides the field */
        {"fields.env:dev", true},
        {"job_run_id:j2", false},
    };

    (void)state;
    CHECK(table_of, "x",
          "{\"status\":500,\"took\":\"12\",\"name\":\"bob\",\"http\":{\"method\":\"GET\",\"x\":[]},"
          "\"http.code\":7,\"tags\":[\"a\",\"b\", [true]],\"items\":[{\"id\":1},{\"id\":2}],"
          "\"ok\":true,\"gone\":null,\"quote\":\"say \\\"hi\\\"\",\"smile\":\"\\ud83d\\ude00\","
          "\"key\\u005fe\":1,\"level\":\"info\",\"env\":\"dev\",\"job_run_id\":\"j2\"}");
}

static void parameters_and_the_language_mean_and(void **state)
{
    struct record r = make_record("timed out", NULL);
    struct filter f = make_filter("time");

    (void)state;
    add(&f, "level", "warn");
    add(&f, "job_run_id", "j1");
    add(&f, "search", "OUT");
    assert_true(filter_match(&f, &r));
    assert_true(str_is(filter_label(&f, STR("job_run_id")), "j1"));
    add(&f, "q", "source:db OR out");
    assert_true(filter_match(&f, &r));
    add(&f, "stream", "stdout");
    assert_false(filter_match(&f, &r));
    filter_fini(&f);
    labels_unref(r.labels);
}

static enum truth decided(const char *q)
{
    struct record r = make_record("x", NULL);
    struct filter f = make_filter(q);
    struct filter_verdict v;

    filter_decide(&f, r.labels, &v);
    labels_unref(r.labels);
    filter_fini(&f);
    return v.truth;
}

static void labels_alone_decide_where_they_can(void **state)
{
    (void)state;
    assert_int_equal(decided(""), TRUTH_YES);
    assert_int_equal(decided("source:web"), TRUTH_YES);
    assert_int_equal(decided("source:db"), TRUTH_NO);
    assert_int_equal(decided("source:db x"), TRUTH_NO);
    assert_int_equal(decided("source:web x"), TRUTH_OPEN);
    assert_int_equal(decided("source:web OR x"), TRUTH_YES);
    assert_int_equal(decided("source:db OR x"), TRUTH_OPEN);
    assert_int_equal(decided("-(source:db x)"), TRUTH_YES);
    assert_int_equal(decided("-source:web /x/"), TRUTH_NO);
    assert_int_equal(decided("env:prod"), TRUTH_YES);
    assert_int_equal(decided("env:dev"), TRUTH_NO);
    assert_int_equal(decided("other:1"), TRUTH_OPEN); /* perhaps a field */
    assert_int_equal(decided("task_run_id:t"), TRUTH_NO);
    assert_int_equal(decided("level:warn"), TRUTH_OPEN);
}

static struct str demanded(const char *q, const char *label, char out[64])
{
    struct filter f = make_filter(q);
    struct str value = filter_label(&f, str_from(label));

    if (value.p) {
        memcpy(out, value.p, value.n);
        value.p = out;
    }
    filter_fini(&f);
    return value;
}

static void demanded_labels_are_those_every_match_has(void **state)
{
    char out[64];

    (void)state;
    assert_true(str_is(demanded("source:web x", "source", out), "web"));
    assert_true(str_is(demanded("(x (source:web y))", "source", out), "web"));
    assert_null(demanded("source:web OR x", "source", out).p);
    assert_null(demanded("-source:web", "source", out).p);
    assert_null(demanded("source:web,db", "source", out).p);
    assert_null(demanded("source:~web", "source", out).p);
    assert_null(demanded("env:prod", "env", out).p); /* may be a field */
}

static void equal_filters_have_equal_keys(void **state)
{
    static const char *const groups[][6] = {
        {"a b", "b a", "a AND (B)", "(b) a a", "-(-a) b", "message:A b"},
        {"level>=warn", "level>INFO", "level:warn,error,fatal", "level:fatal,error,warning", NULL},
        {"source:a,b", "source:b,a,b", "source:\"a\",b", NULL},
        {"/x/is", "/x/si", "message:~/x/sii", NULL},
        {"/x/", "message:~x", "message:~\"x\"", NULL},
        {"id:7", "id:007", NULL},
        {"timestamp>2026-01-15", "timestamp>2026-01-15T01:00:00+01:00", NULL},
        {"timestamp>5m", "timestamp>300s", NULL},
        {"a OR (b OR c)", "c OR b OR a", NULL},
    };

    (void)state;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        struct buf first = {0};
        for (size_t i = 0; i < 6 && groups[g][i]; i++) {
            struct buf key = {0};
            struct filter f = make_filter(groups[g][i]);
            filter_add_key(&f, i ? &key : &first);
            if (i && !str_eq(buf_str(&key), buf_str(&first)))
                fail_msg("%s: %.*s", groups[g][i], STR_FMT(buf_str(&key)));
            filter_fini(&f);
            buf_fini(&key);
        }
        buf_fini(&first);
    }
}

static void a_refused_parameter_leaves_the_filter_as_it_was(void **state)
{
    struct filter f = make_filter("source:web /x/");
    struct errinfo info;
    struct buf before = {0}, after = {0};

    (void)state;
    filter_add_key(&f, &before);
    assert_int_equal(filter_add(&f, STR("q"), STR("/y/ /(/"), &info), -LM_E_SYNTAX);
    assert_int_equal(info.column, 5);
    assert_int_equal(filter_add(&f, STR("level"), STR("loud"), &info), -LM_E_INVALID);
    assert_int_equal(info.column, 0);
    assert_int_equal(filter_add(&f, STR("source"), STR(""), &info), -LM_E_INVALID);
    assert_int_equal(filter_add(&f, STR("colour"), STR("red"), &info), -LM_E_UNKNOWN);
    filter_add_key(&f, &after);
    assert_true(str_eq(buf_str(&before), buf_str(&after)));
    buf_fini(&before);
    buf_fini(&after);
    filter_fini(&f);
}

/* The words of the classic: exponential in the length of the text. */
static void a_regex_that_takes_too_long_is_given_up_and_counted(void **state)
{
    char text[3000];
    struct filter f = make_filter("/^([a-z]+)+[0-9]$/");

    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 2] = '!';
    text[sizeof text - 1] = '\0';
    struct record r = make_record(text, NULL);
    assert_false(filter_match(&f, &r));
    assert_true(filter_overruns(&f) > 0);
    filter_fini(&f);
    labels_unref(r.labels);

    f = make_filter("/([a-z]+)[0-9!]$/");
    r = make_record(text, NULL);
    assert_true(filter_match(&f, &r));
    assert_int_equal(filter_overruns(&f), 0);
    filter_fini(&f);
    labels_unref(r.labels);
}

static int set_clock(void **state)
{
    int64_t now;

    (void)state;
    assert_true(clock_parse(STR("2026-01-15T10:35:00Z"), &now));
    clock_fake(now);
    return 0;
}

static int finish_table(void **state)
{
    (void)state;
    label_table_fini(&table);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_found_anywhere_without_case),
        cmocka_unit_test(colours_do_not_hide_text),
        cmocka_unit_test(regexes_know_case_and_flags),
        cmocka_unit_test(labels_and_columns_are_compared),
        cmocka_unit_test(fields_are_found_by_path),
        cmocka_unit_test(parameters_and_the_language_mean_and),
        cmocka_unit_test(labels_alone_decide_where_they_can),
        cmocka_unit_test(demanded_labels_are_those_every_match_has),
        cmocka_unit_test(equal_filters_have_equal_keys),
        cmocka_unit_test(a_refused_parameter_leaves_the_filter_as_it_was),
        cmocka_unit_test(a_regex_that_takes_too_long_is_given_up_and_counted),
    };
    return cmocka_run_group_tests(tests, set_clock, finish_table);
}
