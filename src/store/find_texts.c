/* SPDX-License-Identifier: MIT
 *
 * find_texts.c - looking into blocks.
 *
 * Where every match must have one of a few needles, the whole block is searched for them at once, and
 * only the messages around hits are looked at as records. Blocks with colours are an exception: filters
 * do not see colours, so a needle may lie across one.
 */
#include "store/find_texts.h"

#include <errno.h>

/* --- candidates: places within the block --- */

static int clear_candidates(struct finder *f, uint32_t rows, int fill)
{
    buf_clear(&f->candidates);
    if (buf_reserve(&f->candidates, rows / 8 + 9) < 0)
        return -ENOMEM;
    memset(f->candidates.p, fill, rows / 8 + 9);
    return 0;
}

static bool is_candidate(const struct finder *f, uint32_t i)
{
    return f->candidates.p[i / 8] >> i % 8 & 1;
}

/* Returns whether it is a new one. */
static bool add_candidate(struct finder *f, uint32_t i)
{
    bool is_new = !is_candidate(f, i);

    f->candidates.p[i / 8] = (char)(f->candidates.p[i / 8] | 1 << i % 8);
    return is_new;
}

/* The message that has the byte at `at`. */
static uint32_t message_at(const struct block_texts *t, size_t at)
{
    uint32_t low = 0, high = t->rows - 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (t->ends[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Messages found by their line feeds, counted from one hit to the next. */
static uint32_t mark_by_feeds(struct finder *f, const struct needle *n)
{
    struct str text = f->texts.messages;
    uint32_t found = 0, index = 0;
    size_t from = 0;

    for (size_t hit; (hit = needle_find(n, text, from)) != SIZE_MAX;) {
        const char *feed = memchr(text.p + hit, '\n', text.n - hit);
        index += texts_count_feeds(str_of(text.p + from, hit - from));
        if (!feed || index >= f->texts.rows)
            break; /* not as sealed; texts_index() will say so when it is asked */
        found += add_candidate(f, index);
        from = (size_t)(feed - text.p) + 1;
        index++;
    }
    return found;
}

/* The same where messages have line feeds in them. The ends are known. */
static uint32_t mark_by_ends(struct finder *f, const struct needle *n)
{
    struct str text = f->texts.messages;
    uint32_t found = 0;
    size_t from = 0;

    for (size_t hit; (hit = needle_find(n, text, from)) != SIZE_MAX;) {
        uint32_t i = message_at(&f->texts, hit);
        bool within = hit + n->text.n <= f->texts.ends[i];
        found += within && add_candidate(f, i);
        from = within ? (size_t)f->texts.ends[i] + 1 : hit + 1;
    }
    return found;
}

/* Marks messages that have one of the needles; *ret is how many. */
static int mark_needles(struct finder *f, uint32_t *ret)
{
    bool by_ends = f->texts.flags & BLOCK_LENGTHS;
    int err = clear_candidates(f, f->texts.rows, 0);

    *ret = 0;
    if (err == 0 && by_ends)
        err = texts_index(&f->texts);
    for (uint32_t i = 0; i < f->plan->needle_count && err == 0; i++) {
        const struct needle *n = &f->plan->needles[i];
        if (by_ends)
            *ret += mark_by_ends(f, n);
        else if (!memchr(n->text.p, '\n', n->text.n))
            *ret += mark_by_feeds(f, n);
    }
    return err;
}

/* --- records --- */

static int look_at(struct finder *f, uint32_t block, uint32_t i)
{
    const struct chunk_reader *r = &f->reader;
    uint32_t row = r->order[r->blocks[block].first_place + i];
    struct record record;

    if (!find_row_alive(f, row))
        return 0;
    reader_record(r, row, &record);
    record.message = texts_message(&f->texts, i);
    record.fields = texts_fields(&f->texts, i);
    if (filter_match_rest(f->plan->filter, &f->sets[r->row_sets[row]].verdict, &record))
        found_add(f->found, row);
    return f->plan->filter->costly && i % 256 == 255 ? find_checkpoint(f->plan, f->range) : 0;
}

static int look_at_candidates(struct finder *f, uint32_t block)
{
    int err = reader_need(&f->reader, NEED_ORDER | NEED_KINDS | NEED_TIMES | NEED_IDS);

    if (err == 0 && f->plan->by_fields)
        err = texts_read_fields(&f->texts, &f->reader, block);
    if (err == 0)
        err = texts_index(&f->texts);
    for (uint32_t i = 0; i < f->texts.rows && err == 0; i++)
        if (is_candidate(f, i))
            err = look_at(f, block, i);
    return err;
}

/* Every candidate matches: only their rows are wanted. */
static int take_candidates(struct finder *f, uint32_t block)
{
    const struct chunk_reader *r = &f->reader;
    int err = reader_need(&f->reader, NEED_ORDER);

    for (uint32_t i = 0; i < f->texts.rows && err == 0; i++)
        if (is_candidate(f, i))
            found_add(f->found, r->order[r->blocks[block].first_place + i]);
    return err;
}

/* Is having a needle all that is asked of a record of this block? */
static bool needles_decide(const struct finder *f, uint32_t block)
{
    const char *d = f->reader.blocks[block].head;
    bool all = f->plan->only_needles && !f->cut;

    for (uint32_t set = format_u32(d + BLOCK_FIRST_SET);
         set <= format_u32(d + BLOCK_LAST_SET) && all; set++)
        all = f->sets[set].dead_to < f->reader.chunk->first_id;
    return all;
}

static int find_in_block(struct finder *f, uint32_t block, bool count_only)
{
    uint32_t n = 0;
    int err = texts_read_messages(&f->texts, &f->reader, block);

    if (err < 0)
        return err;
    if (f->plan->needle_count == 0 || (f->texts.flags & BLOCK_COLOURS)) {
        err = clear_candidates(f, f->texts.rows, 0xff);
        return err < 0 ? err : look_at_candidates(f, block);
    }
    err = mark_needles(f, &n);
    if (err < 0 || n == 0)
        return err;
    if (!needles_decide(f, block))
        return look_at_candidates(f, block);
    if (!count_only)
        return take_candidates(f, block);
    f->found->count += n;
    return 0;
}

int find_by_texts(struct finder *f, const struct block_mask *blocks, bool count_only)
{
    int err = found_none(f->found, f->reader.chunk->count);

    for (uint32_t i = 0; i < f->reader.chunk->block_count && err == 0; i++)
        if (mask_has(blocks, i)) {
            err = find_in_block(f, i, count_only);
            if (err == 0)
                err = find_checkpoint(f->plan, f->range);
        }
    f->found->listed = !count_only;
    return err;
}
