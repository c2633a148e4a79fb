/* SPDX-License-Identifier: MIT
 *
 * utf8_test.c - what is text, and one U+FFFD for each maximal subpart of what is not.
 */
#include "record/utf8.h"

#include "record/utf8_naive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define R "\xef\xbf\xbd"

static void assert_cleaned(struct str in, struct str expected)
{
    struct buf out = {0};

    utf8_add_clean(&out, in);
    assert_int_equal(buf_error(&out), 0);
    assert_int_equal(out.n, expected.n);
    if (out.n)
        assert_memory_equal(out.p, expected.p, out.n);
    buf_fini(&out);
}

static void the_first_and_last_of_each_length_are_text(void **state)
{
    const struct str texts[] = {
        STR(""),
        STR("\0"),
        STR("\x7f"),
        STR("\xc2\x80"),
        STR("\xdf\xbf"),
        STR("\xe0\xa0\x80"),
        STR("\xef\xbf\xbf"),
        STR("\xf0\x90\x80\x80"),
        STR("\xf4\x8f\xbf\xbf"),
        STR("\xed\x9f\xbf"),  /* just below the surrogates */
        STR("\xee\x80\x80"),  /* just above */
        STR("\xef\xb7\x90"),  /* a noncharacter is text all the same */
        STR("\xef\xbb\xbf."), /* so is a byte order mark */
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(utf8_valid_prefix(texts[i]), texts[i].n);
        assert_cleaned(texts[i], texts[i]);
    }
}

static void each_maximal_subpart_becomes_one_replacement(void **state)
{
    const struct {
        struct str in, out;
    } cases[] = {
        /* bytes that begin nothing: one each */
        {STR("\x80"), STR(R)},
        {STR("\xbf\x80\xbf"), STR(R R R)},
        {STR("\xfe\xff"), STR(R R)},
        {STR("\xc0\xaf"), STR(R R)},
        {STR("\xc1\xbf"), STR(R R)},
        {STR("\xf5\x80\x80\x80"), STR(R R R R)},
        {STR("\xf8\x88\x80\x80\x80"), STR(R R R R R)},
        /* overlong forms: the second byte does not fit, so none of it is a start */
        {STR("\xe0\x80\xaf"), STR(R R R)},
        {STR("\xe0\x9f\xbf"), STR(R R R)},
        {STR("\xf0\x80\x80\xaf"), STR(R R R R)},
        {STR("\xf0\x8f\xbf\xbf"), STR(R R R R)},
        /* beyond U+10FFFF, surrogates */
        {STR("\xf4\x90\x80\x80"), STR(R R R R)},
        {STR("\xed\xa0\x80"), STR(R R R)},
        {STR("\xed\xbf\xbf"), STR(R R R)},
        {STR("\xed\xa0\xbd\xed\xb8\x80"), STR(R R R R R R)},
        /* starts that are cut short: one for all of it */
        {STR("\xc2"), STR(R)},
        {STR("\xe2\x82"), STR(R)},
        {STR("\xf0\x9f\x98"), STR(R)},
        {STR("\xe2\x82("), STR(R "(")},
        {STR("\xf0\x9f(\x98"), STR(R "(" R)},
        {STR("\xf0\x9f\x98\xf0\x9f\x98\x80"), STR(R "\xf0\x9f\x98\x80")},
        {STR("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf)"), STR(R R R R ")")},
        {STR("\xe2\x82\xe2\x82\xac"), STR(R "\xe2\x82\xac")},
        {STR("a\xc3(b"), STR("a" R "(b")},
        /* beside the eight bytes that are looked at in one go */
        {STR("qwertyu\xff"), STR("qwertyu" R)},
        {STR("qwertyui\xffqwertyui"), STR("qwertyui" R "qwertyui")},
        {STR("qwerty\xe2\x82\xacqwertyui\xe2\x82"), STR("qwerty\xe2\x82\xacqwertyui" R)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_cleaned(cases[i].in, cases[i].out);
}

static void assert_agrees(struct str s)
{
    static struct buf fast, slow;
    size_t valid;

    buf_clear(&fast);
    buf_clear(&slow);
    utf8_add_clean(&fast, s);
    naive_add_clean(&slow, s, &valid);
    assert_true(str_eq(buf_str(&fast), buf_str(&slow)));
    assert_true(utf8_valid_prefix(s) == valid);
    assert_true(utf8_valid_prefix(buf_str(&fast)) == fast.n);
}

static void all_pairs_of_bytes_agree_with_the_slow_rule(void **state)
{
    char s[2];

    (void)state;
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            s[0] = (char)a;
            s[1] = (char)b;
            assert_agrees(str_of(s, 2));
        }
}

/* Bytes drawn from where the borders are. */
static void random_bytes_agree_with_the_slow_rule(void **state)
{
    static const unsigned char borders[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                            0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
                                            0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
    char s[24];
    unsigned random = 3;

    (void)state;
    for (int round = 0; round < 100000; round++) {
        size_t n = (random = random * 1103515245 + 12345) >> 16 & 15;
        for (size_t i = 0; i < n; i++)
            s[i] = (char)borders[((random = random * 1103515245 + 12345) >> 8) % sizeof borders];
        assert_agrees(str_of(s, n));
    }
}

static void a_copy_in_an_arena_is_clean_too(void **state)
{
    struct arena a = {0};

    (void)state;
    assert_true(str_is(utf8_clean(&a, STR("plain")), "plain"));
    assert_true(str_is(utf8_clean(&a, STR("/logs/\xff\xfe/x")), "/logs/" R R "/x"));
    arena_fini(&a);
}

static void a_cut_never_splits_a_character(void **state)
{
    const struct str s = STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z");
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};

    (void)state;
    for (size_t n = 0; n < sizeof expected / sizeof expected[0]; n++)
        assert_int_equal(utf8_cut(s, n), expected[n]);
    assert_int_equal(utf8_cut(STR_NONE, 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_and_last_of_each_length_are_text),
        cmocka_unit_test(each_maximal_subpart_becomes_one_replacement),
        cmocka_unit_test(all_pairs_of_bytes_agree_with_the_slow_rule),
        cmocka_unit_test(random_bytes_agree_with_the_slow_rule),
        cmocka_unit_test(a_copy_in_an_arena_is_clean_too),
        cmocka_unit_test(a_cut_never_splits_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
