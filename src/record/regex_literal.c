/* SPDX-License-Identifier: MIT
 *
 * regex_literal.c - which text must be there for a pattern to match.
 *
 * The pattern is read from left to right at its top level. Plain characters gather in a run;
 * anything else ends it: a class, a group, a dot, an anchor. A character that may be absent
 * (followed by ? * or {) is taken out of its run again. The longest run wins. Each alternative at
 * the top level has a literal of its own, one of which must be there; where one has none, or
 * something this does not know comes (inline options, numbered escapes, \Q), there are none at all:
 * too short a text only costs time, a wrong one would cost lines.
 *
 * Without case only ASCII is compared, but Unicode folds the Kelvin sign to k and the long s to s:
 * so those two letters, and all of non-ASCII, end a run when flag i is given.
 */
#include "record/regex.h"

struct runs {
    struct str rest;
    char *run, *best;
    size_t run_n, last_n, best_n; /* last_n: bytes of the run's last character */
    bool fold;
};

static void end_run(struct runs *r)
{
    if (r->run_n > r->best_n) {
        memcpy(r->best, r->run, r->run_n);
        r->best_n = r->run_n;
    }
    r->run_n = r->last_n = 0;
}

static void drop_last(struct runs *r)
{
    r->run_n -= r->last_n;
    r->last_n = 0;
    end_run(r);
}

static size_t char_length(struct str s)
{
    size_t n = 1;

    while (n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n++;
    return n;
}

static void skip(struct runs *r, size_t n)
{
    n = n < r->rest.n ? n : r->rest.n;
    r->rest = str_of(r->rest.p + n, r->rest.n - n);
}

static void take_char(struct runs *r)
{
    size_t n = char_length(r->rest);
    char c = r->rest.p[0];

    if (r->fold) {
        c = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        if ((unsigned char)c >= 0x80 || c == 'k' || c == 's') {
            end_run(r);
            skip(r, n);
            return;
        }
    }
    memcpy(r->run + r->run_n, r->rest.p, n);
    r->run[r->run_n] = c;
    r->run_n += n;
    r->last_n = n;
    skip(r, n);
}

/* Behind a class, whose [ is at the front. False when it has no end. */
static bool skip_class(struct runs *r)
{
    size_t i = 1;

    i += i < r->rest.n && r->rest.p[i] == '^';
    i += i < r->rest.n && r->rest.p[i] == ']';
    for (; i < r->rest.n && r->rest.p[i] != ']'; i++) {
        if (r->rest.p[i] == '\\')
            i++;
        else if (r->rest.p[i] == '[')
            return false; /* perhaps [:alpha:]: not looked into */
    }
    if (i >= r->rest.n)
        return false;
    skip(r, i + 1);
    return true;
}

/* Behind a group, whose ( is at the front. False for what is more than a group. */
static bool skip_group(struct runs *r)
{
    int depth = 0;

    while (r->rest.n) {
        char c = r->rest.p[0];
        if (str_starts(r->rest, STR("(*")) || str_starts(r->rest, STR("\\Q")))
            return false;
        if (str_starts(r->rest, STR("(?")) && !str_starts(r->rest, STR("(?:")))
            return false;
        if (c == '[') {
            if (!skip_class(r))
                return false;
            continue;
        }
        skip(r, c == '\\' ? 2 : 1);
        depth += (c == '(') - (c == ')');
        if (depth == 0)
            return true;
    }
    return false;
}

/* An escape at the front: punctuation stands for itself, a few letters for classes and places. */
static bool take_escape(struct runs *r)
{
    unsigned char c = r->rest.n > 1 ? (unsigned char)r->rest.p[1] : 'Q';
    bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

    skip(r, 1);
    if (!letter && !(c >= '0' && c <= '9')) {
        take_char(r);
        return true;
    }
    end_run(r);
    skip(r, 1);
    return c && strchr("dDwWsSbBAzZhHvVRXntrfea", c);
}

static bool step(struct runs *r)
{
    switch (r->rest.p[0]) {
    case '\\':
        return take_escape(r);
    case '[':
        end_run(r);
        return skip_class(r);
    case '(':
        end_run(r);
        return skip_group(r);
    case ')':
        return false;
    case '?':
    case '*':
    case '{':
        drop_last(r);
        if (r->rest.p[0] == '{') {
            const char *close = memchr(r->rest.p, '}', r->rest.n);
            if (!close)
                return false;
            skip(r, (size_t)(close - r->rest.p));
        }
        skip(r, 1);
        return true;
    case '+':
    case '.':
    case '^':
    case '$':
        end_run(r);
        skip(r, 1);
        return true;
    default:
        take_char(r);
        return true;
    }
}

/* The literal of the alternative at the front, whose | is taken off, too. False: there is none. */
static bool take_branch(struct runs *r)
{
    r->run_n = r->last_n = r->best_n = 0;
    while (r->rest.n && r->rest.p[0] != '|')
        if (!step(r))
            return false;
    end_run(r);
    return r->best_n > 0;
}

uint32_t regex_literals(struct arena *a, struct str pattern, struct str flags,
                        struct str ret[REGEX_LITERALS_MAX])
{
    struct runs r = {.rest = pattern, .fold = flags.n && memchr(flags.p, 'i', flags.n)};
    uint32_t n = 0;
    bool more = true;

    if (flags.n && memchr(flags.p, 'x', flags.n))
        return 0;
    r.run = arena_alloc(a, pattern.n + 1);
    while (more) {
        r.best = arena_alloc(a, r.rest.n + 1);
        if (!r.run || !r.best || n == REGEX_LITERALS_MAX || !take_branch(&r))
            return 0;
        ret[n++] = str_of(r.best, r.best_n);
        more = r.rest.n > 0;
        skip(&r, more);
        if (more && r.rest.n == 0) /* an empty alternative at the end */
            return 0;
    }
    return n;
}

/* --- can many lines be searched at once? --- */

/* Behind an escape whose meaning does not change where a text is one of many lines. */
static bool skip_escape(struct runs *r)
{
    unsigned char c = r->rest.n > 1 ? (unsigned char)r->rest.p[1] : 0;
    bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

    skip(r, 2);
    return c && !(c >= '0' && c <= '9') && (!letter || strchr("dDwWsSbBhHvVtnrfeapPx", c));
}

bool regex_sees_lines(struct str pattern, struct str flags)
{
    struct runs r = {.rest = pattern};
    char before = 0;

    if (flags.n && memchr(flags.p, 'x', flags.n))
        return false;
    while (r.rest.n) {
        char c = r.rest.p[0];
        bool group = c == '(' && r.rest.n > 1 && (r.rest.p[1] == '?' || r.rest.p[1] == '*');
        if (group && !str_starts(r.rest, STR("(?:")))
            return false;
        if (c == '+' && before && strchr("?*+}", before)) /* gives nothing back */
            return false;
        before = c == '\\' ? 0 : c;
        if (c == '\\' ? !skip_escape(&r) : c == '[' && !skip_class(&r))
            return false;
        if (c != '\\' && c != '[')
            skip(&r, group ? 3 : 1);
    }
    return true;
}
