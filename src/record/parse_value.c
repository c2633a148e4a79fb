/* SPDX-License-Identifier: MIT
 *
 * parse_value.c - what single values mean: levels, labels, escaped texts. See parse_impl.h.
 */
#include "record/parse_impl.h"

#include <errno.h>

size_t parse_colour(struct str s)
{
    size_t i = 2;

    if (s.n < 3 || s.p[0] != '\x1b' || s.p[1] != '[')
        return 0;
    while (i < s.n && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == ';'))
        i++;
    return i < s.n && s.p[i] == 'm' ? i + 1 : 0;
}

/* The word inside "\u001b[31merror\u001b[39m", as winston's colorize() leaves it in JSON. */
static struct str bare_word(struct str value, char room[64])
{
    if (memchr(value.p, '\\', value.n) && value.n <= 64)
        value = str_of(room, json_unescape(room, value));
    for (size_t n; (n = parse_colour(value));)
        value = str_of(value.p + n, value.n - n);
    const char *escape = value.n ? memchr(value.p, '\x1b', value.n) : NULL;
    if (escape)
        value.n = (size_t)(escape - value.p);
    return str_trim(value);
}

/* slog says "INFO+2" between its names. */
static struct str without_offset(struct str word, bool *ret_offset)
{
    size_t n = 0;

    while (n < word.n && word.p[n] != '+' && word.p[n] != '-')
        n++;
    *ret_offset = n > 0 && n < word.n && word.n - n <= 3;
    return *ret_offset ? str_of(word.p, n) : word;
}

static enum level level_of_number(enum parse_key_kind kind, uint64_t number, bool *ret_folded)
{
    if (kind == PARSE_KEY_LEVEL)
        return level_from_number(number, ret_folded);
    if (kind == PARSE_KEY_LEVEL_PYTHON) {
        *ret_folded = number % 10 != 0;
        return number > 0 && number < 60 ? (enum level)(number / 10 + 1) : LEVEL_NONE;
    }
    *ret_folded = number % 4 != 1;
    return number > 0 && number <= 24 ? (enum level)((number - 1) / 4 + 1) : LEVEL_NONE;
}

enum level parse_level_value(enum parse_key_kind kind, struct str value, bool *ret_folded)
{
    char room[64];
    uint64_t number;
    bool offset = false;

    if (value.n == 0 || value.n > 64)
        return LEVEL_NONE;
    if (str_to_u64(value, &number))
        return level_of_number(kind, number, ret_folded);
    const struct level_word *known = level_word_find(value); /* nearly always a word as it is */
    if (!known)
        known = level_word_find(without_offset(bare_word(value, room), &offset));
    if (!known)
        return LEVEL_NONE;
    *ret_folded = known->folded || offset;
    return (enum level)known->level;
}

struct str parse_unescape(struct arena *scratch, const struct json_member *string)
{
    if (!string->escaped)
        return string->value;
    char *out = arena_alloc(scratch, string->value.n);
    return out ? str_of(out, json_unescape(out, string->value)) : STR_NONE;
}

bool parse_take_label(const struct reading *in, struct said *s, const struct parse_key *key,
                      struct str value)
{
    struct str name = parse_label_name(key), given = labels_get(in->given, name);

    /* Who watches a job sees all of it: a line cannot leave the job of its run. */
    if (given.p)
        return str_eq(given, value);
    if (value.n == 0 || value.n > LABEL_VALUE_MAX || s->label_count >= SAID_LABELS_MAX ||
        s->label_count >= in->label_room)
        return false;
    for (uint32_t i = 0; i < s->label_count; i++)
        if (str_eq(s->labels[i].name, name))
            return false;
    s->labels[s->label_count++] = (struct label){name, value};
    return true;
}

int parse_join_fields(struct arena *scratch, struct str a, struct str b, struct str *ret)
{
    if (a.n == 0 || b.n == 0) {
        *ret = a.n ? a : b;
        return 0;
    }
    char *out = arena_alloc(scratch, a.n + b.n - 1);
    if (!out)
        return -ENOMEM;
    memcpy(out, a.p, a.n - 1);
    out[a.n - 1] = ',';
    memcpy(out + a.n, b.p + 1, b.n - 1);
    *ret = str_of(out, a.n + b.n - 1);
    return 0;
}
