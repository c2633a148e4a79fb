/* SPDX-License-Identifier: MIT
 *
 * query_patterns.c - the most frequent shapes of messages.
 *
 * A word with a digit in it, and a long word of hexadecimal digits, varies from line to line: it becomes
 * `*`. Words of that kind joined by . : - _ / @ or a plus sign (addresses, times, versions, uuids)
 * become one `*` together. Everything else is the shape. That is crude beside real template mining,
 * but needs no memory of earlier lines, so the same message always has the same shape.
 */
#include "record/plain.h"
#include "record/utf8.h"
#include "store/query_impl.h"

enum { PATTERN_MAX = 512, HEX_MIN = 8 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_joint(char c)
{
    return c && strchr(".:-_/@+", c);
}

/* The length of the word at the front; does it vary? */
static size_t word_at(struct str s, bool *ret_varies)
{
    size_t n = 0;
    bool digits = false, hex = true;

    for (; n < s.n && (is_digit(s.p[n]) || is_letter(s.p[n])); n++) {
        digits = digits || is_digit(s.p[n]);
        hex = hex && (is_digit(s.p[n]) || (s.p[n] | 0x20) <= 'f');
    }
    *ret_varies = digits || (hex && n >= HEX_MIN);
    return n;
}

/* A joint between two `*` goes with them. */
static void add_star(struct buf *out, size_t from)
{
    if (out->n >= from + 2 && out->p[out->n - 2] == '*' && is_joint(out->p[out->n - 1]))
        out->n--;
    else if (out->n == from || out->p[out->n - 1] != '*')
        buf_add_char(out, '*');
}

void query_pattern_of(struct buf *out, struct str message)
{
    struct buf scratch = {0};
    struct str rest = plain_text(message, &scratch);
    size_t from = out->n;
    bool varies;

    while (rest.n && out->n < from + PATTERN_MAX) {
        size_t n = word_at(rest, &varies);
        if (n && varies)
            add_star(out, from);
        else
            buf_add(out, rest.p, n ? n : 1);
        n = n ? n : 1;
        rest = str_of(rest.p + n, rest.n - n);
    }
    out->n = from + utf8_cut(str_of(out->p + from, out->n - from), PATTERN_MAX);
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
