/* SPDX-License-Identifier: MIT
 *
 * numeric.c - short decimals exactly by one multiplication or division, the rest by strtod().
 */
#include "record/numeric.h"

#include <stdlib.h>

enum { TEXT_MAX = 128, EXACT_POWER = 22 };

struct decimal {
    uint64_t digits; /* right when there are at most 19 */
    int count, exponent;
    bool negative;
};

static const char *take_digits(const char *p, const char *end, struct decimal *d)
{
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        d->digits = d->digits * 10 + (uint64_t)(*p - '0');
        d->count += d->digits != 0;
    }
    return p;
}

static const char *take_exponent(const char *p, const char *end, int *ret)
{
    bool negative = p < end && *p == '-';
    int value = 0;

    if (p < end && (*p == '-' || *p == '+'))
        p++;
    const char *start = p;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        value = value < 10000 ? value * 10 + (*p - '0') : value;
    *ret = negative ? -value : value;
    return p == start ? NULL : p;
}

/* False when the text is not a number. */
static bool read_decimal(struct str text, struct decimal *d)
{
    const char *p = text.p, *end = text.p + text.n, *start;
    int exponent = 0;

    d->negative = p < end && *p == '-';
    start = p += d->negative;
    p = take_digits(p, end, d);
    if (p == start)
        return false;
    if (p < end && *p == '.') {
        start = ++p;
        p = take_digits(p, end, d);
        if (p == start)
            return false;
        d->exponent = (int)(start - p);
    }
    if (p < end && (*p | 0x20) == 'e' && !(p = take_exponent(p + 1, end, &exponent)))
        return false;
    d->exponent += exponent;
    return p == end;
}

static double read_slowly(struct str text)
{
    char copy[TEXT_MAX + 1];

    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return strtod(copy, NULL);
}

struct numeric numeric_of(struct str text)
{
    static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct decimal d = {0};
    double value;

    if (text.n == 0 || text.n > TEXT_MAX || !read_decimal(text, &d))
        return (struct numeric){0};
    if (d.count > 19 || d.digits > UINT64_C(1) << 53 || abs(d.exponent) > EXACT_POWER)
        return (struct numeric){true, read_slowly(text)};
    value = (double)d.digits;
    value = d.exponent < 0 ? value / powers[-d.exponent] : value * powers[d.exponent];
    return (struct numeric){true, d.negative ? -value : value};
}

int numeric_compare(struct str a, struct str b, struct numeric b_number)
{
    struct numeric a_number = b_number.ok ? numeric_of(a) : (struct numeric){0};

    if (a_number.ok)
        return (a_number.value > b_number.value) - (a_number.value < b_number.value);
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}
