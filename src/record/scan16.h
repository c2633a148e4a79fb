/* SPDX-License-Identifier: MIT
 *
 * scan16.h - two questions asked of sixteen bytes at once, on the path of every line.
 *
 * Each answers with a mask: bit i is set when byte i has the property. SSE2 is part of every
 * x86-64; elsewhere the same loop is written out, and a compiler is free to find its own
 * instructions.
 *
 * Threads: any. The sixteen bytes must be readable. Owns: nothing.
 */
#ifndef LM_RECORD_SCAN16_H
#define LM_RECORD_SCAN16_H

#include <stdint.h>

enum { SCAN16 = 16 };

#ifdef __SSE2__
#include <emmintrin.h>

static inline __m128i scan16_load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Bytes that end the plain part of a JSON string: a quote, a backslash, a control character. */
static inline uint32_t scan16_special(const char *p)
{
    __m128i v = scan16_load(p);
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), control));
}

/* Bytes beyond ASCII. */
static inline uint32_t scan16_high(const char *p)
{
    return (uint32_t)_mm_movemask_epi8(scan16_load(p));
}

#else

static inline uint32_t scan16_special(const char *p)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < SCAN16; i++) {
        unsigned char c = (unsigned char)p[i];
        mask |= (uint32_t)(c == '"' || c == '\\' || c < 0x20) << i;
    }
    return mask;
}

static inline uint32_t scan16_high(const char *p)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < SCAN16; i++)
        mask |= (uint32_t)((unsigned char)p[i] >> 7) << i;
    return mask;
}

#endif

#endif
