/* SPDX-License-Identifier: MIT
 *
 * find_eval.c - a filter over all rows of a block at once.
 *
 *     in   1 1 1 1 1 1 1 1    rows that are asked
 *     AND  0 0 1 0 0 1 0 0    each condition leaves some; texts first: they are unpacked already
 *     OR                      each is asked about the rows that those before it did not take
 *     NOT  1 1 0 1 1 0 1 1    the others
 *
 * A text is searched for in the whole block, from one hit to the next, and the line feeds between
 * say which messages they are in; so is a regex, where that makes no difference. When few rows are
 * left each of them is looked at by itself. Blocks with colours are an exception: filters do not
 * see colours, so a text may lie across one.
 */
#include "record/plain.h"
#include "store/find_texts.h"

#include <errno.h>

enum {
    FEW = 16,         /* fewer than one in so many rows: each by itself */
    ROWS_A_LOOK = 64, /* at the clock, with a regex */
};

struct eval {
    struct finder *f;
    uint32_t block, rows;
    bool fields_read;
};

static bool is_few(const struct eval *v, const uint64_t *in)
{
    return bits_count(in, v->rows) < v->rows / FEW;
}

static uint32_t row_of(const struct eval *v, uint32_t i)
{
    return v->f->reader.order[v->f->reader.blocks[v->block].first_place + i];
}

/* --- texts --- */

/* The message that has the byte at `at`. The ends are known. */
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

/* Where a search stands that goes from hit to hit, counting line feeds between. */
struct feed_walk {
    struct str text;
    size_t at; /* where the next message begins */
    uint32_t index;
};

/* Takes the message that has the byte `hit`. False: not as sealed; texts_index() will say so. */
static bool take_message(struct feed_walk *w, size_t hit, uint32_t rows, uint64_t *bits)
{
    const char *feed = memchr(w->text.p + hit, '\n', w->text.n - hit);

    w->index += texts_count_feeds(str_of(w->text.p + w->at, hit - w->at));
    if (!feed || w->index >= rows)
        return false;
    bits_add(bits, w->index++);
    w->at = (size_t)(feed - w->text.p) + 1;
    return true;
}

static void mark_by_feeds(const struct eval *v, const struct needle *n, uint64_t *bits)
{
    struct feed_walk w = {.text = v->f->texts.messages};
    size_t hit;

    if (memchr(n->text.p, '\n', n->text.n))
        return;
    while ((hit = needle_find(n, w.text, w.at)) != SIZE_MAX && take_message(&w, hit, v->rows, bits))
        ;
}

/* The same where messages have line feeds in them. */
static void mark_by_ends(const struct eval *v, const struct needle *n, uint64_t *bits)
{
    const struct block_texts *t = &v->f->texts;
    size_t from = 0;

    for (size_t hit; (hit = needle_find(n, t->messages, from)) != SIZE_MAX;) {
        uint32_t i = message_at(t, hit);
        bool within = hit + n->text.n <= t->ends[i];
        if (within)
            bits_add(bits, i);
        from = within ? (size_t)t->ends[i] + 1 : hit + 1;
    }
}

static bool has_needle(struct str text, const struct needle *needles, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (needle_found(&needles[i], text))
            return true;
    return false;
}

/* Rows of `in` whose message has one of the needles. */
static int mark(struct eval *v, const struct needle *needles, uint32_t n, const uint64_t *in,
                uint64_t *out)
{
    struct block_texts *t = &v->f->texts;
    bool few = is_few(v, in), by_ends = t->flags & BLOCK_LENGTHS;
    int err = few || by_ends ? texts_index(t) : 0;

    bits_clear(out, v->rows);
    if (err < 0)
        return err;
    for (uint32_t i = 0; few && (i = bits_next(in, v->rows, i)) < v->rows; i++)
        if (has_needle(texts_message(t, i), needles, n))
            bits_add(out, i);
    for (uint32_t i = 0; i < n && !few; i++) {
        if (needles[i].text.n == 0)
            bits_fill(out, v->rows);
        else if (by_ends)
            mark_by_ends(v, &needles[i], out);
        else
            mark_by_feeds(v, &needles[i], out);
    }
    bits_and(out, in, v->rows);
    return 0;
}

/* --- regexes --- */

static int look_now_and_then(const struct eval *v, uint32_t i)
{
    return i % ROWS_A_LOOK == 0 ? find_checkpoint(v->f->plan, v->f->range) : 0;
}

/* Message by message. */
static int match_each(struct eval *v, struct regex *r, const uint64_t *in, uint64_t *out)
{
    uint32_t asked = 0;
    int err = texts_index(&v->f->texts);

    for (uint32_t i = 0; err == 0 && (i = bits_next(in, v->rows, i)) < v->rows; i++) {
        if (regex_found(r, texts_message(&v->f->texts, i)))
            bits_add(out, i);
        err = look_now_and_then(v, ++asked);
    }
    return err;
}

/* All messages at once, as far as that goes. *ret_from is the first about which nothing is
 * known. */
static void scan(const struct eval *v, struct regex *r, uint64_t *out, uint32_t *ret_from)
{
    struct feed_walk w = {.text = v->f->texts.messages};
    struct regex_scan s;
    enum regex_hit hit;
    size_t at;

    regex_scan_begin(&s, r, w.text);
    while ((hit = regex_scan_next(&s, w.at, &at)) == REGEX_HIT)
        if (!take_message(&w, at, v->rows, out))
            break;
    *ret_from = v->rows;
    if (hit == REGEX_UNFIT)
        *ret_from = w.index + texts_count_feeds(str_of(w.text.p + w.at, at - w.at));
}

static int match_all(struct eval *v, struct regex *r, const uint64_t *in, uint64_t *out)
{
    uint64_t *rest = bits_new(v->f, v->rows);
    uint32_t from;

    if (!rest)
        return -ENOMEM;
    scan(v, r, out, &from);
    bits_and(out, in, v->rows);
    memcpy(rest, in, bits_words(v->rows) * sizeof *rest);
    for (uint32_t i = 0; i < from && i < v->rows; i++)
        rest[i / 64] &= ~(UINT64_C(1) << i % 64);
    return from < v->rows ? match_each(v, r, rest, out) : 0;
}

/* First the texts that must be there, when there are any: they are found much faster. */
static int ask_regex(struct eval *v, struct regex *r, const uint64_t *in, uint64_t *out)
{
    uint64_t *candidates = bits_new(v->f, v->rows);
    const struct needle *needles;
    uint32_t n;
    int err = candidates ? 0 : -ENOMEM;

    needles = regex_needles(r, &n);
    if (err == 0 && n > 0)
        err = mark(v, needles, n, in, candidates);
    else if (err == 0)
        memcpy(candidates, in, bits_words(v->rows) * sizeof *candidates);
    bits_clear(out, v->rows);
    if (err < 0)
        return err;
    if ((v->f->texts.flags & BLOCK_LENGTHS) || is_few(v, candidates))
        return match_each(v, r, candidates, out);
    return match_all(v, r, candidates, out);
}

/* --- everything else is asked row by row --- */

static bool ask_row(const struct eval *v, const struct term *t, uint32_t i, struct buf *scratch)
{
    const struct finder *f = v->f;
    uint32_t row = row_of(v, i);
    const struct filter_verdict *verdict = &f->sets[f->reader.row_sets[row]].verdict;
    struct record r;

    if ((verdict->yes | verdict->no) & t->bit)
        return verdict->yes & t->bit;
    reader_record(&f->reader, row, &r);
    r.fields = texts_fields(&f->texts, i);
    if (t->kind != TERM_TEXT)
        return term_ask_record(t, &r, STR_NONE);
    return term_ask_record(t, &r, plain_text(texts_message(&f->texts, i), scratch));
}

static int ask_rows(struct eval *v, const struct term *t, const uint64_t *in, uint64_t *out)
{
    bool fields = t->kind == TERM_KEY || t->kind == TERM_FIELD;
    struct buf scratch = {0};
    uint32_t asked = 0;
    int err = reader_need(&v->f->reader, NEED_ORDER | NEED_KINDS | NEED_TIMES | NEED_IDS);

    bits_clear(out, v->rows);
    if (err == 0 && fields && !v->fields_read) {
        err = texts_read_fields(&v->f->texts, &v->f->reader, v->block);
        v->fields_read = err == 0;
    }
    if (err == 0)
        err = texts_index(&v->f->texts);
    for (uint32_t i = 0; err == 0 && (i = bits_next(in, v->rows, i)) < v->rows; i++) {
        if (ask_row(v, t, i, &scratch))
            bits_add(out, i);
        err = look_now_and_then(v, ++asked);
    }
    buf_fini(&scratch);
    return err;
}

/* Level and stream stand in one column. */
static int ask_kinds(struct eval *v, const struct term *t, const uint64_t *in, uint64_t *out)
{
    const struct chunk_reader *r = &v->f->reader;
    int err = reader_need(&v->f->reader, NEED_ORDER | NEED_KINDS);

    bits_clear(out, v->rows);
    for (uint32_t i = 0; err == 0 && (i = bits_next(in, v->rows, i)) < v->rows; i++) {
        uint32_t row = row_of(v, i);
        uint8_t value = t->kind == TERM_LEVEL ? reader_level(r, row) : reader_stream(r, row);
        if (t->mask >> value & 1)
            bits_add(out, i);
    }
    return err;
}

/* --- the tree --- */

static bool is_text(const struct eval *v, const struct expr *e)
{
    return e->kind == EXPR_TERM && e->term->kind == TERM_TEXT &&
           !(v->f->texts.flags & BLOCK_COLOURS);
}

static int ask_term(struct eval *v, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    const struct term *t = e->term;

    if (is_text(v, e))
        return t->op == OP_REGEX ? ask_regex(v, t->regex, in, out)
                                 : mark(v, t->needles, t->count, in, out);
    if (t->kind == TERM_LEVEL || t->kind == TERM_STREAM)
        return ask_kinds(v, t, in, out);
    return ask_rows(v, t, in, out);
}

static int ask(struct eval *v, const struct expr *e, const uint64_t *in, uint64_t *out);

static int ask_and(struct eval *v, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    uint64_t *left = bits_new(v->f, v->rows);
    int err = left ? 0 : -ENOMEM;

    memcpy(out, in, bits_words(v->rows) * sizeof *out);
    for (int texts = 1; texts >= 0; texts--)
        for (const struct expr *child = e->first; child && err == 0; child = child->next) {
            if (is_text(v, child) != (bool)texts)
                continue;
            memcpy(left, out, bits_words(v->rows) * sizeof *left);
            if (bits_count(left, v->rows) == 0)
                return 0;
            err = ask(v, child, left, out);
        }
    return err;
}

static int ask_or(struct eval *v, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    uint64_t *left = bits_new(v->f, v->rows), *more = bits_new(v->f, v->rows);
    int err = left && more ? 0 : -ENOMEM;

    bits_clear(out, v->rows);
    if (err == 0)
        memcpy(left, in, bits_words(v->rows) * sizeof *left);
    for (const struct expr *child = e->first; child && err == 0; child = child->next) {
        err = ask(v, child, left, more);
        bits_or(out, more, v->rows);
        bits_drop(left, more, v->rows);
    }
    return err;
}

static int ask_not(struct eval *v, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    uint64_t *taken = bits_new(v->f, v->rows);
    int err = taken ? ask(v, e->first, in, taken) : -ENOMEM;

    memcpy(out, in, bits_words(v->rows) * sizeof *out);
    if (err == 0)
        bits_drop(out, taken, v->rows);
    return err;
}

static int ask(struct eval *v, const struct expr *e, const uint64_t *in, uint64_t *out)
{
    switch (e->kind) {
    case EXPR_TERM:
        return ask_term(v, e, in, out);
    case EXPR_AND:
        return ask_and(v, e, in, out);
    case EXPR_OR:
        return ask_or(v, e, in, out);
    case EXPR_NOT:
        break;
    }
    return ask_not(v, e, in, out);
}

int find_eval(struct finder *f, uint32_t block, const uint64_t *in, uint64_t *out)
{
    struct eval v = {.f = f, .block = block, .rows = f->reader.blocks[block].rows};
    int err = texts_read_messages(&f->texts, &f->reader, block);

    return err < 0 ? err : ask(&v, f->plan->filter->root, in, out);
}
