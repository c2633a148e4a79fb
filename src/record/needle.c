/* SPDX-License-Identifier: MIT
 *
 * needle.c - vectors of 16 bytes, in the compiler's own notation (SSE2 on x86-64, NEON on arm64).
 */
#include "record/needle.h"

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

/* What log lines are made of, the most frequent first (counted over the public loghub samples). What
 * is not here is rarer still. */
static int frequency(unsigned char c)
{
    static const char often[] =
        " e01atorn2sicd:.53-4l6798mupbfhgkv/_[]wy,x=j()|q#*z@\"$~;'<>{}\\!+?%&";
    const char *at = c ? strchr(often, c >= 'A' && c <= 'Z' ? c + 32 : c) : NULL;

    if (!at)
        return 0;
    return (int)(sizeof often - (size_t)(at - often));
}

static struct needle_probe probe_at(const struct needle *n, size_t at)
{
    unsigned char c = (unsigned char)n->text.p[at];

    return (struct needle_probe){at, c, n->fold && c >= 'a' && c <= 'z' ? 0x20 : 0};
}

void needle_init(struct needle *n, struct str text, bool fold)
{
    size_t best = 0, next = 0;

    *n = (struct needle){.text = text, .fold = fold};
    if (text.n == 0)
        return;
    for (size_t i = 1; i < text.n; i++)
        if (frequency((unsigned char)text.p[i]) < frequency((unsigned char)text.p[best]))
            best = i;
    next = best == 0 ? text.n - 1 : 0;
    for (size_t i = 0; i < text.n; i++)
        if (i != best &&
            frequency((unsigned char)text.p[i]) < frequency((unsigned char)text.p[next]))
            next = i;
    n->rare = probe_at(n, best);
    n->second = probe_at(n, next);
}

static bool is_here(const struct needle *n, const char *p)
{
    if (!n->fold)
        return memcmp(p, n->text.p, n->text.n) == 0;
    for (size_t i = 0; i < n->text.n; i++) {
        unsigned char c = (unsigned char)p[i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != (unsigned char)n->text.p[i])
            return false;
    }
    return true;
}

static bool probe_fits(const struct needle_probe *probe, const char *p)
{
    return ((unsigned char)p[probe->at] | probe->bit) == probe->c;
}

/* 0xff in every place where the probe fits. */
static bytes16 fits16(const struct needle_probe *probe, const char *p)
{
    bytes16 b;

    memcpy(&b, p + probe->at, sizeof b);
    return (bytes16)((b | probe->bit) == probe->c);
}

/* Does the needle begin at one of the 16 places from p on? */
static bool is_in16(const struct needle *n, const char *p)
{
    words2 hits = (words2)(fits16(&n->rare, p) & fits16(&n->second, p));

    if ((hits[0] | hits[1]) == 0)
        return false;
    for (int half = 0; half < 2; half++)
        for (uint64_t left = hits[half]; left;) {
            size_t place = (size_t)__builtin_ctzll(left) / 8;
            if (is_here(n, p + (size_t)half * 8 + place))
                return true;
            left &= ~(UINT64_C(0xff) << place * 8);
        }
    return false;
}

bool needle_found(const struct needle *n, struct str hay)
{
    if (n->text.n > hay.n)
        return false;
    if (n->text.n == 0)
        return true;
    const char *p = hay.p, *last = hay.p + (hay.n - n->text.n); /* the last place to begin */
    for (; last - p >= 15; p += 16)
        if (is_in16(n, p))
            return true;
    if (p <= last && last - hay.p >= 15)
        return is_in16(n, last - 15);
    for (; p <= last; p++)
        if (probe_fits(&n->rare, p) && probe_fits(&n->second, p) && is_here(n, p))
            return true;
    return false;
}
