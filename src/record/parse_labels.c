/* SPDX-License-Identifier: MIT
 *
 * parse_labels.c - the labels of a line on top of those of its source.
 *
 * A label set is interned, and making one costs as much as parsing a line. But the lines of one
 * source mostly carry the same labels for a while, so a parser remembers the sets it made last.
 */
#include "record/parse_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

static bool set_has(const struct labels *set, const struct label *pairs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!str_eq(labels_get(set, pairs[i].name), pairs[i].value))
            return false;
    return true;
}

void parse_forget_labels(struct parser *p)
{
    for (int i = 0; i < PARSE_MEMO && p->memo; i++)
        labels_unref(p->memo[i].set);
    free(p->memo);
    p->memo = NULL;
    labels_unref(p->memo_of);
    p->memo_of = NULL;
}

/* `base` with these labels, as a new reference. */
static int make_set(struct labels *base, const struct said *s, struct labels **ret)
{
    struct label all[LABELS_MAX + SAID_LABELS_MAX];
    size_t count = 0;

    for (uint16_t i = 1; i < base->count; i++)
        all[count++] = base->pairs[i];
    for (uint32_t i = 0; i < s->label_count; i++)
        all[count++] = s->labels[i];
    return labels_make(base->table, base->source, all, count, ret);
}

/* Where in the memo a set with these labels would be. */
static uint32_t slot_of(const struct said *s)
{
    uint64_t h = 0;

    for (uint32_t i = 0; i < s->label_count; i++)
        h = XXH3_64bits_withSeed(s->labels[i].value.p, s->labels[i].value.n, h);
    return (uint32_t)(h % PARSE_MEMO);
}

static int find_set(struct parser *p, struct labels *base, const struct said *s,
                    struct labels **ret)
{
    if (p->memo_of != base) {
        parse_forget_labels(p);
        p->memo = calloc(PARSE_MEMO, sizeof *p->memo);
        if (!p->memo)
            return -ENOMEM;
        p->memo_of = labels_ref(base);
    }
    struct parse_memo *m = &p->memo[slot_of(s)];
    if (m->set && m->added == s->label_count && set_has(m->set, s->labels, m->added)) {
        *ret = m->set;
        return 0;
    }
    struct labels *set;
    int err = make_set(base, s, &set);
    if (err < 0)
        return err;
    labels_unref(m->set);
    *m = (struct parse_memo){set, s->label_count};
    *ret = set;
    return 0;
}

int parse_add_labels(struct parser *p, struct record *r, struct said *s)
{
    return s->label_count > 0 ? find_set(p, r->labels, s, &r->labels) : 0;
}
