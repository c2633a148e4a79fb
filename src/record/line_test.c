/* SPDX-License-Identifier: MIT
 *
 * line_test.c - however a stream is cut into pieces, its lines are the same.
 */
#include "record/line.h"

#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Writes down what came out: text, part, marks, and how far the stream was taken. */
static void note(struct buf *out, const struct line_splitter *s, const struct line *l)
{
    buf_printf(out, "[%zu:", l->text.n);
    if (l->text.n < 100)
        buf_add_str(out, l->text);
    buf_printf(out, " part %u%s%s @%llu]", l->part, l->last ? " last" : "",
               l->unterminated ? " unterminated" : "", (unsigned long long)s->line_end);
}

static void feed(struct line_splitter *s, struct str piece, struct buf *out)
{
    struct line l;

    while (line_next(s, &piece, &l) == 1)
        note(out, s, &l);
    assert_int_equal(piece.n, 0);
}

static void finish(struct line_splitter *s, struct buf *out)
{
    struct line l;

    if (line_finish(s, &l) == 1)
        note(out, s, &l);
    assert_int_equal(line_finish(s, &l), 0);
}

/* The lines of `in` when it arrives in pieces that end at `cuts`. */
static void split_at(struct str in, const size_t *cuts, size_t n, struct buf *out)
{
    struct line_splitter s = {0};
    size_t at = 0;

    line_start(&s, 0);
    for (size_t i = 0; i < n; i++) {
        feed(&s, str_of(in.p + at, cuts[i] - at), out);
        at = cuts[i];
    }
    feed(&s, str_of(in.p + at, in.n - at), out);
    finish(&s, out);
    line_fini(&s);
}

static void assert_lines(struct str in, const char *expected)
{
    struct buf out = {0};

    split_at(in, NULL, 0, &out);
    if (!str_is(buf_str(&out), expected))
        fail_msg("got %.*s", (int)out.n, out.p);
    buf_fini(&out);
}

static void a_line_ends_at_lf_and_one_cr_before_it_goes(void **state)
{
    (void)state;
    assert_lines(STR("a\nbc\n"), "[1:a part 0 last @2][2:bc part 0 last @5]");
    assert_lines(STR("a\r\n"), "[1:a part 0 last @3]");
    assert_lines(STR("a\r\r\n"), "[2:a\r part 0 last @4]");
    assert_lines(STR("a\rb\n"), "[3:a\rb part 0 last @4]");
    assert_lines(STR("\n\r\n\n"), "[0: part 0 last @1][0: part 0 last @3][0: part 0 last @4]");
}

static void the_rest_without_lf_is_a_line_when_the_stream_ends(void **state)
{
    (void)state;
    assert_lines(STR(""), "");
    assert_lines(STR("a\nb"), "[1:a part 0 last @2][1:b part 0 last unterminated @3]");
    assert_lines(STR("a\r"), "[2:a\r part 0 last unterminated @2]");
}

static void zero_bytes_are_bytes_like_others(void **state)
{
    struct line_splitter s = {0};
    struct str in = STR("a\0b\n\0\n");
    struct line l;

    (void)state;
    line_start(&s, 10);
    assert_int_equal(line_next(&s, &in, &l), 1);
    assert_true(str_eq(l.text, STR("a\0b")));
    assert_int_equal(line_next(&s, &in, &l), 1);
    assert_true(str_eq(l.text, STR("\0")));
    assert_int_equal(s.line_end, 16);
    line_fini(&s);
}

static void every_way_to_cut_the_stream_gives_the_same_lines(void **state)
{
    const struct str in = STR("one\r\n\n\r\nt\0o\n\rthree\r\n\n\nrest\r");
    struct buf whole = {0}, cut = {0};

    (void)state;
    split_at(in, NULL, 0, &whole);
    for (size_t a = 0; a <= in.n; a++)
        for (size_t b = a; b <= in.n; b++)
            for (size_t c = b; c <= in.n; c++) {
                buf_clear(&cut);
                split_at(in, (size_t[]){a, b, c}, 3, &cut);
                assert_true(str_eq(buf_str(&whole), buf_str(&cut)));
            }
    buf_fini(&whole);
    buf_fini(&cut);
}

/* A stream of lines around the limit: a little shorter, exact, a little longer, several times
 * it. */
static void long_lines_come_in_the_same_parts_however_they_arrive(void **state)
{
    enum { MAX = RECORD_MESSAGE_MAX };
    static const size_t lengths[] = {MAX - 1, MAX, MAX + 1, 3, 2 * MAX, 2 * MAX + 1, 0};
    static const size_t pieces[] = {4096, 65536, MAX - 1, MAX, MAX + 1, 3 * MAX + 17};
    struct buf in = {0}, whole = {0}, cut = {0};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_int_equal(buf_reserve(&in, lengths[i] + 2), 0);
        memset(in.p + in.n, 'a' + (int)i, lengths[i]);
        in.n += lengths[i];
        BUF_LIT(&in, "\n");
    }
    assert_int_equal(buf_reserve(&in, MAX + 5), 0);
    memset(in.p + in.n, 'z', MAX + 5);
    in.n += MAX + 5;
    split_at(buf_str(&in), NULL, 0, &whole);
    assert_non_null(memmem(whole.p, whole.n, "[1048576: part 0 last", 21)); /* exactly the limit */
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        static size_t cuts[4096];
        size_t n = 0;
        for (size_t at = pieces[i]; at < in.n; at += pieces[i])
            cuts[n++] = at;
        buf_clear(&cut);
        split_at(buf_str(&in), cuts, n, &cut);
        assert_true(str_eq(buf_str(&whole), buf_str(&cut)));
    }
    buf_fini(&in);
    buf_fini(&whole);
    buf_fini(&cut);
}

static void parts_are_numbered_and_the_last_one_says_so(void **state)
{
    enum { MAX = RECORD_MESSAGE_MAX };
    struct line_splitter s = {0};
    char *long_line = malloc(2 * MAX + 3);
    struct str in = str_of(long_line, 2 * MAX + 3);
    struct line l;

    (void)state;
    memset(long_line, 'x', 2 * MAX + 1);
    long_line[2 * MAX + 1] = '\r';
    long_line[2 * MAX + 2] = '\n';
    line_start(&s, 0);
    for (uint32_t part = 1; part <= 2; part++) {
        assert_int_equal(line_next(&s, &in, &l), 1);
        assert_int_equal(l.part, part);
        assert_false(l.last);
        assert_int_equal(l.text.n, MAX);
        assert_int_equal(s.line_end, (uint64_t)part * MAX);
    }
    assert_int_equal(line_next(&s, &in, &l), 1);
    assert_int_equal(l.part, 3);
    assert_true(l.last);
    assert_true(str_is(l.text, "x"));
    assert_int_equal(s.line_end, 2 * MAX + 3);
    line_fini(&s);
    free(long_line);
}

static void whole_lines_are_views_into_the_piece(void **state)
{
    struct line_splitter s = {0};
    struct str in = STR("a line\nand");
    const char *start = in.p;
    struct line l;

    (void)state;
    line_start(&s, 0);
    assert_int_equal(line_next(&s, &in, &l), 1);
    assert_ptr_equal(l.text.p, start);
    assert_int_equal(line_next(&s, &in, &l), 0);
    line_fini(&s);
}

static void after_a_hole_counting_goes_on_behind_it(void **state)
{
    struct line_splitter s = {0};
    struct buf out = {0};

    (void)state;
    line_start(&s, 100);
    feed(&s, STR("a\nhalf"), &out);
    finish(&s, &out);
    line_skip(&s, 1000);
    feed(&s, STR(" of another\nb\n"), &out);
    assert_true(str_is(buf_str(&out), "[1:a part 0 last @102][4:half part 0 last unterminated @106]"
                                      "[11: of another part 0 last @1118][1:b part 0 last @1120]"));
    line_fini(&s);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_ends_at_lf_and_one_cr_before_it_goes),
        cmocka_unit_test(the_rest_without_lf_is_a_line_when_the_stream_ends),
        cmocka_unit_test(zero_bytes_are_bytes_like_others),
        cmocka_unit_test(every_way_to_cut_the_stream_gives_the_same_lines),
        cmocka_unit_test(long_lines_come_in_the_same_parts_however_they_arrive),
        cmocka_unit_test(parts_are_numbered_and_the_last_one_says_so),
        cmocka_unit_test(whole_lines_are_views_into_the_piece),
        cmocka_unit_test(after_a_hole_counting_goes_on_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
