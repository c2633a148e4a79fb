/* SPDX-License-Identifier: MIT
 *
 * index_token.c - sixteen bytes at a time where the processor can.
 */
#include "store/index_token.h"

#include <xxhash.h>

#ifdef __SSE2__
#include <emmintrin.h>

/* 0xff where low <= byte <= high, as unsigned numbers. */
static __m128i between(__m128i v, unsigned char low, unsigned char high)
{
    __m128i above = _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8((char)low)), v);
    __m128i below = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8((char)high)), v);
    return _mm_and_si128(above, below);
}

/* Folds 16 bytes; bit i of the answer: byte i belongs to a token. */
static uint32_t fold16(const char *p, char *folded)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i upper = between(v, 'A', 'Z');

    v = _mm_or_si128(v, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
    _mm_storeu_si128((__m128i *)(void *)folded, v);
    __m128i token = _mm_or_si128(between(v, 'a', 'z'), between(v, '0', '9'));
    return (uint32_t)(_mm_movemask_epi8(token) | _mm_movemask_epi8(v));
}

#else

static uint32_t fold16(const char *p, char *folded)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < 16; i++) {
        unsigned char c = (unsigned char)p[i];
        folded[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        mask |= (uint32_t)token_byte(c) << i;
    }
    return mask;
}

#endif

void token_fold(struct str text, char *folded, uint64_t *mask)
{
    char tail[16] = {0};
    size_t at = 0;

    memset(mask, 0, (text.n / 64 + 1) * sizeof *mask);
    for (; text.n - at >= 16; at += 16)
        mask[at / 64] |= (uint64_t)fold16(text.p + at, folded + at) << at % 64;
    if (at < text.n) {
        memcpy(tail, text.p + at, text.n - at);
        mask[at / 64] |= (uint64_t)fold16(tail, folded + at) << at % 64;
    }
    memset(folded + text.n, 0, TOKEN_PAD);
}

struct token_walk token_walk(const uint64_t *mask, size_t text_n)
{
    return (struct token_walk){.mask = mask, .words = text_n / 64 + 1};
}

/* The next place where tokens begin or end. The mask has at least one 0 behind the text, so
 * whatever begins ends. */
static bool next_edge(struct token_walk *w, size_t *ret)
{
    while (w->edges == 0) {
        if (w->at == w->words)
            return false;
        uint64_t word = w->mask[w->at++];
        w->edges = word ^ (word << 1 | w->last);
        w->last = word >> 63;
    }
    *ret = (w->at - 1) * 64 + (size_t)__builtin_ctzll(w->edges);
    w->edges &= w->edges - 1;
    return true;
}

bool token_next(struct token_walk *w, size_t *ret_from, size_t *ret_to)
{
    return next_edge(w, ret_from) && next_edge(w, ret_to);
}

uint64_t token_hash(struct str folded, enum token_kind kind)
{
    return XXH3_64bits_withSeed(folded.p, folded.n, (XXH64_hash_t)kind);
}

/* Two halves of the hash make all the places. */
static size_t place(size_t n, uint64_t hash, uint32_t probe)
{
    uint32_t mixed = (uint32_t)hash + probe * ((uint32_t)(hash >> 32) | 1);
    return (size_t)((uint64_t)mixed * (n * 8) >> 32);
}

void bloom_add(unsigned char *bits, size_t n, uint64_t hash)
{
    for (uint32_t i = 0; i < BLOOM_PROBES; i++) {
        size_t bit = place(n, hash, i);
        bits[bit / 8] = (unsigned char)(bits[bit / 8] | 1u << bit % 8);
    }
}

bool bloom_has(const unsigned char *bits, size_t n, uint64_t hash)
{
    if (n == 0)
        return false;
    for (uint32_t i = 0; i < BLOOM_PROBES; i++) {
        size_t bit = place(n, hash, i);
        if (!(bits[bit / 8] >> bit % 8 & 1))
            return false;
    }
    return true;
}
