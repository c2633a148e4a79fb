/* SPDX-License-Identifier: MIT
 *
 * parse.c - levels from JSON members and from the words in front of a message.
 */
#include "record/parse.h"

#include "record/json.h"
#include "record/utf8.h"

#include <errno.h>

static bool is_level_key(struct str key)
{
    return str_is(key, "level") || str_is(key, "severity") || str_is(key, "lvl") ||
           str_is(key, "levelname") || str_is(key, "log.level");
}

static enum level level_of_member(const struct json_member *m)
{
    uint64_t number;

    if (m->type == JSON_IS_STRING)
        return level_from_text(m->value);
    if (m->type == JSON_IS_NUMBER && str_to_u64(m->value, &number))
        return level_from_number(number);
    return LEVEL_NONE;
}

/* Counts only if the whole line is one JSON object. */
static enum level json_level(struct str line)
{
    struct json_walk w = json_walk(line);
    struct json_member m;
    enum level level = LEVEL_NONE;

    while (json_next(&w, &m))
        if (level == LEVEL_NONE && is_level_key(m.key))
            level = level_of_member(&m);
    return w.ok ? level : LEVEL_NONE;
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Length of an ANSI colour sequence at p, or 0. */
static size_t sgr_length(struct str s)
{
    size_t i = 2;

    if (s.n < 3 || s.p[0] != '\x1b' || s.p[1] != '[')
        return 0;
    while (i < s.n && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == ';'))
        i++;
    return i < s.n && s.p[i] == 'm' ? i + 1 : 0;
}

/* Does the word before `at` stand alone: "[warn]", "warn:", "WARN " but not "warn about". */
static enum level level_of_word(struct str word, bool bracketed, char next)
{
    bool upper = true;

    for (size_t i = 0; i < word.n; i++)
        upper = upper && word.p[i] < 'a';
    if (next != ':' && next != ']' && next != '|' && next != ')' && !(upper && word.n > 1) &&
        !bracketed)
        return LEVEL_NONE;
    if (word.n == 1 && !(bracketed && next == ']'))
        return LEVEL_NONE;
    return level_from_text(word);
}

/* Walks over what may stand before a level (time stamps, brackets, colours, a few names in brackets) and
 * looks at the words. Gives up at the second word that is no level, or after 96 bytes. */
static enum level prefix_level(struct str line)
{
    size_t i = 0, limit = line.n < 96 ? line.n : 96;
    int strangers = 0;
    bool bracketed = false;

    while (i < limit && strangers < 2) {
        size_t skip = sgr_length(str_of(line.p + i, line.n - i));
        if (skip || !is_letter(line.p[i])) {
            bracketed = skip ? bracketed : line.p[i] == '[' || line.p[i] == '(' || line.p[i] == '<';
            i += skip ? skip : 1;
            continue;
        }
        size_t end = i;
        while (end < line.n && is_letter(line.p[end]))
            end++;
        size_t after = end + sgr_length(str_of(line.p + end, line.n - end));
        char next = after < line.n ? line.p[after] : ' ';
        bool part_of_stamp = i > 0 && line.p[i - 1] >= '0' && line.p[i - 1] <= '9';
        bool scheme = str_starts(str_of(line.p + end, line.n - end), STR("://")); /* http://… */
        enum level level = part_of_stamp || scheme
                               ? LEVEL_NONE
                               : level_of_word(str_of(line.p + i, end - i), bracketed, next);
        if (level != LEVEL_NONE)
            return level;
        strangers += !part_of_stamp && !bracketed;
        bracketed = bracketed && next != ']' && next != ')' && next != '>';
        i = end;
    }
    return LEVEL_NONE;
}

enum level parse_level(struct str line)
{
    if (line.n && line.p[0] == '{') {
        enum level level = json_level(line);
        if (level != LEVEL_NONE)
            return level;
    }
    return prefix_level(line);
}

static int clean(struct str *text, struct arena *scratch)
{
    struct buf out = {0};

    utf8_add_clean(&out, *text);
    int err = buf_error(&out);
    if (err == 0) {
        struct str copy = arena_copy(scratch, buf_str(&out));
        err = copy.p ? 0 : -ENOMEM;
        *text = copy;
    }
    buf_fini(&out);
    return err;
}

int parse_line(struct record *r, struct str raw, struct arena *scratch, bool *ret_replaced)
{
    struct str text = raw;
    bool replace = utf8_valid_prefix(raw) < raw.n;

    if (replace) {
        int err = clean(&text, scratch);
        if (err < 0)
            return err;
    }
    r->message = text;
    r->level = parse_level(text);
    if (r->level == LEVEL_NONE)
        r->level = r->stream == STREAM_STDERR ? LEVEL_ERROR : LEVEL_INFO;
    *ret_replaced = replace;
    return 0;
}
