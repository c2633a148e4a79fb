/* SPDX-License-Identifier: MIT
 *
 * pack_test.c - what is packed in any pieces comes back whole; who accepts gzip.
 */
#include "net/pack.h"

#include "net/inflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { PLAIN_N = 3000000 };

static struct buf some_text(void)
{
    struct buf out = {0};
    unsigned seed = 1;

    while (out.n < PLAIN_N) {
        seed = seed * 1103515245 + 12345;
        buf_printf(&out, "{\"message\":\"request %u took %u ms\"}\n", seed >> 16, seed % 997);
    }
    return out;
}

static void round_trip(enum pack_kind kind, struct str coding, size_t piece)
{
    struct buf plain = some_text(), packed = {0}, back = {0};
    struct pack *p;
    struct inflate *z;

    assert_int_equal(pack_new(&p, kind), 0);
    for (size_t at = 0; at < plain.n; at += piece) {
        size_t n = plain.n - at < piece ? plain.n - at : piece;
        assert_int_equal(pack_add(p, str_of(plain.p + at, n), false, &packed), 0);
    }
    assert_int_equal(pack_add(p, STR_NONE, true, &packed), 0);
    pack_free(p);
    assert_true(packed.n < plain.n / 2);

    assert_int_equal(buf_reserve(&back, plain.n + 1), 0);
    assert_int_equal(inflate_new(&z, coding, plain.n + 1), 0);
    struct str in = buf_str(&packed);
    while (in.n) {
        ssize_t n = inflate_next(z, &in, back.p + back.n, plain.n + 1 - back.n);
        assert_true(n >= 0);
        back.n += (size_t)n;
    }
    assert_true(inflate_is_whole(z));
    assert_true(str_eq(buf_str(&back), buf_str(&plain)));
    inflate_free(z);
    buf_fini(&plain);
    buf_fini(&packed);
    buf_fini(&back);
}

static void both_kinds_come_back_whole(void **state)
{
    static const size_t pieces[] = {777, 65536, 1000000, PLAIN_N * 2};

    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        round_trip(PACK_GZIP, STR("gzip"), pieces[i]);
        round_trip(PACK_ZSTD, STR("zstd"), pieces[i]);
    }
}

static void nothing_packed_is_a_valid_file(void **state)
{
    struct buf packed = {0};
    struct pack *p;

    (void)state;
    assert_int_equal(pack_new(&p, PACK_GZIP), 0);
    assert_int_equal(pack_add(p, STR_NONE, true, &packed), 0);
    assert_int_equal(packed.n, 20);
    pack_free(p);
    buf_fini(&packed);
}

static void who_accepts_gzip(void **state)
{
    static const char *const yes[] = {"gzip",   "deflate, gzip", "br;q=1.0, gzip;q=0.8", "*",
                                      "x-gzip", "GZIP ; q=0.5",  "*;q=0, gzip"};
    static const char *const no[] = {"",      "identity", "br", "gzip;q=0", "gzip; q=0.000, *",
                                     "*;q=0", "gzipped"};

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(pack_gzip_accepted(str_from(yes[i])));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(pack_gzip_accepted(str_from(no[i])));
    assert_false(pack_gzip_accepted(STR_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_come_back_whole),
        cmocka_unit_test(nothing_packed_is_a_valid_file),
        cmocka_unit_test(who_accepts_gzip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
