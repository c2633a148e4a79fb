/* SPDX-License-Identifier: MIT
 *
 * line.c - memchr does the work; the carry is the exception.
 */
#include "record/line.h"

#include "record/record.h"

void line_start(struct line_splitter *s, uint64_t at)
{
    buf_clear(&s->carry);
    s->carry_used = false;
    s->part = 0;
    s->line_end = at;
}

void line_fini(struct line_splitter *s)
{
    buf_fini(&s->carry);
}

static void forget_used_carry(struct line_splitter *s)
{
    if (s->carry_used)
        buf_clear(&s->carry);
    s->carry_used = false;
}

/* Hands out `text` (which took `taken` bytes of the stream) and counts the parts. */
static int hand_out(struct line_splitter *s, struct str text, size_t taken, bool last,
                    struct line *ret)
{
    uint32_t part = last && s->part == 0 ? 0 : s->part + 1;

    if (last && text.n && text.p[text.n - 1] == '\r')
        text.n--;
    s->part = last ? 0 : part;
    s->line_end += taken;
    *ret = (struct line){.text = text, .part = part, .last = last};
    return 1;
}

/* The line goes on beyond this piece, or began before it: gather it in the carry. */
static int gather(struct line_splitter *s, struct str *bytes, const char *lf, struct line *ret)
{
    size_t n = lf ? (size_t)(lf - bytes->p) : bytes->n;
    size_t room = RECORD_MESSAGE_MAX - s->carry.n;
    bool too_long = n > room;

    if (too_long)
        n = room;
    buf_add(&s->carry, bytes->p, n);
    int err = buf_error(&s->carry);
    if (err < 0)
        return err;
    bool ended = lf && !too_long;
    *bytes = str_of(bytes->p + n + ended, bytes->n - n - ended);
    if (!ended && !too_long)
        return 0;
    s->carry_used = true;
    return hand_out(s, buf_str(&s->carry), s->carry.n + ended, ended, ret);
}

int line_next(struct line_splitter *s, struct str *bytes, struct line *ret)
{
    forget_used_carry(s);
    if (bytes->n == 0)
        return 0;
    const char *lf = memchr(bytes->p, '\n', bytes->n);
    size_t n = lf ? (size_t)(lf - bytes->p) : bytes->n;

    if (s->carry.n || !lf || n > RECORD_MESSAGE_MAX)
        return gather(s, bytes, lf, ret);
    struct str text = str_of(bytes->p, n);
    *bytes = str_of(lf + 1, bytes->n - n - 1);
    return hand_out(s, text, n + 1, true, ret);
}

int line_take(struct line_splitter *s, struct str *bytes, struct line *ret)
{
    const char *lf = bytes->n ? memchr(bytes->p, '\n', bytes->n) : NULL;
    size_t n = lf ? (size_t)(lf - bytes->p) : bytes->n;
    struct str text = str_of(bytes->p, n);
    bool too_long = n > RECORD_MESSAGE_MAX;

    if (!lf && !too_long)
        return 0;
    if (too_long)
        text.n = RECORD_MESSAGE_MAX;
    size_t taken = text.n + !too_long;
    *bytes = str_of(bytes->p + taken, bytes->n - taken);
    return hand_out(s, text, taken, !too_long, ret);
}

int line_finish(struct line_splitter *s, struct line *ret)
{
    forget_used_carry(s);
    if (s->carry.n == 0)
        return 0;
    s->carry_used = true;
    struct str text = buf_str(&s->carry);
    hand_out(s, text, text.n, true, ret);
    ret->text = text;
    ret->unterminated = true;
    return 1;
}

void line_skip(struct line_splitter *s, uint64_t n)
{
    forget_used_carry(s);
    lm_assert(s->carry.n == 0);
    s->part = 0;
    s->line_end += n;
}
