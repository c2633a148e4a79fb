/* SPDX-License-Identifier: MIT
 *
 * format.c - one conversion after the other, or none at all.
 */
#include "client/format.h"

#include <sys/types.h>

/* Where the text goes and where the arguments come from. `p` NULL: too long, or not ours to
 * format. */
struct pen {
    char *p, *end;
    va_list args;
};

enum length { LENGTH_INT, LENGTH_LONG, LENGTH_LONG_LONG, LENGTH_SIZE };

static void write_text(struct pen *pen, const char *text, size_t n)
{
    if (!pen->p || n > (size_t)(pen->end - pen->p)) {
        pen->p = NULL;
        return;
    }
    memcpy(pen->p, text, n);
    pen->p += n;
}

static void write_number(struct pen *pen, uint64_t value, unsigned base, bool minus)
{
    char digits[24];
    char *at = digits + sizeof digits;

    do {
        *--at = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (minus)
        *--at = '-';
    write_text(pen, at, (size_t)(digits + sizeof digits - at));
}

static int64_t take_signed(struct pen *pen, enum length length)
{
    switch (length) {
    case LENGTH_LONG:
        return va_arg(pen->args, long);
    case LENGTH_LONG_LONG:
        return va_arg(pen->args, long long);
    case LENGTH_SIZE:
        return va_arg(pen->args, ssize_t);
    default:
        return va_arg(pen->args, int);
    }
}

static uint64_t take_unsigned(struct pen *pen, enum length length)
{
    switch (length) {
    case LENGTH_LONG:
        return va_arg(pen->args, unsigned long);
    case LENGTH_LONG_LONG:
        return va_arg(pen->args, unsigned long long);
    case LENGTH_SIZE:
        return va_arg(pen->args, size_t);
    default:
        return va_arg(pen->args, unsigned);
    }
}

/* precision < 0: none. */
static void write_string(struct pen *pen, int precision)
{
    const char *text = va_arg(pen->args, const char *);

    if (!text) /* what the C library makes of it depends on the precision */
        pen->p = NULL;
    else
        write_text(pen, text, precision < 0 ? strlen(text) : strnlen(text, (size_t)precision));
}

/* ".12" or ".*" at *p; -1 when there is none. */
static int read_precision(const char **p, struct pen *pen)
{
    int n = 0;

    if (**p != '.')
        return -1;
    ++*p;
    if (**p == '*') {
        ++*p;
        return va_arg(pen->args, int);
    }
    for (; **p >= '0' && **p <= '9' && n < 100000; ++*p)
        n = 10 * n + (**p - '0');
    return n;
}

static enum length read_length(const char **p)
{
    if (**p == 'z') {
        ++*p;
        return LENGTH_SIZE;
    }
    if (**p != 'l')
        return LENGTH_INT;
    ++*p;
    if (**p != 'l')
        return LENGTH_LONG;
    ++*p;
    return LENGTH_LONG_LONG;
}

static void write_signed(struct pen *pen, int64_t value)
{
    write_number(pen, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, value < 0);
}

/* p is behind the '%'; the result is behind the conversion. */
static const char *convert(struct pen *pen, const char *p)
{
    const char *start = p;
    int precision = read_precision(&p, pen);
    enum length length = read_length(&p);
    bool bare = p == start;

    if (*p == 's' && length == LENGTH_INT)
        write_string(pen, precision);
    else if (*start == '.')
        pen->p = NULL;
    else if (*p == 'd' || *p == 'i')
        write_signed(pen, take_signed(pen, length));
    else if (*p == 'u' || *p == 'x')
        write_number(pen, take_unsigned(pen, length), *p == 'u' ? 10 : 16, false);
    else if (*p == 'c' && bare)
        write_text(pen, &(char){(char)va_arg(pen->args, int)}, 1);
    else if (*p == '%' && bare)
        write_text(pen, "%", 1);
    else
        pen->p = NULL;
    return p + 1;
}

int format_plain(char *out, size_t size, const char *format, va_list args)
{
    struct pen pen = {.p = out, .end = out + size};

    va_copy(pen.args, args);
    while (pen.p && *format) {
        const char *percent = strchrnul(format, '%');
        write_text(&pen, format, (size_t)(percent - format));
        format = percent;
        if (pen.p && *percent)
            format = convert(&pen, percent + 1);
    }
    va_end(pen.args);
    return pen.p ? (int)(pen.p - out) : -1;
}
