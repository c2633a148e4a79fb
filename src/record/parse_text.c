/* SPDX-License-Identifier: MIT
 *
 * parse_text.c - a line that was written for people: what stands in front of it.
 *
 * Nearly every format starts with some of: a time stamp, a level, names (thread, logger, host,
 * program), a separator. The stamp is read by stamp.c; behind it the words are looked at one by one
 * until one stands like a level or too many strangers have come. What makes a word stand like a
 * level:
 *
 *     WARN  ERROR -        upper case, alone
 *     warn:  Warning:      with a colon and a space behind
 *     [error]  <info>  (W) in brackets of its own
 *     12:00:00, Info       right behind the stamp, in a column of its own
 *     level=warn "level":"warn"   named
 *
 * The text is not changed: no layout can be taken apart without guessing which part is the message,
 * and what was written stays findable as it was written.
 */
#include "record/parse_impl.h"

enum {
    FIRST_TOKEN = 64,    /* a stamp is looked for behind a token no longer than this */
    WINDOW = 128,        /* bytes behind the stamp that are looked at */
    STRANGERS = 1,       /* tokens that may come before the level ... */
    STRANGERS_TIMED = 4, /* ... when the line started with a stamp, */
    STRANGERS_RAS = 8,   /* ... or with the long header of a supercomputer */
};

enum kind { OTHER, LETTER, DIGIT, SPACE, OPEN, CLOSE };

static enum kind kind_of(char c)
{
    if (((unsigned char)c | 0x20u) - 'a' < 26)
        return LETTER;
    switch (c) {
    case ' ':
    case '\t':
        return SPACE;
    case '[':
    case '(':
    case '<':
        return OPEN;
    case ']':
    case ')':
    case '>':
        return CLOSE;
    default:
        return c == '_' || (c >= '0' && c <= '9') ? DIGIT : OTHER;
    }
}

/* Beyond its end a line goes on with spaces. */
static enum kind kind_at(struct str s, size_t i)
{
    return i < s.n ? kind_of(s.p[i]) : SPACE;
}

static char at(struct str s, size_t i)
{
    return i < s.n ? s.p[i] : ' ';
}

/* --- one word --- */

struct word {
    struct str line;
    size_t start, end; /* letters */
    size_t after;      /* end, behind colours */
    bool bracketed;    /* an opening bracket stands right in front */
    bool first;        /* right behind the stamp, or in front of everything */
    bool leading;      /* in front of everything */
    bool upper;
};

static bool closes(const struct word *w)
{
    size_t i = w->after;

    while (at(w->line, i) == ' ' && i < w->line.n)
        i++;
    return i < w->line.n && kind_at(w->line, i) == CLOSE;
}

/* "[I 2026...", "[info: ", "[ERROR|" */
static bool opens_header(const struct word *w)
{
    char next = at(w->line, w->after);
    return next == ':' || next == '|' || next == '/' ||
           (next == ' ' && kind_at(w->line, w->after + 1) == DIGIT);
}

static bool has_colon(const struct word *w)
{
    if (at(w->line, w->after) != ':')
        return false;
    size_t next =
        w->after + 1 + parse_colour(str_of(w->line.p + w->after + 1, w->line.n - w->after - 1));
    return kind_at(w->line, next) == SPACE || (w->upper && at(w->line, next) != ':');
}

/* Nothing goes on behind it: not "ERROR_CODE", "INFO-7", "error.log". */
static bool stands_alone(const struct word *w)
{
    enum kind next = kind_at(w->line, w->after);
    char c = at(w->line, w->after);

    if (next == SPACE || next == CLOSE || c == ':' || c == '|' || c == ',' || w->after > w->end)
        return true;
    enum kind then = kind_at(w->line, w->after + 1);
    return c == '[' || (c == '-' && then == SPACE) || (c == '/' && then == LETTER);
}

static bool in_column(const struct word *w)
{
    char next = at(w->line, w->after);
    return w->first && (next == '\t' || (next == ' ' && at(w->line, w->after + 1) == ' '));
}

static enum level level_of_word(const struct word *w)
{
    const struct level_word *known =
        level_word_find(str_of(w->line.p + w->start, w->end - w->start));

    if (!known)
        return LEVEL_NONE;
    bool letter = known->n == 1; /* (C) is a copyright */
    bool bracketed = w->bracketed && (!letter || w->line.p[w->start - 1] == '[');
    bool marked = bracketed && (closes(w) || opens_header(w));
    if (!marked && known->place >= (w->leading ? LEVEL_LEADING : LEVEL_MARKED))
        marked = has_colon(w);
    if (!marked && known->place == LEVEL_ANYWHERE)
        marked = (w->upper && stands_alone(w)) || in_column(w) ||
                 (at(w->line, w->after) == '|' && w->first);
    return marked ? (enum level)known->level : LEVEL_NONE;
}

/* --- `level=warn`, `"level":"warn"` in a line that is neither logfmt nor JSON --- */

static enum level level_of_name(struct str line, size_t start, size_t end)
{
    const struct parse_key *key = parse_key_find(str_of(line.p + start, end - start));
    bool folded;

    if (!key || key->kind != PARSE_KEY_LEVEL)
        return LEVEL_NONE;
    end += at(line, end) == '"';
    if (at(line, end) != '=' && at(line, end) != ':')
        return LEVEL_NONE;
    do
        end++;
    while (at(line, end) == '"' || at(line, end) == '\'');
    size_t stop = end;
    while (kind_at(line, stop) == LETTER) /* numbers are left alone: too many scales are in use */
        stop++;
    return parse_level_value(PARSE_KEY_LEVEL, str_of(line.p + end, stop - end), &folded);
}

/* --- the search --- */

struct search {
    struct str line;
    size_t i, limit;
    int strangers; /* still allowed */
    bool first;    /* no word has come yet */
    bool timed;    /* the search began behind a stamp */
    bool in_token; /* the present token already counts as a stranger */
    int depth;     /* of brackets: what is inside does not count */
};

static enum level try_word(struct search *s)
{
    size_t end = s->i;
    bool upper = true;

    for (; kind_at(s->line, end) == LETTER; end++)
        upper = upper && s->line.p[end] < 'a';
    struct word w = {.line = s->line,
                     .start = s->i,
                     .end = end,
                     .after = end,
                     .first = s->first,
                     .leading = s->first && !s->timed,
                     .upper = upper && end - s->i > 1};
    w.bracketed = s->i > 0 && (kind_at(s->line, s->i - 1) == OPEN ||
                               (s->depth > 0 && s->line.p[s->i - 1] == ':')); /* [core:error] */
    w.after += parse_colour(str_of(s->line.p + end, s->line.n - end));
    bool glued = s->i > 0 &&
                 (kind_at(s->line, s->i - 1) == DIGIT || memchr("/=-\\", s->line.p[s->i - 1], 4));
    enum level level = glued ? LEVEL_NONE : level_of_word(&w);
    if (level == LEVEL_NONE && !glued)
        level = level_of_name(s->line, s->i, end);
    if (level == LEVEL_NONE && s->depth == 0 && !s->in_token) {
        s->strangers--;
        s->in_token = true;
    }
    s->first = false;
    s->i = end;
    return level;
}

static enum level search_level(struct search *s)
{
    while (s->i < s->limit && s->strangers >= 0) {
        size_t skip = parse_colour(str_of(s->line.p + s->i, s->line.n - s->i));
        enum kind kind = skip ? OTHER : kind_at(s->line, s->i);
        enum level level;
        if (kind == LETTER && (level = try_word(s)) != LEVEL_NONE)
            return level;
        if (kind == LETTER)
            continue;
        if (kind == SPACE)
            s->in_token = false;
        s->depth += (kind == OPEN) - (kind == CLOSE && s->depth > 0);
        s->i += skip ? skip : 1;
    }
    return LEVEL_NONE;
}

/* --- formats whose level is one letter in a fixed place --- */

/* The first letter of klog's lines stands right before the date. */
static bool is_klog(struct str line)
{
    return line.n > 8 && kind_at(line, 0) == LETTER && kind_at(line, 1) == DIGIT &&
           line.p[5] == ' ' && line.p[8] == ':';
}

/* klog: "I0102 15:04:05.123456", Ruby: "I, [2026-", Android's short form: "I/Tag( 123):" */
static enum level level_of_letter(struct str line)
{
    bool ruby = line.n > 4 && line.p[1] == ',' && line.p[2] == ' ' && line.p[3] == '[';
    bool android = line.n > 4 && line.p[1] == '/' && kind_at(line, 2) == LETTER &&
                   memchr(line.p, '(', line.n < 40 ? line.n : 40);

    if ((!is_klog(line) && !ruby && !android) || line.p[0] < 'A' || line.p[0] > 'Z')
        return LEVEL_NONE;
    return level_from_text(str_of(line.p, 1));
}

/* " 1702  2395 D Tag: " behind Android's stamp. */
static enum level level_of_logcat(struct str line, size_t i)
{
    for (int numbers = 0; numbers < 2; numbers++) {
        while (i < line.n && line.p[i] == ' ')
            i++;
        while (i < line.n && kind_at(line, i) == DIGIT)
            i++;
    }
    bool alone = i + 2 < line.n && line.p[i] == ' ' && line.p[i + 2] == ' ';
    return alone ? level_from_text(str_of(line.p + i + 1, 1)) : LEVEL_NONE;
}

/* --- stamps --- */

/* A stamp where one may stand. Returns its end, 0 when there is none; *start is where it begins. */
static size_t stamp_at(struct str line, size_t i, struct stamp *stamp, size_t *start)
{
    size_t n = i < line.n ? stamp_read(str_of(line.p + i, line.n - i), stamp) : 0;
    *start = n ? i : 0;
    return n ? i + n : 0;
}

/* `host ident user [10/Oct/2000:13:55:36 -0700]` */
static size_t find_access_stamp(struct str line, struct stamp *stamp, size_t *start)
{
    size_t limit = line.n < WINDOW ? line.n : WINDOW;
    const char *open = limit > 24 ? memchr(line.p, '[', limit - 24) : NULL;

    if (!open || open[3] != '/')
        return 0;
    return stamp_at(line, (size_t)(open - line.p) + 1, stamp, start);
}

/* In the first token, in the second, or in the brackets of an access log. */
static size_t find_stamp(struct str line, struct stamp *stamp, size_t *start)
{
    size_t i = 0, skip, end;

    while (i < line.n && (skip = parse_colour(str_of(line.p + i, line.n - i))))
        i += skip;
    i += i < line.n && (kind_at(line, i) == OPEN || is_klog(line));
    if ((end = stamp_at(line, i, stamp, start)))
        return end;
    size_t limit = line.n < i + FIRST_TOKEN ? line.n : i + FIRST_TOKEN;
    while (i < limit && kind_at(line, i) != SPACE)
        i++;
    while (i < limit && (kind_at(line, i) == SPACE || kind_at(line, i) == OPEN))
        i++;
    if (kind_at(line, i) == DIGIT && (end = stamp_at(line, i, stamp, start)))
        return end;
    return find_access_stamp(line, stamp, start);
}

static enum level level_between(struct str line, size_t from, size_t to, int strangers)
{
    struct search s = {
        .line = line, .i = from, .strangers = strangers, .first = true, .timed = from > 0};

    s.limit = to - from < WINDOW ? to : from + WINDOW;
    return search_level(&s);
}

void parse_text(const struct reading *in, struct str line, struct said *ret)
{
    struct stamp stamp = {0};
    size_t start = 0, end = find_stamp(line, &stamp, &start);
    int strangers = !end ? STRANGERS : stamp.is_epoch ? STRANGERS_RAS : STRANGERS_TIMED;

    said_begin(ret, line);
    ret->level = level_of_letter(line);
    if (end)
        ret->timed = stamp_time(&stamp, in->zone, in->read_us, &ret->time_us);
    if (stamp.is_logcat)
        ret->level = level_of_logcat(line, end);
    if (ret->level == LEVEL_NONE && start > 1)
        ret->level = level_between(line, 0, start, STRANGERS);
    if (ret->level == LEVEL_NONE)
        ret->level = level_between(line, end, line.n, strangers);
}

enum level parse_text_level(struct str text)
{
    const struct reading in = {0};
    struct said said;

    parse_text(&in, text, &said);
    return said.level;
}
