/* SPDX-License-Identifier: MIT
 *
 * chunk_index.c - head, then what chunk_open() needs, then the indexes, which are read by need.
 */
#include "store/chunk_index.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert((int)INDEX_HEAD == (int)CHUNK_IDX_HEAD,
               "chunk.h says how much of a record tells its length");

uint64_t index_label_hash(struct str name, struct str value)
{
    uint64_t seed = token_hash(name, TOKEN_LABEL);
    return XXH3_64bits_withSeed(value.p, value.n, seed);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static size_t sort_and_drop_doubles(uint64_t *hashes, size_t n)
{
    size_t kept = 0;

    qsort(hashes, n, sizeof *hashes, by_number);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || hashes[i] != hashes[kept - 1])
            hashes[kept++] = hashes[i];
    return kept;
}

int index_labels(const struct seal_set *sets, uint32_t count, struct buf *out)
{
    struct buf hashes = {0};
    int err = 0;

    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < sets[i].labels->count; k++) {
            const struct label *pair = &sets[i].labels->pairs[k];
            uint64_t hash = index_label_hash(pair->name, pair->value);
            buf_add(&hashes, &hash, sizeof hash);
        }
    err = buf_error(&hashes);
    uint64_t *sorted = (uint64_t *)(void *)hashes.p;
    size_t n = err == 0 && hashes.n ? sort_and_drop_doubles(sorted, hashes.n / sizeof *sorted) : 0;
    size_t bytes = n <= INDEX_LABELS_MAX ? bloom_size(n) : 0;
    if (err == 0)
        err = buf_reserve(out, bytes + 1);
    if (err == 0 && bytes) {
        memset(out->p + out->n, 0, bytes);
        for (size_t i = 0; i < n; i++)
            bloom_add((unsigned char *)out->p + out->n, bytes, sorted[i]);
        out->n += bytes;
    }
    buf_fini(&hashes);
    return err;
}

static void add_section(struct buf *out, struct str section, char *head, int n_at, int check_at)
{
    format_put32(head + n_at, (uint32_t)section.n);
    format_put64(head + check_at, format_check(section.p, section.n));
    buf_add_str(out, section);
    format_pad(out);
}

int index_write(const struct index_parts *p, struct buf *out)
{
    struct buf grams = {0}, blooms = {0};
    char head[INDEX_HEAD] = {0};
    size_t from = out->n;
    uint32_t directory_n = p->index->block_count * BLOOM_ENTRY;
    int err = seal_index_finish(p->index, &grams, &blooms);

    lm_assert(from % 8 == 0);
    buf_add(out, head, sizeof head);
    add_section(out, p->meta, head, INDEX_META_N, INDEX_META_CHECK);
    add_section(out, p->labels, head, INDEX_LABELS_N, INDEX_LABELS_CHECK);
    add_section(out, p->positions, head, INDEX_POSITIONS_N, INDEX_POSITIONS_CHECK);
    add_section(out, buf_str(&grams), head, INDEX_GRAMS_N, INDEX_GRAMS_CHECK);
    add_section(out, buf_str(&blooms), head, INDEX_BLOOMS_N, INDEX_BLOOMS_CHECK);
    /* Of the blooms the check covers the directory, which has one for each block. */
    format_put64(head + INDEX_BLOOMS_CHECK, format_check(blooms.p, directory_n));
    memcpy(head, INDEX_MAGIC.p, INDEX_MAGIC.n);
    format_put32(head + INDEX_SIZE, (uint32_t)(out->n - from));
    format_put32(head + INDEX_EPOCH, p->epoch);
    format_put64(head + INDEX_SEG_AT, p->seg_at);
    format_put32(head + INDEX_SEG_N, format_u32(p->seg.p + CHUNK_SIZE));
    format_put64(head + INDEX_FIRST_ID, format_u64(p->seg.p + CHUNK_FIRST_ID));
    format_put64(head + INDEX_END_ID, format_u64(p->seg.p + CHUNK_END_ID));
    format_put64(head + INDEX_CHECK, format_check(head, INDEX_CHECK));
    if (err == 0)
        err = buf_error(out);
    if (err == 0)
        memcpy(out->p + from, head, sizeof head);
    buf_fini(&grams);
    buf_fini(&blooms);
    return err;
}
