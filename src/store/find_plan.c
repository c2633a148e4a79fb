/* SPDX-License-Identifier: MIT
 *
 * find_plan.c - reading a filter for what must be there.
 *
 * A text is found anywhere, within words, too. So of a text to be found only the tokens that have
 * something else on both sides are whole tokens of the message; the first and the last may be parts
 * of longer ones, and only their trigrams count. A value of a field is different: in JSON it stands
 * between quotes, so that all of its tokens are whole.
 */
#include "store/find_plan.h"

#include <errno.h>

void plan_fini(struct plan *p)
{
    arena_fini(&p->memory);
    *p = (struct plan){0};
}

const struct plan_term *plan_find(const struct plan *p, const struct term *t)
{
    for (uint32_t i = 0; i < p->term_count; i++)
        if (p->terms[i].term == t)
            return &p->terms[i];
    return NULL;
}

/* --- clues --- */

struct tokens {
    char *folded;
    struct token_walk walk;
};

static int tokens_of(struct arena *a, struct str text, struct tokens *ret)
{
    char *folded = arena_alloc(a, text.n + TOKEN_PAD);
    uint64_t *mask = arena_alloc(a, (text.n / 64 + 1) * sizeof *mask);

    if (!folded || !mask)
        return -ENOMEM;
    token_fold(text, folded, mask);
    *ret = (struct tokens){folded, token_walk(mask, text.n)};
    return 0;
}

static void add_grams(struct clue *c, struct str token)
{
    size_t run = 0;

    for (size_t i = 0; i < token.n; i++) {
        run = token_letter((unsigned char)token.p[i]) ? run + 1 : 0;
        if (run >= 3 && c->grams_n < CLUE_GRAMS_MAX)
            c->grams[c->grams_n++] = (uint16_t)token_gram(token.p + i - 2);
    }
}

static bool has_digit(struct str token)
{
    for (size_t i = 0; i < token.n; i++)
        if (token_digit((unsigned char)token.p[i]))
            return true;
    return false;
}

/* Letters alone, three or more: blooms do not have them, trigrams do. */
static bool only_letters(struct str token)
{
    for (size_t i = 0; i < token.n; i++)
        if (!token_letter((unsigned char)token.p[i]))
            return false;
    return token.n >= 3;
}

static void add_whole(struct clue *c, struct str token, enum token_kind kind)
{
    if (c->hashes_n < CLUE_HASHES_MAX)
        c->hashes[c->hashes_n++] = token_hash(token, kind);
}

static int clue_of_message(struct arena *a, struct str text, struct clue *ret)
{
    struct tokens t;
    size_t from, to;
    int err = tokens_of(a, text, &t);

    *ret = (struct clue){0};
    while (err == 0 && token_next(&t.walk, &from, &to)) {
        struct str token = str_of(t.folded + from, to - from);
        add_grams(ret, token);
        if (from > 0 && to < text.n && !only_letters(token))
            add_whole(ret, token, TOKEN_MESSAGE);
        else if ((from == 0 || to == text.n) && has_digit(token) && ret->edges_n < 2)
            ret->edges[ret->edges_n++] =
                (struct clue_edge){(uint32_t)token.n, token_hash(token, TOKEN_MESSAGE)};
    }
    ret->useless = ret->grams_n + ret->hashes_n + ret->edges_n == 0;
    return err;
}

static int add_field_tokens(struct arena *a, struct str text, struct clue *c)
{
    struct tokens t;
    size_t from, to;
    int err = tokens_of(a, text, &t);

    while (err == 0 && token_next(&t.walk, &from, &to))
        add_whole(c, str_of(t.folded + from, to - from), TOKEN_FIELD);
    return err;
}

/* The names of the path must be there, and the value, unless it may be written in other ways. */
static int clue_of_field(struct arena *a, const struct term *t, uint32_t value, struct clue *ret)
{
    int err;

    *ret = (struct clue){.fields = true};
    err = add_field_tokens(a, t->key, ret);
    if (err == 0 && t->op == OP_IS && !t->numbers[value].ok)
        err = add_field_tokens(a, t->values[value], ret);
    ret->useless = ret->hashes_n == 0;
    return err;
}

/* The texts of which a term on messages needs one. */
static const struct needle *needles_of(const struct term *t, uint32_t *ret_n)
{
    if (t->op == OP_REGEX)
        return regex_needles(t->regex, ret_n);
    *ret_n = t->count;
    return t->needles;
}

static int clue_of(struct arena *a, const struct term *t, uint32_t value, struct clue *ret)
{
    uint32_t n;

    if (t->kind != TERM_TEXT)
        return clue_of_field(a, t, value, ret);
    const struct needle *needles = needles_of(t, &n);
    return clue_of_message(a, value < n ? needles[value].text : STR_NONE, ret);
}

static int add_clues(struct plan *p, const struct term *t)
{
    struct plan_term *pt = &p->terms[p->term_count];
    uint32_t n = 1; /* of a regex about which nothing is known: a clue that says so */
    int err = 0;

    if (t->kind == TERM_TEXT)
        (void)needles_of(t, &n);
    else if (t->op != OP_REGEX)
        n = t->count;
    n = n ? n : 1;

    *pt = (struct plan_term){.term = t, .clues = arena_alloc(&p->memory, n * sizeof *pt->clues)};
    if (!pt->clues)
        return -ENOMEM;
    for (; pt->clue_count < n && err == 0; pt->clue_count++)
        err = clue_of(&p->memory, t, pt->clue_count, &pt->clues[pt->clue_count]);
    p->term_count++;
    return err;
}

static void note_kind(struct plan *p, const struct term *t)
{
    p->by_text |= t->kind == TERM_TEXT;
    p->by_fields |= t->kind == TERM_KEY || t->kind == TERM_FIELD;
    p->by_label |= t->kind == TERM_LABEL || t->kind == TERM_KEY;
    p->by_place |= t->kind == TERM_ID || t->kind == TERM_TIME;
    p->by_kind |= t->kind == TERM_LEVEL || t->kind == TERM_STREAM;
}

/* --- needles --- */

/* Needles of which each match of a part of the filter has one. */
struct demand {
    struct needle needles[PLAN_NEEDLES_MAX];
    uint32_t count; /* 0: there are none that it must have */
};

static size_t shortest(const struct demand *d)
{
    size_t n = d->count ? SIZE_MAX : 0;

    for (uint32_t i = 0; i < d->count; i++)
        n = d->needles[i].text.n < n ? d->needles[i].text.n : n;
    return n;
}

static struct demand demand_of_term(const struct term *t)
{
    struct demand d = {0};
    uint32_t n;

    if (t->kind != TERM_TEXT)
        return d;
    const struct needle *needles = needles_of(t, &n);
    for (uint32_t i = 0; i < n; i++) {
        if (needles[i].text.n == 0 || d.count == PLAN_NEEDLES_MAX)
            return (struct demand){0};
        d.needles[d.count++] = needles[i];
    }
    return d;
}

static struct demand demand_of(const struct expr *e);

/* One branch must hold, so what each demands, together. */
static struct demand demand_of_or(const struct expr *e)
{
    struct demand all = {0};

    for (const struct expr *child = e->first; child; child = child->next) {
        struct demand d = demand_of(child);
        if (d.count == 0 || all.count + d.count > PLAN_NEEDLES_MAX)
            return (struct demand){0};
        memcpy(all.needles + all.count, d.needles, d.count * sizeof d.needles[0]);
        all.count += d.count;
    }
    return all;
}

/* All must hold, so any branch will do: the one whose shortest needle is longest. */
static struct demand demand_of_and(const struct expr *e)
{
    struct demand best = {0};

    for (const struct expr *child = e->first; child; child = child->next) {
        struct demand d = demand_of(child);
        if (shortest(&d) > shortest(&best))
            best = d;
    }
    return best;
}

static struct demand demand_of(const struct expr *e)
{
    switch (e->kind) {
    case EXPR_TERM:
        return demand_of_term(e->term);
    case EXPR_AND:
        return demand_of_and(e);
    case EXPR_OR:
        return demand_of_or(e);
    case EXPR_NOT:
        break; /* what must not be there tells nothing about what must */
    }
    return (struct demand){0};
}

int plan_make(struct plan *p, const struct filter *f)
{
    uint32_t terms = 0;
    int err = 0;

    *p = (struct plan){.filter = f};
    if (!f->root)
        return 0;
    for (const struct term *t = f->terms; t; t = t->next)
        terms++;
    p->terms = arena_alloc(&p->memory, terms * sizeof *p->terms);
    if (!p->terms)
        return -ENOMEM;
    for (const struct term *t = f->terms; t && err == 0; t = t->next) {
        note_kind(p, t);
        if (t->kind == TERM_TEXT || t->kind == TERM_KEY || t->kind == TERM_FIELD)
            err = add_clues(p, t);
    }
    struct demand d = demand_of(f->root);
    memcpy(p->needles, d.needles, sizeof p->needles);
    p->needle_count = d.count;
    return err;
}
