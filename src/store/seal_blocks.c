/* SPDX-License-Identifier: MIT
 *
 * seal_blocks.c - cutting, and what is noted of each block.
 */
#include "store/seal_blocks.h"

#include "record/plain.h"
#include "store/chunk_texts.h"

#include <errno.h>

void seal_blocks_fini(struct seal_blocks *b)
{
    buf_fini(&b->text);
    buf_fini(&b->plain);
    buf_fini(&b->fields);
}

static const struct seal_row *row_at(const struct seal_blocks *b, uint32_t i)
{
    return &b->rows->rows[b->rows->order[i]];
}

static const struct seal_set *set_at(const struct seal_blocks *b, uint32_t i)
{
    return &b->rows->sets[row_at(b, i)->set];
}

static bool same_source(const struct seal_set *x, const struct seal_set *y)
{
    return x == y || str_eq(x->labels->source, y->labels->source);
}

/* Does a new block begin at row i, when there are `text_n` bytes already? */
static bool cut_before(const struct seal_blocks *b, uint32_t i, size_t text_n)
{
    const struct seal_set *before = set_at(b, i - 1), *set = set_at(b, i);
    const struct seal_row *r = row_at(b, i);

    return before->class != set->class || text_n + r->message_n + r->fields_n > b->text_max ||
           (text_n > b->text_max / 4 && !same_source(before, set));
}

static uint32_t end_of_block(const struct seal_blocks *b, uint32_t from)
{
    uint32_t i = from;
    size_t text_n = 0;

    do {
        text_n += row_at(b, i)->message_n + row_at(b, i)->fields_n + 1;
        i++;
    } while (i < b->rows->count && !cut_before(b, i, text_n));
    return i;
}

/* --- one block --- */

struct block {
    uint32_t from, to; /* rows, as ordered */
    uint16_t flags;
    uint8_t levels, streams;
    int64_t min_time_us, max_time_us;
    uint32_t first_set, last_set;
    bool has_fields;
};

static bool has_byte(const char *p, size_t n, char c)
{
    return n && memchr(p, c, n);
}

static void look_at_rows(const struct seal_blocks *b, struct block *k)
{
    k->min_time_us = INT64_MAX;
    k->max_time_us = INT64_MIN;
    k->first_set = UINT32_MAX;
    for (uint32_t i = k->from; i < k->to; i++) {
        const struct seal_row *r = row_at(b, i);
        k->levels = (uint8_t)(k->levels | 1u << (r->level & 7));
        k->streams = (uint8_t)(k->streams | 1u << (r->stream & 3));
        k->min_time_us = r->time_us < k->min_time_us ? r->time_us : k->min_time_us;
        k->max_time_us = r->time_us > k->max_time_us ? r->time_us : k->max_time_us;
        k->first_set = r->set < k->first_set ? r->set : k->first_set;
        k->last_set = r->set > k->last_set ? r->set : k->last_set;
        k->has_fields = k->has_fields || r->fields_n > 0;
        if (has_byte(r->fields, r->fields_n, '\\'))
            k->flags |= BLOCK_BACKSLASH;
    }
}

/* Puts messages one after another, each with a line feed behind it. */
static int gather_text(struct seal_blocks *b, struct block *k)
{
    size_t n = 0;

    for (uint32_t i = k->from; i < k->to; i++)
        n += row_at(b, i)->message_n + 1;
    buf_clear(&b->text);
    if (buf_reserve(&b->text, n + 1) < 0)
        return -ENOMEM;
    char *at = b->text.p;
    for (uint32_t i = k->from; i < k->to; i++) {
        const struct seal_row *r = row_at(b, i);
        if (r->message_n)
            memcpy(at, r->message, r->message_n);
        at += r->message_n;
        *at++ = '\n';
    }
    b->text.n = n;
    return 0;
}

/* The same without colours, when there are any. */
static int gather_plain(struct seal_blocks *b, const struct block *k)
{
    struct buf scratch = {0};

    buf_clear(&b->plain);
    for (uint32_t i = k->from; i < k->to; i++) {
        const struct seal_row *r = row_at(b, i);
        buf_add_str(&b->plain, plain_text(str_of(r->message, r->message_n), &scratch));
        buf_add_char(&b->plain, '\n');
    }
    buf_fini(&scratch);
    return buf_error(&b->plain);
}

/* Lengths, then the texts. */
static int gather_fields(struct seal_blocks *b, const struct block *k)
{
    buf_clear(&b->fields);
    b->lengths_n = 0;
    if (!k->has_fields)
        return 0;
    for (uint32_t i = k->from; i < k->to; i++)
        format_add_varint(&b->fields, row_at(b, i)->fields_n);
    b->lengths_n = b->fields.n;
    for (uint32_t i = k->from; i < k->to; i++)
        buf_add(&b->fields, row_at(b, i)->fields, row_at(b, i)->fields_n);
    return buf_error(&b->fields);
}

/* The lengths go in front where line feeds cannot tell. */
static int put_lengths(struct seal_blocks *b, const struct block *k)
{
    struct buf lengths = {0};

    for (uint32_t i = k->from; i < k->to; i++)
        format_add_varint(&lengths, row_at(b, i)->message_n);
    buf_add_str(&lengths, buf_str(&b->text));
    int err = buf_error(&lengths);
    buf_clear(&b->text);
    buf_add_str(&b->text, buf_str(&lengths));
    buf_fini(&lengths);
    return err < 0 ? err : buf_error(&b->text);
}

static int index_block(struct seal_blocks *b, const struct block *k)
{
    bool colours = k->flags & BLOCK_COLOURS;
    int err = colours ? gather_plain(b, k) : 0;
    struct str fields = str_of(b->fields.p + b->lengths_n, b->fields.n - b->lengths_n);

    if (err < 0)
        return err;
    return seal_index_block(b->index, buf_str(colours ? &b->plain : &b->text), fields);
}

static int pack_part(struct seal_blocks *b, struct str raw, char *n_at, char *codec_at,
                     char *check_at)
{
    size_t from = b->seg->n;
    uint8_t codec = CODEC_RAW;
    int err = raw.n ? pack(b->packer, raw, b->seg, &codec) : 0;

    if (err < 0)
        return err;
    format_put32(n_at, (uint32_t)(b->seg->n - from));
    *codec_at = (char)codec;
    format_put64(check_at, format_check(b->seg->p + from, b->seg->n - from));
    return 0;
}

static int pack_block(struct seal_blocks *b, const struct block *k)
{
    char d[BLOCK_SIZE] = {0};
    int err;

    format_put32(d + BLOCK_AT, (uint32_t)b->seg->n);
    format_put32(d + BLOCK_TEXT_RAW_N, (uint32_t)b->text.n);
    format_put32(d + BLOCK_FIELDS_RAW_N, (uint32_t)b->fields.n);
    format_put32(d + BLOCK_ROWS, k->to - k->from);
    format_put16(d + BLOCK_CLASS, set_at(b, k->from)->class);
    d[BLOCK_LEVELS] = (char)k->levels;
    d[BLOCK_STREAMS] = (char)k->streams;
    format_put16(d + BLOCK_FLAGS, k->flags);
    format_put64(d + BLOCK_MIN_TIME, (uint64_t)k->min_time_us);
    format_put64(d + BLOCK_MAX_TIME, (uint64_t)k->max_time_us);
    format_put32(d + BLOCK_FIRST_SET, k->first_set);
    format_put32(d + BLOCK_LAST_SET, k->last_set);
    format_put32(d + BLOCK_LONGEST, b->index->longest);
    err = pack_part(b, buf_str(&b->text), d + BLOCK_TEXT_N, d + BLOCK_TEXT_CODEC,
                    d + BLOCK_TEXT_CHECK);
    if (err == 0)
        err = pack_part(b, buf_str(&b->fields), d + BLOCK_FIELDS_N, d + BLOCK_FIELDS_CODEC,
                        d + BLOCK_FIELDS_CHECK);
    if (err < 0)
        return err;
    format_pad(b->seg);
    buf_add(b->table, d, sizeof d);
    b->raw_n += b->text.n + b->fields.n;
    b->count++;
    return buf_error(b->seg) < 0 ? buf_error(b->seg) : buf_error(b->table);
}

static int write_block(struct seal_blocks *b, struct block *k)
{
    int err;

    look_at_rows(b, k);
    err = gather_text(b, k);
    if (err == 0)
        err = gather_fields(b, k);
    if (err < 0)
        return err;
    if (texts_count_feeds(buf_str(&b->text)) != k->to - k->from)
        k->flags |= BLOCK_LENGTHS;
    if (has_byte(b->text.p, b->text.n, '\x1b'))
        k->flags |= BLOCK_COLOURS;
    err = index_block(b, k);
    if (err == 0 && (k->flags & BLOCK_LENGTHS))
        err = put_lengths(b, k);
    return err < 0 ? err : pack_block(b, k);
}

int seal_blocks_write(struct seal_blocks *b)
{
    int err = 0;

    for (uint32_t from = 0, to; from < b->rows->count && err == 0; from = to) {
        to = end_of_block(b, from);
        if (b->cancel && atomic_load_explicit(b->cancel, memory_order_relaxed))
            return -ECANCELED;
        err = write_block(b, &(struct block){.from = from, .to = to});
    }
    return err;
}
