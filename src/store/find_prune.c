/* SPDX-License-Identifier: MIT
 *
 * find_prune.c - asking the indexes.
 */
#include "store/find_prune.h"

#include "store/chunk_index.h"

enum { GRAM_WORDS = (TOKEN_GRAMS + 63) / 64, GRAM_BYTES = GRAM_WORDS * 8 };

void prune_begin(struct pruner *p, struct chunk_reader *r, const struct plan *plan)
{
    p->reader = r;
    p->plan = plan;
    p->grams_read = p->blooms_read = false;
}

void prune_fini(struct pruner *p)
{
    buf_fini(&p->grams);
    buf_fini(&p->blooms);
}

/* --- masks --- */

static uint32_t words_of(const struct pruner *p)
{
    return (p->reader->chunk->block_count + 63) / 64;
}

static struct block_mask mask_all(void)
{
    struct block_mask m;

    memset(&m, 0xff, sizeof m);
    return m;
}

bool mask_any(const struct block_mask *m, uint32_t block_count)
{
    for (uint32_t i = 0; i < block_count; i++)
        if (mask_has(m, i))
            return true;
    return false;
}

static void mask_and(struct block_mask *m, const struct block_mask *other, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        m->words[i] &= other->words[i];
}

static void mask_or(struct block_mask *m, const struct block_mask *other, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        m->words[i] |= other->words[i];
}

/* --- trigrams --- */

static void read_grams(struct pruner *p)
{
    const struct chunk *c = p->reader->chunk;

    if (p->grams_read)
        return;
    p->grams_read = true;
    p->grams_ok = c->grams_n >= GRAM_BYTES &&
                  read_buf(c->files->idx_fd, c->idx_at + c->grams_at, c->grams_n, &p->grams) == 0 &&
                  format_check(p->grams.p, p->grams.n) == c->grams_check;
}

/* How many trigrams below this one some block has. */
static size_t rank_of(const struct pruner *p, unsigned gram)
{
    size_t rank = 0;

    for (unsigned i = 0; i < gram / 64; i++)
        rank += (size_t)__builtin_popcountll(format_u64(p->grams.p + (size_t)i * 8));
    uint64_t word = format_u64(p->grams.p + (size_t)gram / 64 * 8);
    return rank + (size_t)__builtin_popcountll(word & ((UINT64_C(1) << gram % 64) - 1));
}

/* Leaves the blocks that have the trigram. */
static void ask_gram(struct pruner *p, unsigned gram, struct block_mask *m)
{
    size_t bytes = (p->reader->chunk->block_count + 7) / 8;
    struct block_mask has = {0};

    if (format_u64(p->grams.p + (size_t)gram / 64 * 8) >> gram % 64 & 1) {
        size_t at = GRAM_BYTES + rank_of(p, gram) * bytes;
        if (at + bytes > p->grams.n)
            return;
        memcpy(has.words, p->grams.p + at, bytes);
    }
    mask_and(m, &has, words_of(p));
}

/* --- blooms --- */

static void read_blooms(struct pruner *p)
{
    const struct chunk *c = p->reader->chunk;
    size_t directory_n = (size_t)c->block_count * BLOOM_ENTRY;

    if (p->blooms_read)
        return;
    p->blooms_read = true;
    p->blooms_ok =
        c->blooms_n >= directory_n &&
        read_buf(c->files->idx_fd, c->idx_at + c->blooms_at, c->blooms_n, &p->blooms) == 0 &&
        format_check(p->blooms.p, directory_n) == c->blooms_check;
}

/* The bloom of a block. False when there is none that can be believed: the block may have
 * anything. */
static bool bloom_of(const struct pruner *p, uint32_t block, struct str *ret)
{
    size_t directory_n = (size_t)p->reader->chunk->block_count * BLOOM_ENTRY;
    const char *entry = p->blooms.p + (size_t)block * BLOOM_ENTRY;
    uint32_t at = format_u32(entry), n = format_u32(entry + 4);

    if (at == BLOOM_UNKNOWN || (uint64_t)directory_n + at + n > p->blooms.n)
        return false;
    *ret = str_of(p->blooms.p + directory_n + at, n);
    return format_check(ret->p, n) == format_u64(entry + 8);
}

static bool may_have(struct str bloom, uint64_t hash)
{
    return bloom_has((const unsigned char *)bloom.p, bloom.n, hash);
}

/* A text whose edge is longer than any token of the block is not there; one that is as long as the
 * longest is a whole token. */
static bool edges_fit(const struct clue *c, struct str bloom, uint32_t longest)
{
    for (uint32_t i = 0; i < c->edges_n; i++)
        if (c->edges[i].n == longest && !may_have(bloom, c->edges[i].hash))
            return false;
    return true;
}

static bool tokens_fit(const struct clue *c, struct str bloom, uint32_t longest)
{
    for (uint32_t i = 0; i < c->hashes_n; i++)
        if (!may_have(bloom, c->hashes[i]))
            return false;
    return edges_fit(c, bloom, longest);
}

static void ask_bloom(struct pruner *p, const struct clue *c, uint32_t block, struct block_mask *m)
{
    uint32_t longest = format_u32(p->reader->blocks[block].head + BLOCK_LONGEST);
    bool asks = c->hashes_n > 0;
    struct str bloom;

    for (uint32_t i = 0; i < c->edges_n; i++) {
        if (c->edges[i].n > longest) {
            mask_drop(m, block);
            return;
        }
        asks = asks || c->edges[i].n == longest;
    }
    if (!asks)
        return;
    read_blooms(p);
    if (p->blooms_ok && bloom_of(p, block, &bloom) && !tokens_fit(c, bloom, longest))
        mask_drop(m, block);
}

/* --- clues and terms --- */

/* Fields with a backslash may be written in many ways; a block without fields has no member at
 * all. */
static void ask_fields(struct pruner *p, const struct clue *c, struct block_mask *m)
{
    for (uint32_t i = 0; i < p->reader->chunk->block_count; i++) {
        const char *d = p->reader->blocks[i].head;
        if (format_u32(d + BLOCK_FIELDS_RAW_N) == 0)
            mask_drop(m, i);
        else if (!(format_u16(d + BLOCK_FLAGS) & BLOCK_BACKSLASH) && !c->useless)
            ask_bloom(p, c, i, m);
    }
}

static void ask_messages(struct pruner *p, const struct clue *c, struct block_mask *m)
{
    if (c->grams_n)
        read_grams(p);
    for (uint32_t i = 0; i < c->grams_n && p->grams_ok; i++)
        ask_gram(p, c->grams[i], m);
    if (c->hashes_n + c->edges_n == 0)
        return;
    for (uint32_t i = 0; i < p->reader->chunk->block_count; i++)
        if (mask_has(m, i))
            ask_bloom(p, c, i, m);
}

/* Any of its values may be the one. */
static struct block_mask ask_clues(struct pruner *p, const struct term *t)
{
    const struct plan_term *pt = plan_find(p->plan, t);
    struct block_mask all = {0};

    for (uint32_t i = 0; pt && i < pt->clue_count; i++) {
        struct block_mask m = mask_all();
        if (pt->clues[i].fields)
            ask_fields(p, &pt->clues[i], &m);
        else if (!pt->clues[i].useless)
            ask_messages(p, &pt->clues[i], &m);
        mask_or(&all, &m, words_of(p));
    }
    return pt ? all : mask_all();
}

static bool time_may_fit(const struct term *t, const char *d)
{
    int64_t min = (int64_t)format_u64(d + BLOCK_MIN_TIME);
    int64_t max = (int64_t)format_u64(d + BLOCK_MAX_TIME);

    switch (t->op) {
    case OP_MORE:
        return max > t->time_us;
    case OP_MORE_EQ:
        return max >= t->time_us;
    case OP_LESS:
        return min < t->time_us;
    case OP_LESS_EQ:
        return min <= t->time_us;
    default:
        return min <= t->time_us && t->time_us <= max;
    }
}

/* Levels, streams and times, as the descriptors of blocks have them. */
static struct block_mask ask_descriptors(const struct pruner *p, const struct term *t)
{
    struct block_mask m = mask_all();

    for (uint32_t i = 0; i < p->reader->chunk->block_count; i++) {
        const char *d = p->reader->blocks[i].head;
        if ((t->kind == TERM_LEVEL && !(t->mask & (uint8_t)d[BLOCK_LEVELS])) ||
            (t->kind == TERM_STREAM && !(t->mask & (uint8_t)d[BLOCK_STREAMS])) ||
            (t->kind == TERM_TIME && !time_may_fit(t, d)))
            mask_drop(&m, i);
    }
    return m;
}

/* Does any label set of the chunk have this label? */
static bool is_label(const struct pruner *p, struct str key)
{
    const struct chunk_reader *r = p->reader;

    for (uint32_t i = 0; (r->have & NEED_SETS) && i < r->chunk->set_count; i++)
        if (labels_get(r->sets[i].labels, key).p)
            return true;
    return !(r->have & NEED_SETS);
}

static struct block_mask ask_term(struct pruner *p, const struct term *t)
{
    switch (t->kind) {
    case TERM_LEVEL:
    case TERM_STREAM:
    case TERM_TIME:
        return ask_descriptors(p, t);
    case TERM_TEXT:
    case TERM_FIELD:
        return ask_clues(p, t);
    case TERM_KEY:
        return is_label(p, t->key) ? mask_all() : ask_clues(p, t);
    case TERM_LABEL: /* label sets tell more */
    case TERM_ID:
        break;
    }
    return mask_all();
}

static struct block_mask ask(struct pruner *p, const struct expr *e)
{
    bool all_must = e->kind == EXPR_AND;
    struct block_mask m = {0};

    if (e->kind == EXPR_TERM)
        return ask_term(p, e->term);
    if (e->kind == EXPR_NOT || all_must)
        m = mask_all();
    if (e->kind == EXPR_NOT)
        return m;
    for (const struct expr *child = e->first; child; child = child->next) {
        struct block_mask one = ask(p, child);
        if (all_must)
            mask_and(&m, &one, words_of(p));
        else
            mask_or(&m, &one, words_of(p));
    }
    return m;
}

void prune_blocks(struct pruner *p, struct block_mask *ret)
{
    bool too_many = p->reader->chunk->block_count > PRUNE_BLOCKS_MAX;

    *ret = p->plan->filter->root && !too_many ? ask(p, p->plan->filter->root) : mask_all();
}

bool prune_by_labels(const struct chunk *c, const struct filter *f)
{
    for (uint32_t i = 0; i < f->label_count && c->labels_n; i++)
        if (!bloom_has(c->label_bits, c->labels_n,
                       index_label_hash(f->labels[i].name, f->labels[i].value)))
            return false;
    return true;
}
