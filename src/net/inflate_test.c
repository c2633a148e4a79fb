/* SPDX-License-Identifier: MIT
 *
 * inflate_test.c - limits first, then what must come through whatever pieces it is cut into.
 */
#include "net/inflate.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

enum { MAX = 64 * 1024 * 1024 };

static struct buf gzip_of(struct str text)
{
    struct buf out = {0};
    z_stream z = {0};
    char *copy = malloc(text.n + 1);

    memcpy(copy, text.p, text.n);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&z, text.n);
    assert_int_equal(buf_reserve(&out, bound), 0);
    z.next_in = (Bytef *)copy;
    z.avail_in = (uInt)text.n;
    z.next_out = (Bytef *)out.p;
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.n = bound - z.avail_out;
    deflateEnd(&z);
    free(copy);
    return out;
}

static struct buf zstd_of(struct str text)
{
    struct buf out = {0};
    size_t bound = ZSTD_compressBound(text.n);

    assert_int_equal(buf_reserve(&out, bound), 0);
    out.n = ZSTD_compress(out.p, bound, text.p, text.n, 3);
    assert_false(ZSTD_isError(out.n));
    return out;
}

/* Text that compresses, but not absurdly. */
static struct buf some_text(size_t n)
{
    struct buf out = {0};
    unsigned seed = 1;

    while (out.n < n) {
        seed = seed * 1103515245 + 12345;
        buf_printf(&out, "{\"message\":\"request %u took %u ms\"}\n", seed >> 16, seed % 997);
    }
    return out;
}

/* Gives `packed` in pieces of `piece` bytes, takes slices of `slice`. 0, or the first error. */
static int unpack(const char *coding, struct str packed, size_t piece, size_t slice, uint64_t max,
                  struct buf *out, bool *ret_whole)
{
    struct inflate *z = NULL;
    char *room = malloc(slice);
    ssize_t n = 0;

    assert_int_equal(inflate_new(&z, str_from(coding), max), 0);
    while (packed.n && n >= 0) {
        struct str in = str_of(packed.p, piece < packed.n ? piece : packed.n);
        packed = str_of(packed.p + in.n, packed.n - in.n);
        do {
            n = inflate_next(z, &in, room, slice);
            if (n > 0)
                buf_add(out, room, (size_t)n);
        } while (n >= 0 && ((size_t)n == slice || in.n));
    }
    *ret_whole = inflate_is_whole(z);
    inflate_free(z);
    free(room);
    return n < 0 ? (int)n : 0;
}

static void bomb(const char *coding, struct buf packed)
{
    struct buf out = {0};
    bool whole;

    assert_int_equal(unpack(coding, buf_str(&packed), 65536, 65536, MAX, &out, &whole), -LM_E_FULL);
    assert_true(out.n <= INFLATE_FREE + packed.n * INFLATE_RATIO_MAX);
    buf_fini(&out);
    buf_fini(&packed);
}

static void a_bomb_is_refused_before_it_has_gone_off(void **state)
{
    size_t n = 256u * 1024 * 1024;
    char *zeros = calloc(1, n);

    (void)state;
    bomb("gzip", gzip_of(str_of(zeros, n)));
    bomb("zstd", zstd_of(str_of(zeros, n)));
    free(zeros);
}

static void text_that_repeats_itself_is_no_bomb_below_a_megabyte(void **state)
{
    struct buf out = {0};
    bool whole;
    char *zeros = calloc(1, INFLATE_FREE);
    struct buf packed = gzip_of(str_of(zeros, INFLATE_FREE));

    (void)state;
    assert_int_equal(unpack("gzip", buf_str(&packed), 65536, 65536, MAX, &out, &whole), 0);
    assert_int_equal(out.n, INFLATE_FREE);
    assert_true(whole);
    buf_fini(&out);
    buf_fini(&packed);
    free(zeros);
}

static void no_more_than_the_limit_comes_out(void **state)
{
    struct buf text = some_text(100000), packed = zstd_of(buf_str(&text)), out = {0};
    bool whole;

    (void)state;
    assert_int_equal(unpack("zstd", buf_str(&packed), 1000, 4096, text.n - 1, &out, &whole),
                     -LM_E_FULL);
    assert_true(out.n < text.n);
    buf_clear(&out);
    assert_int_equal(unpack("zstd", buf_str(&packed), 1000, 4096, text.n, &out, &whole), 0);
    assert_int_equal(out.n, text.n);
    buf_fini(&text);
    buf_fini(&packed);
    buf_fini(&out);
}

static void round_trip(const char *coding, struct str packed, struct str text)
{
    static const size_t sizes[] = {1, 7, 4096, 65536, 1 << 20};
    struct buf out = {0};
    bool whole;

    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 5; j++) {
            buf_clear(&out);
            assert_int_equal(unpack(coding, packed, sizes[i], sizes[j], MAX, &out, &whole), 0);
            assert_true(whole);
            assert_true(str_eq(buf_str(&out), text));
        }
    buf_fini(&out);
}

static void any_pieces_and_any_slices_give_the_same_text(void **state)
{
    struct buf text = some_text(50000);
    struct buf gzip = gzip_of(buf_str(&text)), zstd = zstd_of(buf_str(&text));

    (void)state;
    round_trip("gzip", buf_str(&gzip), buf_str(&text));
    round_trip("X-GZIP", buf_str(&gzip), buf_str(&text));
    round_trip("zstd", buf_str(&zstd), buf_str(&text));
    buf_fini(&text);
    buf_fini(&gzip);
    buf_fini(&zstd);
}

static void several_members_are_one_text(void **state)
{
    struct buf gzip = gzip_of(STR("one ")), more = gzip_of(STR("two"));
    struct buf zstd = zstd_of(STR("one ")), last = zstd_of(STR("two"));

    (void)state;
    buf_add_str(&gzip, buf_str(&more));
    buf_add_str(&zstd, buf_str(&last));
    round_trip("gzip", buf_str(&gzip), STR("one two"));
    round_trip("zstd", buf_str(&zstd), STR("one two"));
    buf_fini(&gzip);
    buf_fini(&more);
    buf_fini(&zstd);
    buf_fini(&last);
}

static void half_a_member_is_not_whole(void **state)
{
    struct buf text = some_text(5000), packed = gzip_of(buf_str(&text)), out = {0};
    bool whole = true;

    (void)state;
    assert_int_equal(unpack("gzip", str_of(packed.p, packed.n / 2), 100, 100, MAX, &out, &whole),
                     0);
    assert_false(whole);
    buf_fini(&text);
    buf_fini(&packed);
    buf_fini(&out);
}

static void what_is_not_compressed_is_damaged(void **state)
{
    struct buf out = {0};
    bool whole;

    (void)state;
    assert_int_equal(unpack("gzip", STR("{\"message\":1}"), 5, 100, MAX, &out, &whole),
                     -LM_E_DAMAGED);
    assert_int_equal(unpack("zstd", STR("{\"message\":1}"), 5, 100, MAX, &out, &whole),
                     -LM_E_DAMAGED);
    buf_fini(&out);
}

static void other_codings_are_unknown(void **state)
{
    struct inflate *z = NULL;

    (void)state;
    assert_int_equal(inflate_new(&z, STR("br"), MAX), -LM_E_UNKNOWN);
    assert_int_equal(inflate_new(&z, STR("deflate"), MAX), -LM_E_UNKNOWN);
    assert_int_equal(inflate_new(&z, STR("gzip, zstd"), MAX), -LM_E_UNKNOWN);
    assert_int_equal(inflate_new(&z, STR("identity"), MAX), 0);
    assert_null(z);
    assert_int_equal(inflate_new(&z, STR_NONE, MAX), 0);
    assert_null(z);
}

static void a_window_of_more_than_8_mib_is_refused(void **state)
{
    struct buf packed = {0}, out = {0};
    ZSTD_CCtx *c = ZSTD_createCCtx();
    bool whole;
    char text[1000] = "text";

    (void)state;
    ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 27);
    assert_int_equal(buf_reserve(&packed, 4096), 0);
    ZSTD_inBuffer in = {text, sizeof text, 0};
    ZSTD_outBuffer to = {packed.p, 4096, 0};
    ZSTD_compressStream2(c, &to, &in, ZSTD_e_flush); /* not knowing the size: the window is kept */
    ZSTD_compressStream2(c, &to, &in, ZSTD_e_end);
    packed.n = to.pos;
    assert_int_equal(unpack("zstd", buf_str(&packed), 4096, 4096, MAX, &out, &whole),
                     -LM_E_DAMAGED);
    ZSTD_freeCCtx(c);
    buf_fini(&packed);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bomb_is_refused_before_it_has_gone_off),
        cmocka_unit_test(text_that_repeats_itself_is_no_bomb_below_a_megabyte),
        cmocka_unit_test(no_more_than_the_limit_comes_out),
        cmocka_unit_test(any_pieces_and_any_slices_give_the_same_text),
        cmocka_unit_test(several_members_are_one_text),
        cmocka_unit_test(half_a_member_is_not_whole),
        cmocka_unit_test(what_is_not_compressed_is_damaged),
        cmocka_unit_test(other_codings_are_unknown),
        cmocka_unit_test(a_window_of_more_than_8_mib_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
