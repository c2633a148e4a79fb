/* SPDX-License-Identifier: MIT
 *
 * needle.c - vectors of 16 bytes, in the compiler's own notation (SSE2 on x86-64, NEON on arm64).
 */
#include "record/needle.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

/* What log lines are made of, the most frequent first (counted over the public loghub samples).
 * What is not here is rarer still. */
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

/* --- all places of a long text --- */

static size_t find_slowly(const struct needle *n, struct str hay, size_t from, size_t end)
{
    for (size_t at = from; at < end; at++)
        if (probe_fits(&n->rare, hay.p + at) && probe_fits(&n->second, hay.p + at) &&
            is_here(n, hay.p + at))
            return at;
    return SIZE_MAX;
}

/* The first of the places p + i, bit i of `hits`, where the whole needle is; SIZE_MAX when it is
 * none. */
static size_t first_hit(const struct needle *n, const char *p, uint32_t hits)
{
    for (; hits; hits &= hits - 1) {
        size_t i = (size_t)__builtin_ctz(hits);
        if (is_here(n, p + i))
            return i;
    }
    return SIZE_MAX;
}

#ifdef __x86_64__

__attribute__((target("avx2"))) static __m256i fits32(const struct needle_probe *probe,
                                                      const char *p)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + probe->at));

    v = _mm256_or_si256(v, _mm256_set1_epi8((char)probe->bit));
    return _mm256_cmpeq_epi8(v, _mm256_set1_epi8((char)probe->c));
}

/* Looks at as many places as it can, 32 at a time; *ret_at is the first it has not looked at. */
__attribute__((target("avx2"))) static size_t find32(const struct needle *n, struct str hay,
                                                     size_t end, size_t *at)
{
    for (; end - *at >= 32; *at += 32) {
        const char *p = hay.p + *at;
        __m256i both = _mm256_and_si256(fits32(&n->rare, p), fits32(&n->second, p));
        uint32_t hits = (uint32_t)_mm256_movemask_epi8(both);
        size_t i = hits ? first_hit(n, p, hits) : SIZE_MAX;
        if (i != SIZE_MAX)
            return *at + i;
    }
    return SIZE_MAX;
}

#endif

/* As find32() with 16. */
static size_t find16(const struct needle *n, struct str hay, size_t end, size_t *at)
{
    for (; end - *at >= 16; *at += 16) {
        const char *p = hay.p + *at;
        bytes16 both = fits16(&n->rare, p) & fits16(&n->second, p);
        words2 any = (words2)both;
        if ((any[0] | any[1]) == 0)
            continue;
        uint32_t hits = 0;
        for (unsigned i = 0; i < 16; i++)
            hits |= (uint32_t)(both[i] & 1) << i;
        size_t i = first_hit(n, p, hits);
        if (i != SIZE_MAX)
            return *at + i;
    }
    return SIZE_MAX;
}

size_t needle_find(const struct needle *n, struct str hay, size_t from)
{
    if (n->text.n > hay.n || from > hay.n - n->text.n)
        return SIZE_MAX;
    size_t end = hay.n - n->text.n + 1, found = SIZE_MAX; /* behind the last place to begin */
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        found = find32(n, hay, end, &from);
#endif
    if (found == SIZE_MAX)
        found = find16(n, hay, end, &from);
    return found == SIZE_MAX ? find_slowly(n, hay, from, end) : found;
}
