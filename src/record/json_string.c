/* SPDX-License-Identifier: MIT
 *
 * json_string.c - texts into JSON strings and back.
 */
#include "record/json.h"

/* What each byte needs inside a string: 0 itself, 'u' a \u00xx escape, else the letter after
 * '\'. */
static const char escapes[256] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b',         't',           'n', 'u',
    'f', 'r', 'u', 'u', 'u', 'u', 'u', 'u', 'u',         'u',           'u', 'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', ['"'] = '"', ['\\'] = '\\',
};

static void add_escaped(struct buf *out, struct str s)
{
    static const char hex[] = "0123456789abcdef";
    size_t plain = 0;

    if (s.n == 0)
        return;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (!escapes[c])
            continue;
        buf_add(out, s.p + plain, i - plain);
        plain = i + 1;
        if (escapes[c] == 'u')
            buf_add(out, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
        else
            buf_add(out, (char[]){'\\', escapes[c]}, 2);
    }
    buf_add(out, s.p + plain, s.n - plain);
}

void json_add_string(struct buf *out, struct str s)
{
    buf_add_char(out, '"');
    add_escaped(out, s);
    buf_add_char(out, '"');
}

static uint32_t hex4(const char *p)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v = v << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    return v;
}

/* Writes one character at `out` and returns its length. */
static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 63));
    out[0] = (char)(0xf00u >> n | c);
    return n;
}

/* A \uXXXX at *p (behind the 'u'), which moves on behind it, a surrogate pair included. */
static uint32_t take_unicode_escape(const char **p, const char *end)
{
    uint32_t c = hex4(*p);

    *p += 4;
    if (c < 0xd800 || c >= 0xe000)
        return c;
    if (c < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
        uint32_t low = hex4(*p + 2);
        if (low >= 0xdc00 && low < 0xe000) {
            *p += 6;
            return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return 0xfffd;
}

static char of_escape(char letter)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *at = memchr(from, letter, sizeof from - 1);
    return at ? to[at - from] : letter;
}

size_t json_unescape(char *out, struct str raw)
{
    const char *p = raw.p, *end = raw.p + raw.n;
    size_t n = 0;

    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((slash ? slash : end) - p);
        memcpy(out + n, p, plain);
        n += plain;
        if (!slash)
            break;
        p = slash + 2;
        if (slash[1] == 'u')
            n += put_utf8(out + n, take_unicode_escape(&p, end));
        else
            out[n++] = of_escape(slash[1]);
    }
    return n;
}

void json_add_unescaped(struct buf *out, struct str raw)
{
    if (raw.n == 0)
        return;
    if (buf_reserve(out, raw.n) < 0)
        out->failed = true;
    else
        out->n += json_unescape(out->p + out->n, raw);
}
