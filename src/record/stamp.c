/* SPDX-License-Identifier: MIT
 *
 * stamp.c - the stamp that most lines have, numbers since 1970, and where a stamp lies in time.
 */
#include "record/stamp_impl.h"

enum { DAY_S = 86400 };

/* --- the short cut: "2026-01-02T15:04:05" with 'T', 't' or a space --- */

static uint32_t two(const char *p, uint32_t *bad)
{
    uint32_t a = (uint32_t)(unsigned char)p[0] - '0', b = (uint32_t)(unsigned char)p[1] - '0';
    *bad |= (a > 9) | (b > 9);
    return a * 10 + b;
}

static size_t read_iso(struct str text, struct stamp *ret)
{
    const char *p = text.p;
    uint32_t bad = 0;

    if (text.n < STAMP_SECOND || p[4] != '-' || p[7] != '-' || p[13] != ':' || p[16] != ':' ||
        (p[10] != ' ' && (p[10] | 0x20) != 't'))
        return 0;
    uint32_t year = two(p, &bad) * 100 + two(p + 2, &bad);
    uint32_t hour = two(p + 11, &bad), minute = two(p + 14, &bad), second = two(p + 17, &bad);
    *ret = (struct stamp){
        .year = (int32_t)year, .month = two(p + 5, &bad), .day = two(p + 8, &bad), .is_iso = true};
    if (bad || hour > 23 || minute > 59 || second > 60 || !stamp_date_ok(ret))
        return 0;
    ret->us = (hour * 3600ll + minute * 60 + second) * 1000000;
    struct stamp_reader r = {p + STAMP_SECOND, p + text.n, ret};
    stamp_take_optional_fraction(&r);
    stamp_take_zone(&r);
    return r.p < r.end && stamp_is_digit(*r.p) ? 0 : (size_t)(r.p - p);
}

/* --- epochs --- */

bool stamp_epoch(struct str number, int64_t *ret_us)
{
    uint64_t whole;
    struct str fraction, digits = str_cut(number, '.', &fraction);
    struct stamp s = {0};
    struct stamp_reader r = {fraction.p, fraction.n ? fraction.p + fraction.n : fraction.p, &s};

    if (digits.n < 9 || digits.n > 19 || !str_to_u64(digits, &whole) || whole < 100000000)
        return false;
    if (whole >= 100000000000000000u) { /* nanoseconds */
        *ret_us = (int64_t)(whole / 1000);
        return true;
    }
    if (whole >= 100000000000000u) { /* microseconds */
        *ret_us = (int64_t)whole;
        return true;
    }
    bool milliseconds = whole >= 100000000000u;
    stamp_take_fraction(&r, milliseconds ? 100 : 100000);
    *ret_us = (int64_t)whole * (milliseconds ? 1000 : 1000000) + s.us;
    return r.p == r.end;
}

/* "1700000000" or "1700000000.123" or milliseconds, and a space behind, as Squid and the RAS logs
 * of supercomputers start a line. A bare number of ten digits is a time only from 2001 to 2033. */
static size_t read_epoch(struct str text, size_t digits, struct stamp *ret)
{
    size_t n = digits;

    if (digits != 10 && digits != 13)
        return 0;
    if (n < text.n && text.p[n] == '.')
        for (n++; n < text.n && stamp_is_digit(text.p[n]);)
            n++;
    if (text.p[0] != '1' || n == text.n || text.p[n] != ' ')
        return 0;
    *ret = (struct stamp){.is_epoch = true, .has_zone = true};
    return stamp_epoch(str_of(text.p, n), &ret->epoch_us) ? n : 0;
}

size_t stamp_read(struct str text, struct stamp *ret)
{
    size_t digits = 0, n;

    while (digits < text.n && digits < 14 && stamp_is_digit(text.p[digits]))
        digits++;
    if (digits == 4 && (n = read_iso(text, ret)))
        return n;
    if (digits >= 10)
        return read_epoch(text, digits, ret);
    if (digits == 1 || digits == 3)
        return 0;
    n = stamp_read_layout(text, digits, ret);
    ret->is_logcat = n && digits == 2 && text.p[2] == '-' && ret->year < 0;
    return n;
}

/* --- placing --- */

static int64_t local_seconds(const struct stamp *s, int32_t year)
{
    return zone_days(year, s->month, s->day) * DAY_S + s->us / 1000000;
}

static int64_t to_utc(const struct stamp *s, const struct zone *zone, int32_t year)
{
    int64_t local_s = local_seconds(s, year);
    return s->has_zone ? local_s - s->zone_s : zone_to_utc(zone, local_s);
}

/* A stamp without a year lies in the past: the latest year that does not put it a day ahead. */
static int64_t latest_year(const struct stamp *s, const struct zone *zone, int64_t read_s)
{
    int32_t year = (int32_t)(1970 + read_s / 31556952) + 1;
    int64_t t = to_utc(s, zone, year);

    while (t > read_s + DAY_S)
        t = to_utc(s, zone, --year);
    return t;
}

bool stamp_time(const struct stamp *s, const struct zone *zone, int64_t read_us, int64_t *ret_us)
{
    if (s->is_epoch) {
        *ret_us = s->epoch_us;
        return true;
    }
    if ((!s->has_zone && !zone) || s->month == 0 || (s->year < 0 && !zone))
        return false;
    int64_t seconds =
        s->year < 0 ? latest_year(s, zone, read_us / 1000000) : to_utc(s, zone, s->year);
    *ret_us = seconds * 1000000 + s->us % 1000000;
    return !s->short_year || *ret_us < read_us + DAY_S * 1000000ll;
}

/* The second is known; only fraction and zone are to be read. */
static bool same_second(struct str text, const struct stamp_memo *memo, int64_t *ret_us)
{
    struct stamp s = {0};

    if (text.n <= STAMP_SECOND || memcmp(text.p, memo->text, STAMP_SECOND) != 0)
        return false;
    struct stamp_reader r = {text.p + STAMP_SECOND, text.p + text.n, &s};
    stamp_take_optional_fraction(&r);
    stamp_take_zone(&r);
    *ret_us = (memo->local_s - s.zone_s) * 1000000 + s.us;
    return r.p == r.end && s.has_zone;
}

bool stamp_parse(struct str text, const struct zone *zone, int64_t read_us, struct stamp_memo *memo,
                 int64_t *ret_us)
{
    struct stamp s;

    if (same_second(text, memo, ret_us))
        return true;
    size_t n = stamp_read(text, &s);
    if (n == 0 || n < text.n)
        return stamp_epoch(text, ret_us);
    if (s.is_iso) {
        memcpy(memo->text, text.p, STAMP_SECOND);
        memo->local_s = local_seconds(&s, s.year);
    }
    return stamp_time(&s, zone, read_us, ret_us);
}
