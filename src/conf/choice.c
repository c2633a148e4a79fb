/* SPDX-License-Identifier: MIT
 *
 * choice.c - finding a word in a short list, and saying so when it is not there.
 */
#include "conf/choice.h"

#include <stdio.h>

enum { CHOICES_MAX = 8 };

bool choice_find(const char *choices, struct str word, unsigned *ret_index)
{
    struct str rest = str_from(choices);

    for (unsigned i = 0; rest.n; i++) {
        if (str_eq(str_cut(rest, '|', &rest), word)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

struct str choice_at(const char *choices, unsigned index)
{
    struct str rest = str_from(choices), word = str_cut(rest, '|', &rest);

    while (index-- > 0)
        word = str_cut(rest, '|', &rest);
    return word;
}

void choice_write(const char *choices, struct buf *b)
{
    for (unsigned i = 0; choice_at(choices, i).n; i++) {
        buf_add(b, ", ", i ? 2 : 0);
        buf_add_str(b, choice_at(choices, i));
    }
}

int choice_refuse(const char *choices, const char *what, struct str word, struct errinfo *err)
{
    char words[CHOICES_MAX][32];
    const char *list[CHOICES_MAX];
    struct buf all = {0};
    unsigned n = 0;

    for (; n < CHOICES_MAX && choice_at(choices, n).n; n++) {
        snprintf(words[n], sizeof words[n], "%.*s", STR_FMT(choice_at(choices, n)));
        list[n] = words[n];
    }
    choice_write(choices, &all);
    const char *nearest = err_nearest(quote(word).text, list, n);
    err_set(err, -LM_E_INVALID, "'%s' is one of %.*s, not '%s'%s%s%s", what, STR_FMT(buf_str(&all)),
            quote(word).text, nearest ? ": did you mean '" : "", nearest ? nearest : "",
            nearest ? "'?" : "");
    buf_fini(&all);
    return -LM_E_INVALID;
}

struct quoted quote(struct str text)
{
    struct quoted q = {0};
    size_t n = text.n > 60 ? 57 : text.n;

    for (size_t i = 0; i < n; i++)
        q.text[i] = (char)((unsigned char)text.p[i] < ' ' || text.p[i] == 127 ? '?' : text.p[i]);
    if (n < text.n)
        memcpy(q.text + n, "...", 3);
    return q;
}
