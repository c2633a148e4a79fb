/* SPDX-License-Identifier: MIT
 *
 * index_token.h - texts as tokens, for the indexes of chunks.
 *
 * A token is the longest run of ASCII letters, digits and bytes above 127, in lower case. What a
 * token is, and its hash, is part of the format of the store: tokens of a text that was sealed by
 * one hub are looked up by another, on another processor.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_STORE_INDEX_TOKEN_H
#define LM_STORE_INDEX_TOKEN_H

#include "base/str.h"

enum {
    TOKEN_PAD = 64,             /* readable bytes behind a folded text */
    TOKEN_GRAMS = 26 * 26 * 26, /* three letters after another */
};

static inline bool token_letter(unsigned char folded)
{
    return folded >= 'a' && folded <= 'z';
}

static inline bool token_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static inline bool token_byte(unsigned char c)
{
    return token_letter(c | 0x20) || token_digit(c) || c >= 0x80;
}

static inline unsigned token_gram(const char *folded)
{
    return (unsigned)(folded[0] - 'a') * 676 + (unsigned)(folded[1] - 'a') * 26 +
           (unsigned)(folded[2] - 'a');
}

/* Copies text to `folded` with its ASCII letters in lower case, and sets bit i % 64 of word i / 64
 * of `mask` for each byte i that belongs to a token. `folded` has room for text.n + TOKEN_PAD
 * bytes, of which those behind the text become 0; `mask` for text.n / 64 + 1 words. */
void token_fold(struct str text, char *folded, uint64_t *mask);

/* Walks the tokens of a folded text. */
struct token_walk {
    const uint64_t *mask;
    size_t words, at; /* the next word */
    uint64_t edges;   /* places of this word where a token begins or ends, not yet handed out */
    uint64_t last;    /* the last bit of the word before */
};

struct token_walk token_walk(const uint64_t *mask, size_t text_n);
/* Offsets of the next token: from, to. */
bool token_next(struct token_walk *w, size_t *ret_from, size_t *ret_to);

/* Where a token goes in a bloom filter. `kind` keeps tokens of messages, of fields and of labels
 * apart. */
enum token_kind { TOKEN_MESSAGE = 0, TOKEN_FIELD = 1, TOKEN_LABEL = 2 };
uint64_t token_hash(struct str folded, enum token_kind kind);

/* --- bloom filters: 10 bits and 7 probes an entry, about one in 120 wrong --- */

enum { BLOOM_BITS = 10, BLOOM_PROBES = 7 };

/* Bytes for so many entries, a multiple of 8; 0 for none. */
static inline size_t bloom_size(size_t entries)
{
    return (entries * BLOOM_BITS + 63) / 64 * 8;
}
void bloom_add(unsigned char *bits, size_t n, uint64_t hash);
/* May it have the entry? A filter without bytes has nothing. */
bool bloom_has(const unsigned char *bits, size_t n, uint64_t hash);

#endif
