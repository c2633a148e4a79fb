/* SPDX-License-Identifier: MIT
 *
 * query_patterns.c - the most frequent shapes of messages.
 *
 * A word with a digit in it, and a long word of hexadecimal digits, varies from line to line: it
 * becomes `*`. Words of that kind joined by . : - _ / @ or a plus sign (addresses, times, versions,
 * uuids) become one `*` together. Everything else is the shape. That is crude beside real template
 * mining, but needs no memory of earlier lines, so the same message always has the same shape.
 */
#include "record/plain.h"
#include "record/utf8.h"
#include "store/query_impl.h"

enum { PATTERN_MAX = 512, HEX_MIN = 8 };

/* What a byte may be part of. */
enum { DIGIT = 1, HEX = 2, LETTER = 4, JOINT = 8, WORD = DIGIT | LETTER };

#define ROW_OF(c)     [c] = LETTER, [c + 32] = LETTER
#define ROW_OF_HEX(c) [c] = LETTER | HEX, [c + 32] = LETTER | HEX
static const unsigned char kinds[256] = {
    ['0'] = DIGIT | HEX, ['1'] = DIGIT | HEX, ['2'] = DIGIT | HEX, ['3'] = DIGIT | HEX,
    ['4'] = DIGIT | HEX, ['5'] = DIGIT | HEX, ['6'] = DIGIT | HEX, ['7'] = DIGIT | HEX,
    ['8'] = DIGIT | HEX, ['9'] = DIGIT | HEX, ROW_OF_HEX('A'),     ROW_OF_HEX('B'),
    ROW_OF_HEX('C'),     ROW_OF_HEX('D'),     ROW_OF_HEX('E'),     ROW_OF_HEX('F'),
    ROW_OF('G'),         ROW_OF('H'),         ROW_OF('I'),         ROW_OF('J'),
    ROW_OF('K'),         ROW_OF('L'),         ROW_OF('M'),         ROW_OF('N'),
    ROW_OF('O'),         ROW_OF('P'),         ROW_OF('Q'),         ROW_OF('R'),
    ROW_OF('S'),         ROW_OF('T'),         ROW_OF('U'),         ROW_OF('V'),
    ROW_OF('W'),         ROW_OF('X'),         ROW_OF('Y'),         ROW_OF('Z'),
    ['.'] = JOINT,       [':'] = JOINT,       ['-'] = JOINT,       ['_'] = JOINT,
    ['/'] = JOINT,       ['@'] = JOINT,       ['+'] = JOINT,
};
#undef ROW_OF
#undef ROW_OF_HEX

static unsigned kind_of(char c)
{
    return kinds[(unsigned char)c];
}

/* The length of the word at the front; does it vary? */
static size_t word_at(struct str s, bool *ret_varies)
{
    unsigned some = 0, all = HEX;
    size_t n = 0;

    for (; n < s.n && (kind_of(s.p[n]) & WORD); n++) {
        some |= kind_of(s.p[n]);
        all &= kind_of(s.p[n]);
    }
    *ret_varies = (some & DIGIT) || (all && n >= HEX_MIN);
    return n;
}

/* A joint between two `*` goes with them. */
static size_t add_star(char *out, size_t n)
{
    if (n >= 2 && out[n - 2] == '*' && (kind_of(out[n - 1]) & JOINT))
        return n - 1;
    if (n == 0 || out[n - 1] != '*')
        out[n++] = '*';
    return n;
}

void query_pattern_of(struct buf *out, struct str message)
{
    struct buf scratch = {0};
    struct str rest = plain_text(message, &scratch);
    size_t n = 0;
    bool varies;

    /* What comes out is never longer than what goes in. */
    char *to = buf_reserve(out, rest.n + 1) == 0 ? out->p + out->n : NULL;
    while (to && rest.n && n < PATTERN_MAX) {
        size_t word_n = word_at(rest, &varies);
        if (word_n && varies) {
            n = add_star(to, n);
        } else if (word_n) {
            memcpy(to + n, rest.p, word_n);
            n += word_n;
        } else {
            to[n++] = rest.p[0];
            word_n = 1;
        }
        rest = str_of(rest.p + word_n, rest.n - word_n);
    }
    if (to)
        out->n += utf8_cut(str_of(to, n), PATTERN_MAX);
    else
        out->failed = true;
    buf_fini(&scratch);
}

struct patterns {
    struct tally_map map;
    struct buf pattern;
    struct found found;
};

static int count_record(const struct record *r, void *ctx)
{
    struct patterns *p = ctx;

    buf_clear(&p->pattern);
    query_pattern_of(&p->pattern, r->message);
    p->map.sums.records++;
    p->map.sums.with_key++;
    int err = buf_error(&p->pattern);
    return err < 0 ? err : tally_add(&p->map, buf_str(&p->pattern), r);
}

static int count_part(struct searcher *s, const struct part *part, void *sums)
{
    struct patterns *p = sums;
    const struct part_window all = {.limit = UINT32_MAX, .texts = true};
    uint32_t n = 0;
    int err = part_find(s, part, false, &p->found);

    return err < 0 ? err : part_emit(s, part, &p->found, &all, count_record, p, &n);
}

int query_patterns(const struct query *q, const struct store_view *v, uint32_t top_n,
                   query_tally_fn *emit, void *ctx, struct query_tallies *ret)
{
    struct patterns p[EXEC_THREADS] = {0};
    int err = exec_each(q, v, count_part, (void *[]){&p[0], &p[1]});

    if (err == 0)
        err = tally_merge(&p[0].map, &p[1].map);
    if (err == 0)
        err = tally_top(&p[0].map, top_n, emit, ctx);
    if (err == 0)
        *ret = p[0].map.sums;
    for (int i = 0; i < EXEC_THREADS; i++) {
        tally_fini(&p[i].map);
        buf_fini(&p[i].pattern);
        found_fini(&p[i].found);
    }
    return err;
}
