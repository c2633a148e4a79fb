/* SPDX-License-Identifier: MIT
 *
 * metrics_test.c - reads the metrics page as strictly as Prometheus and its linter do.
 */
#include "metrics/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool ends_with(struct str s, const char *tail)
{
    size_t n = strlen(tail);
    return s.n >= n && memcmp(s.p + s.n - n, tail, n) == 0;
}

/* "# HELP name Sentence." followed by "# TYPE name type"; returns the name and the type. */
static struct str check_head(struct str *page, struct str *ret_type)
{
    struct str help = str_cut(*page, '\n', page);
    struct str type = str_cut(*page, '\n', page);

    assert_true(str_starts(help, STR("# HELP logmill_")));
    assert_true(str_starts(type, STR("# TYPE logmill_")));
    help = str_of(help.p + 7, help.n - 7);
    type = str_of(type.p + 7, type.n - 7);
    struct str name = str_cut(help, ' ', &help);
    assert_true(str_eq(name, str_cut(type, ' ', ret_type)));
    for (size_t i = 0; i < name.n; i++)
        assert_true(name_char(name.p[i]));
    assert_true(help.n > 10 && ends_with(help, "."));
    assert_null(memchr(help.p, '\\', help.n));
    return name;
}

/* One sample line of `name`: optionally one level label, then a whole number. */
static void check_sample(struct str line, struct str name)
{
    struct str number, head = str_cut(line, ' ', &number);
    uint64_t value;

    assert_true(str_starts(head, name));
    struct str label = str_of(head.p + name.n, head.n - name.n);
    assert_true(label.n == 0 || (str_starts(label, STR("{level=\"")) && ends_with(label, "\"}")));
    assert_true(str_to_u64(number, &value));
}

/* A sample of a histogram: a bucket with its upper end, the sum in seconds, or the count. */
static void check_time_sample(struct str line, struct str name)
{
    struct str number, head = str_cut(line, ' ', &number);

    assert_true(str_starts(head, name));
    struct str label = str_of(head.p + name.n, head.n - name.n);
    assert_true(str_is(label, "_sum") || str_is(label, "_count") ||
                (str_starts(label, STR("_bucket{le=\"")) && ends_with(label, "\"}")));
    assert_true(number.n > 0);
}

static size_t check_times(struct str *page, struct str name)
{
    size_t samples = 0;

    for (; page->n && page->p[0] != '#'; samples++)
        check_time_sample(str_cut(*page, '\n', page), name);
    assert_true(samples > 2);
    return 1;
}

static size_t check_page(struct str page)
{
    size_t metrics = 0;

    assert_true(ends_with(page, "\n"));
    while (page.n) {
        struct str type, name = check_head(&page, &type);
        if (str_is(type, "histogram")) {
            metrics += check_times(&page, name);
            continue;
        }
        assert_true(str_is(type, "counter") || str_is(type, "gauge"));
        assert_true(ends_with(name, "_total") == str_is(type, "counter"));
        size_t samples = 0;
        for (; page.n && page.p[0] != '#'; samples++)
            check_sample(str_cut(page, '\n', &page), name);
        assert_in_range(samples, 1, METRIC_LEVELS);
        metrics++;
    }
    return metrics;
}

static void every_metric_has_help_type_and_a_value(void **state)
{
    (void)state;
    struct metrics m = {.records_total = 7, .keepers = 2};
    struct buf b = {0};

    metrics_write(&m, &b);
    assert_int_equal(buf_error(&b), 0);
    assert_true(check_page(buf_str(&b)) > 20);
    buf_fini(&b);
}

static void values_are_those_of_the_struct(void **state)
{
    (void)state;
    struct metrics m = {.bytes_total = UINT64_MAX, .feeds = 3};
    struct buf b = {0};

    m.records_by_level_total[5] = 12;
    metrics_write(&m, &b);
    buf_add_char(&b, '\0');
    assert_non_null(strstr(b.p, "\nlogmill_bytes_total 18446744073709551615\n"));
    assert_non_null(strstr(b.p, "\nlogmill_feeds 3\n"));
    assert_non_null(strstr(b.p, "\nlogmill_records_by_level_total{level=\"error\"} 12\n"));
    buf_fini(&b);
}

static void no_name_is_given_twice(void **state)
{
    (void)state;
    static const char *const names[] = {
#define METRIC(name, type, sentence)          #name,
#define METRIC_BY_LEVEL(name, type, sentence) #name,
#include "metrics/metrics.def"
#undef METRIC
#undef METRIC_BY_LEVEL
    };
    size_t n = sizeof names / sizeof *names;

    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            assert_string_not_equal(names[i], names[j]);
}

static void the_documentation_lists_every_metric(void **state)
{
    (void)state;
    struct buf b = {0};

    metrics_write_docs(&b);
    buf_add_char(&b, '\0');
    assert_non_null(strstr(b.p, "| `logmill_records_total` | counter | Records"));
    assert_non_null(strstr(b.p, "| `logmill_records_by_level_total{level}` | counter |"));
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_has_help_type_and_a_value),
        cmocka_unit_test(values_are_those_of_the_struct),
        cmocka_unit_test(no_name_is_given_twice),
        cmocka_unit_test(the_documentation_lists_every_metric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
