/* SPDX-License-Identifier: MIT
 *
 * plain.c - skipping terminal sequences without cutting a character in two.
 */
#include "record/plain.h"

static bool in_range(struct str s, size_t i, char low, char high)
{
    return i < s.n && s.p[i] >= low && s.p[i] <= high;
}

/* CSI: parameters, intermediates, a final byte. An unfinished one ends where it stops fitting. */
static size_t control_sequence(struct str s)
{
    size_t i = 2;

    while (in_range(s, i, 0x20, 0x3f))
        i++;
    return in_range(s, i, 0x40, 0x7e) ? i + 1 : i;
}

/* OSC and its like run to BEL or ESC \; an unfinished one to the end. */
static size_t control_string(struct str s)
{
    size_t i = 2;

    while (i < s.n && s.p[i] != '\a' && !(s.p[i] == '\x1b' && in_range(s, i + 1, '\\', '\\')))
        i++;
    return i == s.n ? i : s.p[i] == '\a' ? i + 1 : i + 2;
}

/* Length of the sequence at the start of s, whose first byte is ESC. */
static size_t sequence(struct str s)
{
    if (in_range(s, 1, '[', '['))
        return control_sequence(s);
    if (s.n > 1 && s.p[1] && strchr("]PX^_", s.p[1]))
        return control_string(s);
    return in_range(s, 1, 0x20, 0x7e) ? 2 : 1;
}

struct str plain_text(struct str message, struct buf *scratch)
{
    const char *esc = message.n ? memchr(message.p, '\x1b', message.n) : NULL;
    struct str rest = message;

    if (!esc)
        return message;
    buf_clear(scratch);
    while (esc) {
        size_t before = (size_t)(esc - rest.p);
        size_t n = sequence(str_of(esc, rest.n - before));
        buf_add(scratch, rest.p, before);
        rest = str_of(esc + n, rest.n - before - n);
        esc = rest.n ? memchr(rest.p, '\x1b', rest.n) : NULL;
    }
    buf_add_str(scratch, rest);
    return buf_error(scratch) == 0 ? buf_str(scratch) : message;
}
