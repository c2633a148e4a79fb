/* SPDX-License-Identifier: MIT
 *
 * utf8.c - the table of well-formed sequences (Unicode table 3-7), and a fast path for ASCII, which
 * is nearly everything.
 *
 * Threads: any. Owns: nothing.
 */
#include "record/utf8.h"

#include "record/scan16.h"

/* What may follow: so many bytes, the next of them in this range. 0 = nothing, between
 * characters. */
static uint32_t expect(unsigned more, unsigned low, unsigned high)
{
    return more | low << 8 | high << 16;
}

/* What follows a first byte >= 0x80; 0 when no character begins with it (Unicode table 3-7). */
static uint32_t expect_after(unsigned char c)
{
    if (c < 0xc2 || c > 0xf4)
        return 0;
    if (c < 0xe0)
        return expect(1, 0x80, 0xbf);
    if (c < 0xf0)
        return expect(2, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf);
    return expect(3, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf);
}

/* Looks at one sequence at the start of s (s.n > 0, first byte >= 0x80). Returns its length when it
 * is well-formed, else minus the length of the maximal subpart. */
static int step(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    uint32_t expected = expect_after(p[0]);
    unsigned low = expected >> 8 & 0xff, high = expected >> 16;
    int more = (int)(expected & 0xff);

    if (more == 0)
        return -1;
    for (int i = 1; i <= more; i++) {
        if ((size_t)i >= s.n || p[i] < low || p[i] > high)
            return -i;
        low = 0x80;
        high = 0xbf;
    }
    return more + 1;
}

static size_t ascii_prefix(struct str s)
{
    size_t i = 0;

    for (; i + SCAN16 <= s.n; i += SCAN16) {
        uint32_t high = scan16_high(s.p + i);
        if (high)
            return i + (size_t)__builtin_ctz(high);
    }
    while (i < s.n && (unsigned char)s.p[i] < 0x80)
        i++;
    return i;
}

size_t utf8_valid_prefix(struct str s)
{
    size_t i = 0;

    while (i < s.n) {
        i += ascii_prefix(str_of(s.p + i, s.n - i));
        if (i == s.n)
            return i;
        int n = step(str_of(s.p + i, s.n - i));
        if (n < 0)
            return i;
        i += (size_t)n;
    }
    return i;
}

void utf8_add_clean(struct buf *out, struct str s)
{
    while (s.n) {
        size_t good = utf8_valid_prefix(s);
        buf_add(out, s.p, good);
        if (good == s.n)
            return;
        BUF_LIT(out, "\xef\xbf\xbd");
        good += (size_t)-step(str_of(s.p + good, s.n - good));
        s = str_of(s.p + good, s.n - good);
    }
}

struct str utf8_clean(struct arena *a, struct str s)
{
    struct buf out = {0};
    struct str cleaned;

    if (utf8_valid_prefix(s) == s.n)
        return arena_copy(a, s);
    utf8_add_clean(&out, s);
    cleaned = buf_error(&out) < 0 ? STR_NONE : arena_copy(a, buf_str(&out));
    buf_fini(&out);
    return cleaned;
}

size_t utf8_cut(struct str s, size_t n)
{
    if (n >= s.n)
        return s.n;
    while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

bool utf8_feed(uint32_t *state, struct str s)
{
    uint32_t now = *state;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (now == 0) {
            if (c < 0x80)
                continue;
            now = expect_after(c);
            if (now == 0)
                return false;
        } else {
            unsigned more = now & 0xff;
            if (c < (now >> 8 & 0xff) || c > now >> 16)
                return false;
            now = more > 1 ? expect(more - 1, 0x80, 0xbf) : 0;
        }
    }
    *state = now;
    return true;
}
