/* SPDX-License-Identifier: MIT
 *
 * show_test.c - nothing a process wrote can steer the terminal that shows it.
 */
#include "record/show.h"

#include "record/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define R "\xef\xbf\xbd"

static void assert_shown(struct str in, const char *plain, const char *coloured)
{
    struct buf out = {0};

    show_text(&out, in, SHOW_PLAIN);
    if (!str_is(buf_str(&out), plain))
        fail_msg("plain: got \"%.*s\"", (int)out.n, out.p);
    buf_clear(&out);
    show_text(&out, in, SHOW_COLOURS);
    if (!str_is(buf_str(&out), coloured))
        fail_msg("coloured: got \"%.*s\"", (int)out.n, out.p);
    buf_fini(&out);
}

static void ordinary_text_and_tabs_stay(void **state)
{
    const char *text = "a\tb \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 \xd8\xa7 \xc2\xa0";

    (void)state;
    assert_shown(str_from(text), text, text);
    assert_shown(STR(""), "", "");
}

static void control_characters_become_visible_signs(void **state)
{
    (void)state;
    assert_shown(STR("a\0b\nc\rd\be\x7f"), "a\u2400b\u240ac\u240dd\u2408e\u2421",
                 "a\u2400b\u240ac\u240dd\u2408e\u2421");
}

static void colours_stay_on_a_terminal_and_end_with_the_line(void **state)
{
    (void)state;
    assert_shown(STR("\033[1;31mred"), "red", "\033[1;31mred\033[0m");
    assert_shown(STR("\033[38:5:9mred\033[m"), "red", "\033[38:5:9mred\033[m\033[0m");
    assert_shown(STR("\033[mx"), "x", "\033[mx\033[0m");
}

static void other_sequences_are_taken_out(void **state)
{
    (void)state;
    assert_shown(STR("a\033[2Jb"), "ab", "ab");
    assert_shown(STR("a\033[10;20Hb\033[?1049hc"), "abc", "abc");
    assert_shown(STR("a\033]0;title\ab\033]8;;http://x\033\\c"), "abc", "abc");
    assert_shown(STR("a\033P1$qm\033\\b\033_x\ac\033^y\ad\033Xz\ae"), "abcde", "abcde");
    assert_shown(STR("a\033cb\033(Bc\033#8d\0337e"), "abcde", "abcde");
    assert_shown(STR("a\033]0;never ends"), "a", "a");
    assert_shown(STR("a\033"), "a", "a");
    assert_shown(STR("a\033["), "a", "a");
    assert_shown(STR("a\033[1;2"), "a", "a");
}

/* CSI with '<', '=', '>' or '?' before 'm' changes what the keyboard sends, not the colour. */
static void what_only_ends_like_a_colour_is_none(void **state)
{
    (void)state;
    assert_shown(STR("a\033[>4;2mb"), "ab", "ab");
    assert_shown(STR("a\033[?4mb"), "ab", "ab");
    assert_shown(STR("a\033[1 mb"), "ab", "ab");
}

/* The byte that does not fit ends the sequence and is looked at for itself. */
static void a_broken_sequence_does_not_swallow_half_a_character(void **state)
{
    (void)state;
    assert_shown(STR("\033[\302\23331m"), R "31m", R "31m");
    assert_shown(STR("\033\302\2332J"), R "2J", R "2J");
    assert_shown(STR("\033[1\xc3\xa4"), "\xc3\xa4", "\xc3\xa4");
    assert_shown(STR("\033(\xc3\xa4"), "\xc3\xa4", "\xc3\xa4");
    assert_shown(STR("\033[\033[31mx"), "x", "\033[31mx\033[0m");
    assert_shown(STR("\033\033[2Jx"), "x", "x");
    assert_shown(STR("\033[3\nx"), "\u240ax", "\u240ax");
    assert_shown(STR("\033\0x"), "\u2400x", "\u2400x");
}

static void characters_that_hide_or_reorder_text_are_replaced(void **state)
{
    const struct str hidden[] = {
        STR("\xc2\x80"), STR("\xc2\x9b"), STR("\xc2\x9f"), STR("\u061c"), STR("\u200e"),
        STR("\u200f"),   STR("\u2028"),   STR("\u2029"),   STR("\u202a"), STR("\u202e"),
        STR("\u2066"),   STR("\u2069"),   STR("\ufeff"),
    };
    const struct str fine[] = {
        STR("\u00a0"), STR("\u061b"), STR("\u061d"), STR("\u200d"), STR("\u2010"),
        STR("\u2027"), STR("\u202f"), STR("\u2065"), STR("\u206a"), STR("\ufefe"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        assert_shown(hidden[i], R, R);
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
        assert_shown(fine[i], fine[i].p, fine[i].p);
}

/* No C0 byte but tab, no DEL, no C1, and ESC only in front of a colour. */
static void assert_harmless(struct str shown, bool coloured)
{
    for (size_t i = 0; i < shown.n; i++) {
        unsigned char c = (unsigned char)shown.p[i];
        if (c == '\x1b' && coloured) {
            size_t end = i + 2;
            assert_true(shown.n - i >= 3 && shown.p[i + 1] == '[');
            while (end < shown.n && strchr("0123456789;:", shown.p[end]))
                end++;
            assert_true(end < shown.n && shown.p[end] == 'm');
            i = end;
            continue;
        }
        assert_true(c == '\t' || (c >= 0x20 && c != 0x7f));
        assert_false(c == 0xc2 && i + 1 < shown.n && (unsigned char)shown.p[i + 1] < 0xa0);
    }
    assert_int_equal(utf8_valid_prefix(shown), shown.n);
}

static void random_texts_come_out_harmless_and_valid(void **state)
{
    static const char *const bits[] = {
        "\033",
        "\033",
        "[",
        "]",
        "(",
        "m",
        "1",
        ";",
        ">",
        "\a",
        "\\",
        "\n",
        "x",
        "\x7f",
        "P",
        "\xc2\x9b",
        "\xc3\xa4",
        "\xe2\x80\xae",
        "\xf0\x9f\x98\x80",
        "\xd8\x9c",
        " ",
    };
    struct buf in = {0}, out = {0};
    unsigned random = 9;

    (void)state;
    for (int round = 0; round < 50000; round++) {
        buf_clear(&in);
        for (unsigned n = (random = random * 1103515245 + 12345) >> 16 & 15; n > 0; n--) {
            random = random * 1103515245 + 12345;
            buf_add_str(&in, str_from(bits[(random >> 8) % (sizeof bits / sizeof bits[0])]));
        }
        for (int colours = SHOW_PLAIN; colours <= SHOW_COLOURS; colours++) {
            buf_clear(&out);
            show_text(&out, buf_str(&in), (enum show_colours)colours);
            assert_harmless(buf_str(&out), colours == SHOW_COLOURS);
        }
    }
    buf_fini(&in);
    buf_fini(&out);
}

/* As long as a message can be, and not ASCII: each byte is looked at a fixed number of times. */
static void a_long_foreign_text_takes_no_time(void **state)
{
    enum { N = 1024 * 1024 };
    struct buf in = {0}, out = {0};
    clock_t start = clock();

    (void)state;
    for (int i = 0; i < N / 2; i++)
        buf_add_str(&in, STR("\xc3\xa4"));
    show_text(&out, buf_str(&in), SHOW_COLOURS);
    assert_true(str_eq(buf_str(&in), buf_str(&out)));
    assert_true((clock() - start) / CLOCKS_PER_SEC < 5);
    buf_fini(&in);
    buf_fini(&out);
}

static void a_line_has_time_level_source_and_message(void **state)
{
    struct buf out = {0};

    (void)state;
    show_line(&out, 37845123456, LEVEL_WARN, STR("web"), STR("low\n"), SHOW_PLAIN);
    show_line(&out, 37845123456, LEVEL_INFO, STR(""), STR("\033[31mhot"), SHOW_COLOURS);
    show_line(&out, 0, LEVEL_NONE, STR("e\033[2Jvil"), STR(""), SHOW_PLAIN);
    assert_true(str_is(buf_str(&out), "10:30:45 WARN: web | low\u240a\n"
                                      "10:30:45 \033[32mINFO\033[0m: \033[31mhot\033[0m\n"
                                      "00:00:00 : evil | \n"));
    buf_fini(&out);
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_text_and_tabs_stay),
        cmocka_unit_test(control_characters_become_visible_signs),
        cmocka_unit_test(colours_stay_on_a_terminal_and_end_with_the_line),
        cmocka_unit_test(other_sequences_are_taken_out),
        cmocka_unit_test(what_only_ends_like_a_colour_is_none),
        cmocka_unit_test(a_broken_sequence_does_not_swallow_half_a_character),
        cmocka_unit_test(characters_that_hide_or_reorder_text_are_replaced),
        cmocka_unit_test(random_texts_come_out_harmless_and_valid),
        cmocka_unit_test(a_long_foreign_text_takes_no_time),
        cmocka_unit_test(a_line_has_time_level_source_and_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
