/* SPDX-License-Identifier: MIT
 *
 * seal_index.c - every token of a block, looked at once.
 *
 * Most of the time of sealing that is not zstd's goes into telling new tokens from known ones. Most
 * have just been seen: a small table of their bytes, which stays in the fastest cache, knows those.
 * The others are looked up in a hash table of places, which is kept as small as the block allows,
 * since every look at it may be a miss of the cache. Nobody can make it slow with chosen tokens:
 * after a few probes a token simply counts as new, which costs a little work and nothing else.
 */
#include "store/seal_index.h"

#include "store/chunk_format.h"

#include <errno.h>
#include <stdlib.h>

enum {
    GRAM_WORDS = (TOKEN_GRAMS + 63) / 64,
    SLOTS_MIN = 4096,
    SLOTS_MAX = 128 * 1024,
    SLOT_PROBES = 32,
    BLOOM_TOKENS_MAX = 64 * 1024, /* of one block; a block with more has no bloom */
};

void seal_index_fini(struct seal_index *x)
{
    buf_fini(&x->folded);
    buf_fini(&x->mask);
    buf_fini(&x->hashes);
    buf_fini(&x->grams);
    buf_fini(&x->entries);
    buf_fini(&x->bits);
    free(x->slots);
    *x = (struct seal_index){0};
}

/* --- which tokens are new --- */

/* Of a short token all of its bytes and zeros, of a longer one the first and the last eight. */
static struct token_key key_of(const char *p, size_t n)
{
    static const uint64_t keep[9] = {0,          0xff,         0xffff,         0xffffff,
                                     0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff,
                                     UINT64_MAX};

    if (n > TOKEN_SHORT)
        return (struct token_key){format_u64(p), format_u64(p + n - 8)};
    return (struct token_key){format_u64(p) & keep[n < 8 ? n : 8],
                              format_u64(p + 8) & keep[n < 8 ? 0 : n - 8]};
}

static bool same_key(struct token_key a, struct token_key b)
{
    return ((a.head ^ b.head) | (a.tail ^ b.tail)) == 0;
}

static uint64_t hash_of(struct token_key key, size_t n)
{
    uint64_t h = key.head * UINT64_C(0x9e3779b97f4a7c15) + n;

    return (h ^ h >> 32 ^ key.tail) * UINT64_C(0xd6e8feb86659fd93);
}

/* Tables grow with a block that has many tokens, and shrink with one that has few. */
static int clear_slots(struct seal_index *x)
{
    if (!x->slots) {
        x->slots = malloc(SLOTS_MIN * sizeof *x->slots);
        x->slot_cap = x->slots ? SLOTS_MIN : 0;
    }
    if (!x->slots)
        return -ENOMEM;
    if (x->slot_cap > SLOTS_MIN && x->slot_count < x->slot_cap / 8)
        x->slot_cap /= 2;
    memset(x->slots, 0, x->slot_cap * sizeof *x->slots);
    memset(x->recent, 0, sizeof x->recent);
    x->slot_count = 0;
    return 0;
}

static void put(struct seal_index *x, struct token_slot slot)
{
    uint32_t at = slot.hash & (x->slot_cap - 1);

    for (uint32_t i = 0; i < SLOT_PROBES; i++, at = (at + 1) & (x->slot_cap - 1))
        if (x->slots[at].place == 0) {
            x->slots[at] = slot;
            x->slot_count++;
            return;
        }
}

/* Without memory for more the table stays as it is: full of known tokens, and that is no harm. */
static void make_room(struct seal_index *x)
{
    struct token_slot *old = x->slots;
    uint32_t n = x->slot_cap;

    if (x->slot_count < n / 2 || n >= SLOTS_MAX)
        return;
    struct token_slot *bigger = calloc((size_t)n * 2, sizeof *bigger);
    if (!bigger)
        return;
    x->slots = bigger;
    x->slot_cap = n * 2;
    x->slot_count = 0;
    for (uint32_t i = 0; i < n; i++)
        if (old[i].place)
            put(x, old[i]);
    free(old);
}

/* Is this the token that begins at `at`? */
static bool is_token(const struct seal_index *x, size_t at, const char *p, size_t n)
{
    const char *other = x->folded.p + at;

    return same_key(key_of(other, n), key_of(p, n)) && !token_byte((unsigned char)other[n]) &&
           (n <= TOKEN_SHORT || memcmp(other, p, n) == 0);
}

static bool is_known(const struct seal_index *x, uint32_t hash, const char *p, size_t n)
{
    uint32_t at = hash & (x->slot_cap - 1);

    for (uint32_t i = 0; i < SLOT_PROBES; i++, at = (at + 1) & (x->slot_cap - 1)) {
        struct token_slot slot = x->slots[at];
        if (slot.place == 0)
            return false;
        if (slot.hash == hash && is_token(x, slot.place - 1, p, n))
            return true;
    }
    return false;
}

/* True also for a token that is known, when finding that out would take long. */
static bool is_new(struct seal_index *x, size_t from, size_t to)
{
    const char *p = x->folded.p + from;
    size_t n = to - from;
    struct token_key key = key_of(p, n);
    uint64_t hash = hash_of(key, n);

    if (n <= TOKEN_SHORT) {
        struct token_key *recent = &x->recent[hash >> 54];
        if (same_key(*recent, key))
            return false;
        *recent = key;
    }
    if (is_known(x, (uint32_t)(hash >> 32), p, n))
        return false;
    if (x->slot_count < x->slot_cap / 4 * 3)
        put(x, (struct token_slot){(uint32_t)(hash >> 32), (uint32_t)from + 1});
    make_room(x);
    return true;
}

/* --- what is noted of a new token --- */

static void add_hash(struct seal_index *x, struct str token, enum token_kind kind)
{
    uint64_t hash = token_hash(token, kind);

    if (x->hashes.n / sizeof hash <= BLOOM_TOKENS_MAX)
        buf_add(&x->hashes, &hash, sizeof hash);
}

static void note_message_token(struct seal_index *x, uint64_t *grams, struct str token)
{
    size_t letters = 0, run = 0;
    bool digits = false;

    for (size_t i = 0; i < token.n; i++) {
        unsigned char c = (unsigned char)token.p[i];
        bool letter = token_letter(c);
        run = letter ? run + 1 : 0;
        letters += letter;
        digits = digits || token_digit(c);
        if (run >= 3) {
            unsigned gram = token_gram(token.p + i - 2);
            grams[gram / 64] |= UINT64_C(1) << gram % 64;
        }
    }
    if (digits && token.n > x->longest)
        x->longest = (uint32_t)token.n;
    if (letters < token.n || token.n < 3)
        add_hash(x, token, TOKEN_MESSAGE);
}

static int fold(struct seal_index *x, struct str text)
{
    buf_clear(&x->folded);
    buf_clear(&x->mask);
    if (buf_reserve(&x->folded, text.n + TOKEN_PAD) < 0 ||
        buf_reserve(&x->mask, (text.n / 64 + 1) * sizeof(uint64_t)) < 0)
        return -ENOMEM;
    token_fold(text, x->folded.p, (uint64_t *)(void *)x->mask.p);
    return clear_slots(x);
}

static struct str token_at(const struct seal_index *x, size_t from, size_t to)
{
    return str_of(x->folded.p + from, to - from);
}

static int note_messages(struct seal_index *x, uint64_t *grams, struct str messages)
{
    size_t from, to;
    int err = fold(x, messages);

    if (err < 0)
        return err;
    struct token_walk w = token_walk((const uint64_t *)(const void *)x->mask.p, messages.n);
    while (token_next(&w, &from, &to))
        if (is_new(x, from, to))
            note_message_token(x, grams, token_at(x, from, to));
    return 0;
}

static int note_fields(struct seal_index *x, struct str fields)
{
    size_t from, to;
    int err = fields.n ? fold(x, fields) : 0;

    if (err < 0 || fields.n == 0)
        return err;
    struct token_walk w = token_walk((const uint64_t *)(const void *)x->mask.p, fields.n);
    while (token_next(&w, &from, &to))
        if (is_new(x, from, to))
            add_hash(x, token_at(x, from, to), TOKEN_FIELD);
    return 0;
}

/* --- the bloom of a block --- */

static int end_entry(struct seal_index *x, uint32_t at, uint32_t n)
{
    char entry[BLOOM_ENTRY];

    format_put32(entry, at);
    format_put32(entry + 4, n);
    format_put64(entry + 8, format_check(x->bits.p + x->bits.n - n, n));
    buf_add(&x->entries, entry, sizeof entry);
    x->block_count++;
    return buf_error(&x->entries);
}

static int end_bloom(struct seal_index *x)
{
    size_t tokens = x->hashes.n / sizeof(uint64_t), n = bloom_size(tokens), at = x->bits.n;
    uint64_t hash;

    if (buf_error(&x->hashes) < 0 || buf_reserve(&x->bits, n + 1) < 0)
        return -ENOMEM;
    if (tokens > BLOOM_TOKENS_MAX)
        return end_entry(x, BLOOM_UNKNOWN, 0);
    memset(x->bits.p + at, 0, n);
    for (size_t i = 0; i < tokens; i++) {
        memcpy(&hash, x->hashes.p + i * sizeof hash, sizeof hash);
        bloom_add((unsigned char *)x->bits.p + at, n, hash);
    }
    x->bits.n += n;
    return end_entry(x, (uint32_t)at, (uint32_t)n);
}

/* Room for the trigrams of one more block, all clear; NULL when memory is short. */
static uint64_t *more_grams(struct seal_index *x)
{
    size_t n = GRAM_WORDS * sizeof(uint64_t);

    if (buf_reserve(&x->grams, n) < 0)
        return NULL;
    uint64_t *grams = (uint64_t *)(void *)(x->grams.p + x->grams.n);
    memset(grams, 0, n);
    x->grams.n += n;
    return grams;
}

int seal_index_block(struct seal_index *x, struct str messages, struct str fields)
{
    uint64_t *grams = more_grams(x);
    int err = grams ? 0 : -ENOMEM;

    x->longest = 0;
    buf_clear(&x->hashes);
    if (err == 0)
        err = note_messages(x, grams, messages);
    if (err == 0)
        err = note_fields(x, fields);
    return err < 0 ? err : end_bloom(x);
}

int seal_index_nothing(struct seal_index *x)
{
    buf_clear(&x->hashes);
    return more_grams(x) ? end_bloom(x) : -ENOMEM;
}

/* --- the sections --- */

/* Appends which blocks have a trigram, a bit each; false when none has. */
static bool add_blocks_of(const struct seal_index *x, struct buf *out, unsigned gram)
{
    const uint64_t *grams = (const uint64_t *)(const void *)x->grams.p;
    size_t from = out->n;
    bool any = false;

    for (uint32_t block = 0; block < x->block_count; block++) {
        bool has = grams[(size_t)block * GRAM_WORDS + gram / 64] >> gram % 64 & 1;
        if (block % 8 == 0)
            buf_add_char(out, 0);
        if (has && out->n > from)
            out->p[out->n - 1] = (char)(out->p[out->n - 1] | 1 << block % 8);
        any = any || has;
    }
    if (!any)
        out->n = from;
    return any;
}

static void gather_grams(const struct seal_index *x, uint64_t all[GRAM_WORDS])
{
    const uint64_t *grams = (const uint64_t *)(const void *)x->grams.p;

    for (uint32_t block = 0; block < x->block_count; block++)
        for (uint32_t i = 0; i < GRAM_WORDS; i++)
            all[i] |= grams[(size_t)block * GRAM_WORDS + i];
}

int seal_index_finish(struct seal_index *x, struct buf *grams, struct buf *blooms)
{
    uint64_t all[GRAM_WORDS] = {0};

    gather_grams(x, all);
    buf_add(grams, all, sizeof all);
    for (unsigned gram = 0; gram < TOKEN_GRAMS; gram++)
        if (all[gram / 64] >> gram % 64 & 1)
            add_blocks_of(x, grams, gram);
    format_pad(grams);
    buf_add_str(blooms, buf_str(&x->entries));
    buf_add_str(blooms, buf_str(&x->bits));
    return buf_error(grams) < 0 ? buf_error(grams) : buf_error(blooms);
}
