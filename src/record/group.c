/* SPDX-License-Identifier: MIT
 *
 * group.c - the shapes of lines inside stack traces, and in which order they may come.
 */
#include "record/group.h"

enum { FREE_TEXT_MAX = 3 };

/* --- openings --- */

static const struct opening {
    const char *prefix;
    const char *also; /* must occur as well */
    enum trace trace;
    enum level level;
} openings[] = {
    {"Traceback (most recent call last):", "", TRACE_PYTHON, LEVEL_ERROR},
    {"  + Exception Group Traceback", "", TRACE_PYTHON, LEVEL_ERROR},
    {"Exception in thread ", "", TRACE_EXCEPTION, LEVEL_ERROR},
    {"Unhandled exception", "", TRACE_EXCEPTION, LEVEL_FATAL},
    {"Uncaught ", "", TRACE_EXCEPTION, LEVEL_ERROR},
    {"panic: ", "", TRACE_GO, LEVEL_FATAL},
    {"fatal error: ", "", TRACE_GO, LEVEL_FATAL},
    {"goroutine ", "]:", TRACE_GO, LEVEL_ERROR},
    {"thread '", "panicked at", TRACE_RUST_TEXT, LEVEL_FATAL},
};

static bool is_name_char(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '$';
}

static size_t name_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && is_name_char(s.p[n]))
        n++;
    return n;
}

static bool ends_with(struct str s, struct str end)
{
    return s.n >= end.n && memcmp(s.p + s.n - end.n, end.p, end.n) == 0;
}

static bool contains(struct str s, struct str part)
{
    return memmem(s.p, s.n, part.p, part.n) != NULL;
}

/* "java.lang.IllegalStateException: text", "TypeError: text", with the colon or alone. */
static bool names_exception(struct str s)
{
    struct str name = str_of(s.p, name_length(s));

    if (name.n == 0 || (name.n < s.n && s.p[name.n] != ':'))
        return false;
    return name.n > 5 && (ends_with(name, STR("Exception")) || ends_with(name, STR("Error")) ||
                          ends_with(name, STR("Throwable")));
}

static const struct opening *find_opening(struct str s)
{
    if (s.n == 0 || !memchr(" TEUpfgt", s.p[0], 8))
        return NULL;
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        const struct opening *o = &openings[i];
        if (str_starts(s, str_from(o->prefix)) && contains(s, str_from(o->also)))
            return o;
    }
    return NULL;
}

enum level group_opening(struct str text)
{
    const struct opening *o = find_opening(text);

    if (o)
        return o->level;
    return names_exception(text) ? LEVEL_ERROR : LEVEL_NONE;
}

/* --- lines inside --- */

static struct str without_indent(struct str s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_of(s.p + 1, s.n - 1);
    return s;
}

/* "at f (file:1)", "at C.m(C.java:1)", "at C.M() in file:line 1", "... 9 more". */
static bool is_frame(struct str s)
{
    if (str_starts(s, STR("at ")))
        return memchr(s.p, '(', s.n) || memchr(s.p, ':', s.n);
    return str_starts(s, STR("... ")) && s.n > 4 && s.p[4] >= '0' && s.p[4] <= '9';
}

static bool continues_indented(struct group *g, struct str s)
{
    if (is_frame(s)) {
        if (g->trace == TRACE_NONE || g->trace == TRACE_EXCEPTION)
            g->trace = TRACE_FRAMES;
        return true;
    }
    if (str_starts(s, STR("Suppressed: ")) || str_starts(s, STR("Caused by: ")) ||
        str_starts(s, STR("---> "))) {
        g->trace = TRACE_EXCEPTION;
        return true;
    }
    return g->trace != TRACE_NONE;
}

/* Python's last line names the exception; a level in its place is another line's beginning. */
static bool ends_python(struct str s)
{
    size_t n = name_length(s);
    bool shaped = n > 0 && (n == s.n || (s.p[n] == ':' && (n + 1 == s.n || s.p[n + 1] == ' ')));
    return shaped && level_from_text(str_of(s.p, n)) == LEVEL_NONE;
}

static bool continues_python(struct group *g, struct str s)
{
    if (g->trace == TRACE_PYTHON && ends_python(s)) {
        g->trace = TRACE_PYTHON_END;
        return true;
    }
    if (g->trace == TRACE_PYTHON_END && str_starts(s, STR("Traceback (most recent"))) {
        g->trace = TRACE_PYTHON;
        return true;
    }
    return str_starts(s, STR("During handling of the above exception")) ||
           str_starts(s, STR("The above exception was the direct cause"));
}

/* "main.(*T).run(0xc000, {0x1, 0x2})": a name and its arguments. */
static bool is_call(struct str s)
{
    const char *open = memchr(s.p, '(', s.n);
    return open && open > s.p && s.p[s.n - 1] == ')' && !memchr(s.p, ' ', (size_t)(open - s.p));
}

static bool continues_go(struct str s)
{
    return is_call(s) || str_starts(s, STR("goroutine ")) || str_starts(s, STR("created by ")) ||
           str_starts(s, STR("[signal ")) || str_starts(s, STR("panic: ")) ||
           str_starts(s, STR("exit status ")) || str_starts(s, STR("runtime stack:"));
}

static bool continues_rust(struct group *g, struct str s)
{
    if (g->trace == TRACE_RUST_TEXT) { /* the panic's text, on the line after the announcement */
        g->trace = TRACE_RUST;
        return true;
    }
    return str_starts(s, STR("note: ")) || str_starts(s, STR("stack backtrace:"));
}

/* An exception's own text may have several lines; frames must come soon. */
static bool continues_exception(struct group *g, struct str s)
{
    bool stamped = (s.p[0] >= '0' && s.p[0] <= '9') || s.p[0] == '[' || s.p[0] == '{';
    bool levelled = level_from_text(str_of(s.p, name_length(s))) != LEVEL_NONE;
    return !stamped && !levelled && g->lines > 1 && g->free_text++ < FREE_TEXT_MAX;
}

static bool continues_kind(struct group *g, struct str s)
{
    switch (g->trace) {
    case TRACE_PYTHON:
    case TRACE_PYTHON_END:
        return continues_python(g, s);
    case TRACE_GO:
        return continues_go(s);
    case TRACE_RUST_TEXT:
    case TRACE_RUST:
        return continues_rust(g, s);
    case TRACE_EXCEPTION:
        return continues_exception(g, s);
    case TRACE_FRAMES:
        return s.p[0] == '}' || str_starts(s, STR("Node.js v"));
    case TRACE_NONE:
        break;
    }
    return false;
}

/* A logger's line of warn and above, and then the trace it is about. */
static bool follows_complaint(struct group *g, struct str s)
{
    if (!g->level_said || g->level < LEVEL_WARN || g->lines > 1)
        return false;
    const struct opening *o = find_opening(s);
    if (!o && !names_exception(s))
        return false;
    g->trace = o ? o->trace : TRACE_EXCEPTION;
    return true;
}

static bool continues(struct group *g, struct str s)
{
    if (s.n == 0)
        return g->trace != TRACE_NONE;
    if (s.p[0] == ' ' || s.p[0] == '\t')
        return continues_indented(g, without_indent(s)) || follows_complaint(g, s);
    if (str_starts(s, STR("Caused by: "))) {
        g->trace = TRACE_EXCEPTION;
        g->free_text = 0;
        return true;
    }
    return continues_kind(g, s) || follows_complaint(g, s);
}

bool group_continues(struct group *g, struct str text, int64_t read_us)
{
    if (g->lines == 0)
        return false;
    bool over = g->lines >= GROUP_LINES || read_us - g->began_us > GROUP_US ||
                read_us < g->began_us - GROUP_US;
    if (over || !continues(g, text)) {
        g->trace = TRACE_NONE;
        return false;
    }
    g->lines++;
    return true;
}

void group_inherit(const struct group *g, struct record *r)
{
    r->level = g->level;
    r->labels = g->labels;
    if (g->timed)
        r->time_us = g->time_us;
}

void group_begin(struct group *g, const struct record *r, bool said, bool timed, int64_t read_us)
{
    const struct opening *o = timed ? NULL : find_opening(r->message);
    bool exception = !timed && !o && names_exception(r->message);

    if (g->labels != r->labels) {
        labels_unref(g->labels);
        g->labels = labels_ref(r->labels);
    }
    g->trace = o ? o->trace : exception ? TRACE_EXCEPTION : TRACE_NONE;
    g->lines = 1;
    g->free_text = 0;
    g->began_us = read_us;
    g->level = r->level;
    g->level_said = said;
    g->time_us = r->time_us;
    g->timed = timed;
}

void group_fini(struct group *g)
{
    labels_unref(g->labels);
    *g = (struct group){0};
}
