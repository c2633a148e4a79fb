/* SPDX-License-Identifier: MIT
 *
 * chunk_texts.c - unpacking, and finding where each text ends.
 */
#include "store/chunk_texts.h"

#include <errno.h>

void texts_fini(struct block_texts *t)
{
    buf_fini(&t->messages_at);
    buf_fini(&t->fields_at);
    buf_fini(&t->ends_at);
    buf_fini(&t->field_ends_at);
    *t = (struct block_texts){0};
}

/* One part of a block: `at` within the chunk, checked against `check`. */
static int read_part(struct chunk_reader *r, uint64_t at, uint32_t n, uint64_t check, uint8_t codec,
                     uint32_t raw_n, struct buf *to)
{
    int err;

    r->read_at = r->chunk->seg_at + at;
    err = read_buf(r->chunk->files->seg_fd, r->read_at, n, &r->disk);
    if (err == 0 && format_check(r->disk.p, n) != check)
        err = -LM_E_DAMAGED;
    buf_clear(to);
    if (err == 0)
        err = buf_reserve(to, (size_t)raw_n + TEXTS_PAD);
    if (err == 0)
        err = unpack(&r->unpacker, codec, buf_str(&r->disk), to->p, raw_n);
    to->n = err < 0 ? 0 : raw_n;
    return err;
}

/* Takes `rows` numbers off the front; what they take is *ret. */
static int cut_lengths(struct str *raw, uint32_t rows, struct str *ret)
{
    const char *from = raw->p;
    uint64_t n;

    for (uint32_t i = 0; i < rows; i++)
        if (!format_varint(raw, &n))
            return -LM_E_DAMAGED;
    *ret = str_of(from, (size_t)(raw->p - from));
    return 0;
}

int texts_read_messages(struct block_texts *t, struct chunk_reader *r, uint32_t block)
{
    const char *d = r->blocks[block].head;
    int err = read_part(r, format_u32(d + BLOCK_AT), format_u32(d + BLOCK_TEXT_N),
                        format_u64(d + BLOCK_TEXT_CHECK), (uint8_t)d[BLOCK_TEXT_CODEC],
                        format_u32(d + BLOCK_TEXT_RAW_N), &t->messages_at);

    t->ends = t->field_ends = NULL;
    t->fields = t->lengths = STR_NONE;
    t->messages = buf_str(&t->messages_at);
    t->block = block;
    t->rows = r->blocks[block].rows;
    t->flags = format_u16(d + BLOCK_FLAGS);
    if (err == 0 && (t->flags & BLOCK_LENGTHS))
        err = cut_lengths(&t->messages, t->rows, &t->lengths);
    t->rows = err < 0 ? 0 : t->rows;
    return err;
}

int texts_read_fields(struct block_texts *t, struct chunk_reader *r, uint32_t block)
{
    const char *d = r->blocks[block].head;
    uint32_t n = format_u32(d + BLOCK_FIELDS_N);
    uint64_t at = (uint64_t)format_u32(d + BLOCK_AT) + format_u32(d + BLOCK_TEXT_N);
    int err;

    t->field_ends = NULL;
    t->fields = STR_NONE;
    if (format_u32(d + BLOCK_FIELDS_RAW_N) == 0)
        return 0;
    err = read_part(r, at, n, format_u64(d + BLOCK_FIELDS_CHECK), (uint8_t)d[BLOCK_FIELDS_CODEC],
                    format_u32(d + BLOCK_FIELDS_RAW_N), &t->fields_at);
    if (err == 0)
        t->fields = buf_str(&t->fields_at);
    return err;
}

static uint32_t *array_of(struct buf *b, uint32_t n)
{
    buf_clear(b);
    return buf_reserve(b, ((size_t)n + 1) * sizeof(uint32_t)) < 0 ? NULL : (void *)b->p;
}

static int ends_by_lengths(struct str lengths, size_t text_n, uint32_t rows, uint32_t gap,
                           uint32_t *ends)
{
    uint64_t at = 0, n;

    for (uint32_t i = 0; i < rows; i++) {
        if (!format_varint(&lengths, &n) || n > text_n || at + n + gap > text_n)
            return -LM_E_DAMAGED;
        ends[i] = (uint32_t)(at + n);
        at += n + gap;
    }
    return at == text_n ? 0 : -LM_E_DAMAGED;
}

static int ends_by_line_feeds(struct str text, uint32_t rows, uint32_t *ends)
{
    const char *p = text.p, *end = p + text.n;

    for (uint32_t i = 0; i < rows; i++) {
        const char *feed = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
        if (!feed)
            return -LM_E_DAMAGED;
        ends[i] = (uint32_t)(feed - text.p);
        p = feed + 1;
    }
    return p == end ? 0 : -LM_E_DAMAGED;
}

static int index_fields(struct block_texts *t)
{
    uint32_t *ends = array_of(&t->field_ends_at, t->rows);
    struct str lengths;
    int err = ends ? cut_lengths(&t->fields, t->rows, &lengths) : -ENOMEM;

    if (err == 0)
        err = ends_by_lengths(lengths, t->fields.n, t->rows, 0, ends);
    if (err == 0)
        t->field_ends = ends;
    return err;
}

int texts_index(struct block_texts *t)
{
    int err = 0;

    if (!t->ends) {
        uint32_t *ends = array_of(&t->ends_at, t->rows);
        if (!ends)
            return -ENOMEM;
        err = t->flags & BLOCK_LENGTHS
                  ? ends_by_lengths(t->lengths, t->messages.n, t->rows, 1, ends)
                  : ends_by_line_feeds(t->messages, t->rows, ends);
        if (err == 0)
            t->ends = ends;
    }
    if (err == 0 && t->fields.n && !t->field_ends)
        err = index_fields(t);
    return err;
}

struct str texts_message(const struct block_texts *t, uint32_t i)
{
    uint32_t from = i ? t->ends[i - 1] + 1 : 0;
    return str_of(t->messages.p + from, t->ends[i] - from);
}

struct str texts_fields(const struct block_texts *t, uint32_t i)
{
    if (!t->field_ends)
        return STR_NONE;
    uint32_t from = i ? t->field_ends[i - 1] : 0;
    return str_of(t->fields.p + from, t->field_ends[i] - from);
}

uint32_t texts_count_feeds(struct str text)
{
    typedef uint8_t bytes16 __attribute__((vector_size(16)));
    const char *p = text.p;
    size_t n = text.n;
    uint32_t count = 0;

    while (n >= 16) {
        bytes16 sums = {0}, v;
        for (int i = 0; i < 255 && n >= 16; i++, p += 16, n -= 16) {
            memcpy(&v, p, sizeof v);
            sums -= (bytes16)(v == '\n');
        }
        for (int i = 0; i < 16; i++)
            count += sums[i];
    }
    for (; n > 0; n--)
        count += *p++ == '\n';
    return count;
}
