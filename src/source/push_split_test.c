/* SPDX-License-Identifier: MIT
 *
 * push_split_test.c - limits and damage first; then that the cuts between pieces never matter.
 */
#include "source/push_split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* The texts as "a|b|!fault", taken from the body in pieces of `piece` bytes. */
static void split(enum push_shape shape, struct str body, size_t piece, struct buf *out)
{
    static const char faults[] = {' ', 'L', 'C', 'B'};
    struct push_split s = {.shape = shape};
    struct push_text text;

    do {
        struct str part = str_of(body.p, piece < body.n ? piece : body.n);
        body = str_of(body.p + part.n, body.n - part.n);
        int n;
        while ((n = push_split_next(&s, &part, body.n == 0, &text)) > 0) {
            if (text.fault != PUSH_FINE)
                buf_printf(out, "!%c", faults[text.fault]);
            buf_add_str(out, text.text);
            buf_add_char(out, '|');
        }
        assert_int_equal(n, 0);
        assert_int_equal(part.n, 0);
    } while (body.n);
    push_split_fini(&s);
}

static void expect(enum push_shape shape, const char *body, const char *texts)
{
    size_t n = strlen(body);

    for (size_t piece = 1; piece <= n + 1; piece++) {
        struct buf out = {0};
        split(shape, str_of(body, n), piece, &out);
        if (!str_is(buf_str(&out), texts))
            fail_msg("pieces of %zu: %s gave %.*s, not %s", piece, body, STR_FMT(buf_str(&out)),
                     texts);
        buf_fini(&out);
    }
}

static void a_record_that_is_too_long_costs_itself_only(void **state)
{
    static const size_t pieces[] = {1000, 65536, 8 << 20};
    struct buf body = {0}, out = {0};

    (void)state;
    for (int shape = PUSH_SNIFF; shape <= PUSH_LINES; shape++) {
        buf_clear(&body);
        BUF_LIT(&body, "{\"a\":1}\n{\"a\":\"");
        for (size_t i = 0; i < PUSH_RECORD_MAX; i++)
            buf_add_char(&body, 'x');
        BUF_LIT(&body, "\"}\n{\"b\":2}");
        for (size_t i = 0; i < 3; i++) {
            buf_clear(&out);
            split((enum push_shape)shape, buf_str(&body), pieces[i], &out);
            assert_true(str_is(buf_str(&out), "{\"a\":1}|!L|{\"b\":2}|"));
        }
    }
    buf_fini(&body);
    buf_fini(&out);
}

static void lines_are_records_when_the_client_says_so(void **state)
{
    (void)state;
    expect(PUSH_LINES, "{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}|{\"b\":2}|");
    expect(PUSH_LINES, "{\"a\":1}\r\n\r\n \n{\"b\":2}", "{\"a\":1}\r|{\"b\":2}|");
    expect(PUSH_LINES, "", "");
    expect(PUSH_LINES, "\n\n", "");
}

static void a_damaged_line_costs_itself_only(void **state)
{
    (void)state;
    expect(PUSH_LINES, "{\"a\n{\"b\":2}\nnonsense\n{\"c\":3}",
           "{\"a|{\"b\":2}|nonsense|{\"c\":3}|");
    expect(PUSH_LINES, "[1\n]", "[1|]|");
}

static void an_object_says_by_its_first_byte_what_it_is(void **state)
{
    (void)state;
    expect(PUSH_SNIFF, " {\"a\":1} ", "{\"a\":1}|");
    expect(PUSH_SNIFF, "{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}|{\"b\":2}|");
    expect(PUSH_SNIFF, "{\n \"a\": {\n \"x\": [\n {}]}\n}\n{}",
           "{\n \"a\": {\n \"x\": [\n {}]}\n}|{}|");
    expect(PUSH_SNIFF, "{\"a\":\"}\\\"}\"}{\"b\":\"\\\\\"}",
           "{\"a\":\"}\\\"}\"}|{\"b\":\"\\\\\"}|");
    expect(PUSH_SNIFF, "  \n", "");
}

static void damage_among_objects_ends_where_json_could_not_go_on(void **state)
{
    (void)state;
    expect(PUSH_SNIFF, "{\"a\":\"x\n{\"b\":2}", "!C{\"a\":\"x|{\"b\":2}|");
    expect(PUSH_SNIFF, "{\"a\":1\n{\"b\":2}\n", "!C{\"a\":1\n|{\"b\":2}|");
    expect(PUSH_SNIFF, "{\"a\":1", "!C{\"a\":1|");
    expect(PUSH_SNIFF, "{\"a\":1}\nhello {\n{\"b\":2}", "{\"a\":1}|hello {|{\"b\":2}|");
    expect(PUSH_SNIFF, "hello", "hello|");
}

static void arrays_hold_values_between_commas(void **state)
{
    (void)state;
    expect(PUSH_SNIFF, "[]", "");
    expect(PUSH_SNIFF, " [ {\"a\":1} ,\n{\"b\":[1,2]}\n] \n", "{\"a\":1}|{\"b\":[1,2]}|");
    expect(PUSH_SNIFF, "[1, \"x,]\",null,{}]", "1|\"x,]\"|null|{}|");
}

static void behind_damage_an_array_is_not_read(void **state)
{
    (void)state;
    expect(PUSH_SNIFF, "[{} {}]", "{}|!B|");
    expect(PUSH_SNIFF, "[{},,{}]", "{}|!B|");
    expect(PUSH_SNIFF, "[,{}]", "!B|");
    expect(PUSH_SNIFF, "[{},]", "{}|!B|");
    expect(PUSH_SNIFF, "[{}", "{}|!B|");
    expect(PUSH_SNIFF, "[{},", "{}|!B|");
    expect(PUSH_SNIFF, "[", "!B|");
    expect(PUSH_SNIFF, "[{\"a\":", "!B|");
    expect(PUSH_SNIFF, "[}]", "|!B|");
    expect(PUSH_SNIFF, "[{}] x", "{}|!B|");
}

static void brackets_deeper_than_anybody_nests_are_still_counted(void **state)
{
    struct buf body = {0}, want = {0}, out = {0};

    (void)state;
    for (int i = 0; i < 200; i++)
        BUF_LIT(&body, "[");
    for (int i = 0; i < 200; i++)
        BUF_LIT(&body, "]");
    buf_add(&want, body.p + 1, body.n - 2);
    buf_add_char(&want, '|');
    split(PUSH_SNIFF, buf_str(&body), 3, &out);
    assert_true(str_eq(buf_str(&out), buf_str(&want)));
    buf_fini(&body);
    buf_fini(&want);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_is_too_long_costs_itself_only),
        cmocka_unit_test(lines_are_records_when_the_client_says_so),
        cmocka_unit_test(a_damaged_line_costs_itself_only),
        cmocka_unit_test(an_object_says_by_its_first_byte_what_it_is),
        cmocka_unit_test(damage_among_objects_ends_where_json_could_not_go_on),
        cmocka_unit_test(arrays_hold_values_between_commas),
        cmocka_unit_test(behind_damage_an_array_is_not_read),
        cmocka_unit_test(brackets_deeper_than_anybody_nests_are_still_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
