/* SPDX-License-Identifier: MIT
 *
 * zone.c - offsets, zone files (RFC 8536, the 64-bit part), and the daylight rule at their end.
 */
#include "record/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DAY_S = 86400, HEADER = 44, FILE_MAX = 256 * 1024, OFFSET_MAX = 26 * 3600 };

int64_t zone_days(int32_t year, uint32_t month, uint32_t day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    uint32_t yoe = (uint32_t)(y - era * 400);
    uint32_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + (int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

static int32_t year_of(int64_t utc_s)
{
    int32_t year = (int32_t)(1970 + utc_s / 31556952);
    while (zone_days(year, 1, 1) * DAY_S > utc_s)
        year--;
    while (zone_days(year + 1, 1, 1) * DAY_S <= utc_s)
        year++;
    return year;
}

/* --- asking --- */

/* The local second, as if it were UTC, at which a rule strikes in a year. */
static int64_t rule_second(const struct zone_day *d, int32_t year)
{
    int64_t first = zone_days(year, d->month, 1);
    int64_t weekday = (first % 7 + 11) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = first + (d->weekday + 7 - weekday) % 7 + (d->week - 1) * 7;
    int64_t next = d->month == 12 ? zone_days(year + 1, 1, 1) : zone_days(year, d->month + 1, 1);
    while (day >= next) /* week 5 means the last */
        day -= 7;
    return day * DAY_S + d->at_s;
}

static int32_t rule_offset(const struct zone *z, int64_t utc_s)
{
    int32_t year = year_of(utc_s + z->standard_s);
    int64_t start = rule_second(&z->start, year) - z->standard_s;
    int64_t end = rule_second(&z->end, year) - z->daylight_s;
    bool daylight = start < end ? utc_s >= start && utc_s < end : utc_s >= start || utc_s < end;
    return daylight ? z->daylight_s : z->standard_s;
}

int32_t zone_offset(const struct zone *z, int64_t utc_s)
{
    size_t low = 0, high = z->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (z->changes[middle].from_s <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == z->count && z->has_rule)
        return rule_offset(z, utc_s);
    return low == 0 ? z->first_s : z->changes[low - 1].offset_s;
}

int64_t zone_to_utc(const struct zone *z, int64_t local_s)
{
    int32_t before = zone_offset(z, local_s - DAY_S), after = zone_offset(z, local_s + DAY_S);

    if (zone_offset(z, local_s - before) != before && zone_offset(z, local_s - after) == after)
        return local_s - after;
    return local_s - before;
}

/* --- texts: "+01:00", "CET-1CEST,M3.5.0,M10.5.0/3" --- */

static bool take(struct str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_of(s->p + 1, s->n - 1);
    return true;
}

static bool take_number(struct str *s, uint32_t max, uint32_t *ret)
{
    uint32_t value = 0;
    size_t n = 0;

    for (; n < s->n && n < 3 && s->p[n] >= '0' && s->p[n] <= '9'; n++)
        value = value * 10 + (uint32_t)(s->p[n] - '0');
    *s = str_of(s->p + n, s->n - n);
    *ret = value;
    return n > 0 && value <= max;
}

/* "[+-]h[h][:mm[:ss]]" */
static bool take_clock(struct str *s, int32_t *ret_s)
{
    bool minus = take(s, '-');
    uint32_t part[3] = {0};

    if (!minus)
        take(s, '+');
    if (!take_number(s, 167, &part[0]))
        return false;
    for (int i = 1; i < 3 && take(s, ':'); i++)
        if (!take_number(s, 59, &part[i]))
            return false;
    int32_t seconds = (int32_t)(part[0] * 3600 + part[1] * 60 + part[2]);
    *ret_s = minus ? -seconds : seconds;
    return true;
}

/* "CET", or "<+03>" */
static bool take_name(struct str *s)
{
    bool quoted = take(s, '<');
    size_t n = 0;

    while (n < s->n &&
           (quoted ? s->p[n] != '>' : (s->p[n] | 0x20) >= 'a' && (s->p[n] | 0x20) <= 'z'))
        n++;
    *s = str_of(s->p + n, s->n - n);
    return n > 0 && (!quoted || take(s, '>'));
}

/* ",M3.5.0/2" */
static bool take_rule(struct str *s, struct zone_day *d)
{
    d->at_s = 7200;
    return take(s, ',') && take(s, 'M') && take_number(s, 12, &d->month) && d->month > 0 &&
           take(s, '.') && take_number(s, 5, &d->week) && d->week > 0 && take(s, '.') &&
           take_number(s, 6, &d->weekday) && (!take(s, '/') || take_clock(s, &d->at_s));
}

/* POSIX counts offsets west of Greenwich. A rule of another shape is left out. */
static void read_rule(struct zone *z, struct str s)
{
    int32_t west;

    if (!take_name(&s) || !take_clock(&s, &west))
        return;
    z->standard_s = -west;
    if (!take_name(&s))
        return;
    z->daylight_s = z->standard_s + 3600;
    if (s.n && s.p[0] != ',') {
        if (!take_clock(&s, &west))
            return;
        z->daylight_s = -west;
    }
    z->has_rule = take_rule(&s, &z->start) && take_rule(&s, &z->end) && s.n == 0;
}

/* --- files --- */

static int64_t get_be(const char *p, int bytes)
{
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | (unsigned char)p[i];
    return bytes == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
}

struct tz_part {
    size_t isut, isstd, leaps, times, types, chars;
};

/* The header at the front of s; the size of what follows it with times of `width` bytes. */
static bool read_header(struct str s, size_t width, struct tz_part *ret, size_t *ret_size)
{
    size_t counts[6];

    if (s.n < HEADER || memcmp(s.p, "TZif", 4) != 0)
        return false;
    for (int i = 0; i < 6; i++) {
        counts[i] = (size_t)get_be(s.p + 20 + 4 * i, 4);
        if (counts[i] > FILE_MAX)
            return false;
    }
    *ret = (struct tz_part){counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
    *ret_size = HEADER + ret->times * (width + 1) + ret->types * 6 + ret->chars +
                ret->leaps * (width + 4) + ret->isstd + ret->isut;
    return *ret_size <= s.n && ret->types > 0;
}

static int32_t type_offset(const char *types, size_t i)
{
    int64_t offset = get_be(types + 6 * i, 4);
    return offset > OFFSET_MAX || offset < -OFFSET_MAX ? 0 : (int32_t)offset;
}

static int read_file(struct zone *z, struct str s)
{
    struct tz_part part;
    size_t size;

    if (!read_header(s, 4, &part, &size) || s.p[4] < '2')
        return -LM_E_DAMAGED;
    s = str_of(s.p + size, s.n - size);
    if (!read_header(s, 8, &part, &size))
        return -LM_E_DAMAGED;
    const char *times = s.p + HEADER, *of = times + 8 * part.times, *types = of + part.times;
    z->changes = malloc((part.times + 1) * sizeof *z->changes);
    if (!z->changes)
        return -ENOMEM;
    z->first_s = type_offset(types, 0);
    for (size_t i = 0; i < part.times; i++) {
        size_t type = (unsigned char)of[i];
        if (type >= part.types)
            return -LM_E_DAMAGED;
        z->changes[i] = (struct zone_change){get_be(times + 8 * i, 8), type_offset(types, type)};
    }
    z->count = part.times;
    struct str rest, footer = str_of(s.p + size, s.n - size);
    if (take(&footer, '\n'))
        read_rule(z, str_cut(footer, '\n', &rest));
    return 0;
}

static int load_file(struct zone *z, const char *path)
{
    char bytes[FILE_MAX / 8];
    FILE *in = fopen(path, "rbe");

    if (!in)
        return errno == ENOENT ? -LM_E_UNKNOWN : -errno;
    size_t n = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    int err = read_file(z, str_of(bytes, n));
    if (err < 0)
        zone_fini(z);
    return err;
}

int zone_load(struct zone *z, const char *name)
{
    struct str s = str_from(name);
    char path[256];

    *z = (struct zone){0};
    if (str_eq_nocase(s, STR("utc")) || str_eq_nocase(s, STR("z")))
        return 0;
    if (s.n && (s.p[0] == '+' || s.p[0] == '-'))
        return take_clock(&s, &z->first_s) && s.n == 0 && abs(z->first_s) <= OFFSET_MAX
                   ? 0
                   : -LM_E_UNKNOWN;
    if (str_is(s, "local"))
        return load_file(z, "/etc/localtime");
    if (s.n == 0 || s.n > 100 || s.p[0] == '/' || strstr(name, ".."))
        return -LM_E_UNKNOWN;
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    return load_file(z, path);
}

void zone_fini(struct zone *z)
{
    free(z->changes);
    *z = (struct zone){0};
}
