/* SPDX-License-Identifier: MIT
 *
 * push_split.c - lines by memchr, values by counting brackets outside of strings.
 *
 * Every step either ends a value inside the piece (its text is then carry + front of the piece) or
 * swallows the piece into the carry. What is too long stops being gathered, but its end is still
 * looked for.
 */
#include "source/push_split.h"

enum { DEPTH_KNOWN = 64 }; /* deeper, kinds are not remembered; no reader takes such a text */

void push_split_fini(struct push_split *s)
{
    buf_fini(&s->carry);
}

const char *push_fault_text(enum push_fault fault)
{
    static const char *const texts[] = {
        [PUSH_FINE] = "",
        [PUSH_TOO_LONG] = "longer than 1 MiB",
        [PUSH_CUT] = "not a whole JSON object",
        [PUSH_BROKEN] = "the array is not well-formed from here on; the rest was not read",
    };
    return texts[fault];
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str skip_space(struct str s)
{
    while (s.n && is_space(*s.p))
        s = str_of(s.p + 1, s.n - 1);
    return s;
}

/* The first n bytes of the piece belong to the present text. */
static int gather(struct push_split *s, struct str *bytes, size_t n)
{
    if (s->too_long || s->carry.n + n > PUSH_RECORD_MAX)
        s->too_long = true;
    else
        buf_add(&s->carry, bytes->p, n);
    *bytes = str_of(bytes->p + n, bytes->n - n);
    return buf_error(&s->carry);
}

/* The present text ends after n more bytes. */
static int hand_out(struct push_split *s, struct str *bytes, size_t n, enum push_fault fault,
                    struct push_text *ret)
{
    struct str text = str_of(bytes->p, n);
    int err = 0;

    if (s->carry.n || s->too_long || n > PUSH_RECORD_MAX) {
        err = gather(s, bytes, n);
        s->carry_used = true;
        text = buf_str(&s->carry);
    } else {
        *bytes = str_of(bytes->p + n, bytes->n - n);
    }
    *ret =
        s->too_long ? (struct push_text){.fault = PUSH_TOO_LONG} : (struct push_text){text, fault};
    s->inside = s->in_string = s->escaped = s->too_long = false;
    s->depth = 0;
    return err < 0 ? err : 1;
}

/* --- lines --- */

static bool is_blank(struct str s)
{
    return skip_space(s).n == 0;
}

static int next_line(struct push_split *s, struct str *bytes, bool last, struct push_text *ret)
{
    for (;;) {
        const char *lf = bytes->n ? memchr(bytes->p, '\n', bytes->n) : NULL;
        if (!lf && !last)
            return gather(s, bytes, bytes->n);
        if (!lf && bytes->n == 0 && s->carry.n == 0 && !s->too_long)
            return 0;
        size_t n = lf ? (size_t)(lf - bytes->p) : bytes->n;
        int err = hand_out(s, bytes, n, PUSH_FINE, ret);
        if (lf)
            *bytes = str_of(lf + 1, bytes->n - 1);
        if (err < 0 || ret->fault != PUSH_FINE || !is_blank(ret->text))
            return err;
        buf_clear(&s->carry); /* an empty line is no record */
        s->carry_used = false;
    }
}

/* --- values --- */

static bool in_object(const struct push_split *s)
{
    return s->depth > 0 && s->depth <= DEPTH_KNOWN && (s->objects & 1);
}

static void open_bracket(struct push_split *s, char c)
{
    s->depth++;
    s->objects = s->objects << 1 | (c == '{');
}

enum step { STEP_ON, STEP_END_AFTER, STEP_END_BEFORE, STEP_DAMAGE };

/* Inside a string: up to and with its end, or to what may not be there. */
static enum step step_string(struct push_split *s, char c)
{
    if (c == '\n')
        return STEP_DAMAGE;
    if (s->escaped)
        s->escaped = false;
    else if (c == '\\')
        s->escaped = true;
    else if (c == '"')
        s->in_string = false;
    return !s->in_string && s->depth == 0 ? STEP_END_AFTER : STEP_ON;
}

/* One byte of a value that has begun, or is beginning. */
static enum step step(struct push_split *s, char c)
{
    if (s->in_string)
        return step_string(s, c);
    if (c == '"') {
        s->in_string = true;
    } else if (c == '{' || c == '[') {
        if (in_object(s) && s->before != ':')
            return STEP_DAMAGE;
        open_bracket(s, c);
    } else if (c == '}' || c == ']') {
        if (s->depth == 0)
            return STEP_END_BEFORE;
        s->depth--;
        s->objects >>= 1;
        if (s->depth == 0)
            return STEP_END_AFTER;
    } else if (s->depth == 0 && (c == ',' || is_space(c))) {
        return STEP_END_BEFORE;
    }
    return STEP_ON;
}

/* The bytes of a string that say nothing, in one go. */
static size_t skip_plain(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && p[i] != '"' && p[i] != '\\' && p[i] != '\n')
        i++;
    return i;
}

/* Goes on with the value that has begun. */
static int go_on_value(struct push_split *s, struct str *bytes, bool last, struct push_text *ret)
{
    for (size_t i = 0; i < bytes->n; i++) {
        if (s->in_string && !s->escaped)
            i += skip_plain(bytes->p + i, bytes->n - i);
        if (i == bytes->n)
            break;
        char c = bytes->p[i];
        switch (step(s, c)) {
        case STEP_END_AFTER:
            return hand_out(s, bytes, i + 1, PUSH_FINE, ret);
        case STEP_END_BEFORE:
            return hand_out(s, bytes, i, PUSH_FINE, ret);
        case STEP_DAMAGE:
            return hand_out(s, bytes, i, PUSH_CUT, ret);
        case STEP_ON:
            s->before = s->in_string || is_space(c) ? s->before : c;
        }
    }
    return last ? hand_out(s, bytes, bytes->n, PUSH_CUT, ret) : gather(s, bytes, bytes->n);
}

static int broken(struct push_split *s, struct str *bytes, struct push_text *ret)
{
    s->shape = PUSH_OVER;
    s->broken = true;
    *bytes = STR_NONE;
    *ret = (struct push_text){.fault = PUSH_BROKEN};
    return 1;
}

/* Behind the end nothing but space may come; behind damage nothing is looked at. */
static int next_after_end(struct push_split *s, struct str *bytes, struct push_text *ret)
{
    *bytes = s->broken ? STR_NONE : skip_space(*bytes);
    return bytes->n ? broken(s, bytes, ret) : 0;
}

/* Between two values of an array. 1: *ret is what is wrong; 0: a value begins, or nothing is
 * left. */
static int pass_commas(struct push_split *s, struct str *bytes, struct push_text *ret)
{
    for (*bytes = skip_space(*bytes); bytes->n; *bytes = skip_space(*bytes)) {
        char c = *bytes->p;
        if (c != ',' && c != ']') {
            if (s->after_value)
                return broken(s, bytes, ret);
            return 0;
        }
        if (c == ',' ? !s->after_value : s->after_comma)
            return broken(s, bytes, ret);
        *bytes = str_of(bytes->p + 1, bytes->n - 1);
        s->after_value = false;
        s->after_comma = c == ',';
        if (c == ']') {
            s->shape = PUSH_OVER;
            return 0;
        }
    }
    return 0;
}

static int next_in_array(struct push_split *s, struct str *bytes, bool last, struct push_text *ret)
{
    if (!s->inside) {
        int n = pass_commas(s, bytes, ret);
        if (n != 0)
            return n;
        if (s->shape == PUSH_OVER)
            return next_after_end(s, bytes, ret);
        if (bytes->n == 0)
            return last ? broken(s, bytes, ret) : 0;
        s->inside = s->after_value = true;
        s->after_comma = false;
    }
    int n = go_on_value(s, bytes, last, ret);
    if (n == 1 && ret->fault == PUSH_CUT)
        return broken(s, bytes, ret);
    return n;
}

/* What begins like no object is taken to its line end. */
static int next_object(struct push_split *s, struct str *bytes, bool last, struct push_text *ret)
{
    if (!s->inside) {
        *bytes = skip_space(*bytes);
        if (bytes->n == 0)
            return 0;
        if (*bytes->p != '{' && *bytes->p != '[') {
            s->shape = PUSH_LINES;
            return next_line(s, bytes, last, ret);
        }
        s->inside = true;
    }
    return go_on_value(s, bytes, last, ret);
}

static void sniff(struct push_split *s, struct str *bytes)
{
    *bytes = skip_space(*bytes);
    if (bytes->n == 0)
        return;
    if (*bytes->p != '[') {
        s->shape = PUSH_OBJECTS;
        return;
    }
    s->shape = PUSH_ARRAY;
    *bytes = str_of(bytes->p + 1, bytes->n - 1);
}

int push_split_next(struct push_split *s, struct str *bytes, bool last, struct push_text *ret)
{
    if (s->carry_used) {
        buf_clear(&s->carry);
        s->carry_used = false;
    }
    if (s->shape == PUSH_SNIFF)
        sniff(s, bytes);
    switch (s->shape) {
    case PUSH_LINES:
        return next_line(s, bytes, last, ret);
    case PUSH_OBJECTS:
        return next_object(s, bytes, last, ret);
    case PUSH_ARRAY:
        return next_in_array(s, bytes, last, ret);
    case PUSH_OVER:
        return next_after_end(s, bytes, ret);
    case PUSH_SNIFF:
        break;
    }
    return 0;
}
