/* SPDX-License-Identifier: MIT
 *
 * find_texts.c - looking into blocks.
 *
 * A block is unpacked, the filter is evaluated over all of its messages at once (find_eval.c), and
 * the rows of what is left are looked up. Where label sets have decided already, nothing is asked.
 */
#include "store/find_texts.h"

#include <errno.h>

/* --- who is asked --- */

/* Do the labels of all sets of the block leave the answer to its texts, and are all of them
 * alive? */
static bool all_open(const struct finder *f, uint32_t block)
{
    const char *d = f->reader.blocks[block].head;
    bool all = !f->cut;

    for (uint32_t set = format_u32(d + BLOCK_FIRST_SET);
         set <= format_u32(d + BLOCK_LAST_SET) && all; set++)
        all = f->sets[set].dead_to < f->reader.chunk->first_id &&
              f->sets[set].verdict.truth == TRUTH_OPEN;
    return all;
}

/* Which rows of the block are to be asked, and which match without. */
static int sort_rows(struct finder *f, uint32_t block, uint64_t *open, uint64_t *yes)
{
    const struct chunk_reader *r = &f->reader;
    uint32_t first = r->blocks[block].first_place, rows = r->blocks[block].rows;
    int err = 0;

    bits_clear(yes, rows);
    if (all_open(f, block)) {
        bits_fill(open, rows);
        return 0;
    }
    bits_clear(open, rows);
    err = reader_need(&f->reader, NEED_ORDER | (f->cut ? NEED_IDS | NEED_TIMES : 0));
    for (uint32_t i = 0; i < rows && err == 0; i++) {
        uint32_t row = r->order[first + i];
        if (!find_row_alive(f, row))
            continue;
        bool decided = f->sets[r->row_sets[row]].verdict.truth == TRUTH_YES;
        bits_add(decided ? yes : open, i);
    }
    return err;
}

static int take_rows(struct finder *f, uint32_t block, const uint64_t *bits, bool count_only)
{
    const struct chunk_reader *r = &f->reader;
    uint32_t rows = r->blocks[block].rows, n = bits_count(bits, rows);
    int err = n && !count_only ? reader_need(&f->reader, NEED_ORDER) : 0;

    if (err < 0 || n == 0)
        return err;
    if (count_only)
        f->found->count += n;
    for (uint32_t i = 0; !count_only && (i = bits_next(bits, rows, i)) < rows; i++)
        found_add(f->found, r->order[r->blocks[block].first_place + i]);
    return 0;
}

static int find_in_block(struct finder *f, uint32_t block, bool count_only)
{
    uint32_t rows = f->reader.blocks[block].rows;
    uint64_t *open, *yes, *match;
    int err;

    arena_reset(&f->bits);
    open = bits_new(f, rows);
    yes = bits_new(f, rows);
    match = bits_new(f, rows);
    if (!open || !yes || !match)
        return -ENOMEM;
    err = sort_rows(f, block, open, yes);
    if (err == 0 && bits_count(open, rows) > 0) {
        err = find_eval(f, block, open, match);
        bits_or(yes, match, rows);
    }
    return err < 0 ? err : take_rows(f, block, yes, count_only);
}

int find_by_texts(struct finder *f, const struct block_mask *blocks, bool count_only)
{
    int err = found_none(f->found, f->reader.chunk->count);

    for (uint32_t i = 0; i < f->reader.chunk->block_count && err == 0; i++)
        if (mask_has(blocks, i)) {
            err = find_in_block(f, i, count_only);
            err = unread_pass_block(f->range->unread, &f->reader, i, err);
            if (err == 0)
                err = find_checkpoint(f->plan, f->range);
        }
    f->found->listed = !count_only;
    return err;
}
