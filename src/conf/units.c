/* SPDX-License-Identifier: MIT
 *
 * units.c - a number and a unit, out of one table each.
 */
#include "conf/units.h"

struct unit {
    const char *name;
    uint64_t factor;
};

/* Largest first, so that writing finds the shortest form. */
static const struct unit size_units[] = {
    {"TiB", 1ull << 40},
    {"TB", 1000000000000ull},
    {"GiB", 1ull << 30},
    {"GB", 1000000000ull},
    {"MiB", 1ull << 20},
    {"MB", 1000000ull},
    {"KiB", 1ull << 10},
    {"kB", 1000ull},
    {"KB", 1000ull},
    {"B", 1},
    {"", 1},
};
static const struct unit duration_units[] = {
    {"y", 31536000000ull}, {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool parse(struct str text, const struct unit *units, size_t n, uint64_t *ret_value)
{
    uint64_t number, product;
    size_t digits = 0;

    while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
        digits++;
    if (!str_to_u64(str_of(text.p, digits), &number))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!str_is(str_of(text.p + digits, text.n - digits), units[i].name))
            continue;
        if (__builtin_mul_overflow(number, units[i].factor, &product))
            return false;
        *ret_value = product;
        return true;
    }
    return false;
}

static void write_exact(struct buf *b, uint64_t value, const struct unit *units, size_t n)
{
    size_t i = 0;

    while (i + 1 < n && (value == 0 || value % units[i].factor != 0))
        i++;
    buf_add_u64(b, value / units[i].factor);
    buf_add_str(b, str_from(units[i].name));
}

bool size_parse(struct str text, uint64_t *ret_bytes)
{
    return parse(text, size_units, COUNT(size_units), ret_bytes);
}

bool duration_parse(struct str text, uint64_t *ret_ms)
{
    return parse(text, duration_units, COUNT(duration_units), ret_ms);
}

void size_write(struct buf *b, uint64_t bytes)
{
    write_exact(b, bytes, size_units, COUNT(size_units));
}

void duration_write(struct buf *b, uint64_t ms)
{
    write_exact(b, ms, duration_units, COUNT(duration_units));
}
