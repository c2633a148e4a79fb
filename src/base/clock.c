/* SPDX-License-Identifier: MIT
 *
 * clock.c - the two clocks, and the calendar for time stamps (days from civil, proleptic
 * Gregorian).
 */
#include "base/clock.h"

#include <time.h>

static bool faked;
static int64_t fake_wall_us, fake_mono_us;

static int64_t read_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return faked ? fake_wall_us : read_us(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
    return faked ? fake_mono_us : read_us(CLOCK_MONOTONIC);
}

void clock_fake(int64_t wall_us)
{
    faked = true;
    fake_wall_us = wall_us;
    fake_mono_us = 1000000;
}

void clock_advance(int64_t us)
{
    fake_wall_us += us;
    fake_mono_us += us;
}

static void put_digits(char *at, uint32_t value, int width)
{
    while (width-- > 0) {
        at[width] = (char)('0' + value % 10);
        value /= 10;
    }
}

/* "YYYY-MM-DDTHH:MM:SS." of a second since 1970. Howard Hinnant's civil_from_days. */
static void put_second(int64_t second, char out[20])
{
    int64_t day = second / 86400;
    uint32_t rest = (uint32_t)(second % 86400);
    int64_t z = day + 719468;
    int64_t era = z / 146097;
    uint32_t doe = (uint32_t)(z - era * 146097);
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t mp = (5 * doy + 2) / 153;
    uint32_t month = mp < 10 ? mp + 3 : mp - 9;

    put_digits(out, (uint32_t)(yoe + era * 400 + (month <= 2)), 4);
    out[4] = '-';
    put_digits(out + 5, month, 2);
    out[7] = '-';
    put_digits(out + 8, doy - (153 * mp + 2) / 5 + 1, 2);
    out[10] = 'T';
    put_digits(out + 11, rest / 3600, 2);
    out[13] = ':';
    put_digits(out + 14, rest / 60 % 60, 2);
    out[16] = ':';
    put_digits(out + 17, rest % 60, 2);
    out[19] = '.';
}

size_t clock_rfc3339(int64_t wall_us, char out[27])
{
    const int64_t first = -62167219200ll * 1000000, last = 253402300799ll * 1000000 + 999999;

    if (wall_us < first)
        wall_us = first;
    if (wall_us > last)
        wall_us = last;
    int64_t second = wall_us / 1000000, us = wall_us % 1000000;
    if (us < 0) {
        us += 1000000;
        second--;
    }
    /* Shift into positive days for the divisions, by whole 400-year eras (146097 days). */
    if (second < 0) {
        put_second(second + 5ll * 146097 * 86400, out);
        uint32_t year = 0;
        for (int i = 0; i < 4; i++)
            year = year * 10 + (uint32_t)(out[i] - '0');
        put_digits(out, year - 2000, 4);
    } else {
        put_second(second, out);
    }
    put_digits(out + 20, (uint32_t)us, 6);
    out[26] = 'Z';
    return 27;
}

/* Exactly `width` digits at the front of *s, which moves on. */
static bool take_digits(struct str *s, int width, uint32_t *ret)
{
    uint64_t value;

    if (s->n < (size_t)width || !str_to_u64(str_of(s->p, (size_t)width), &value))
        return false;
    *s = str_of(s->p + width, s->n - (size_t)width);
    *ret = (uint32_t)value;
    return true;
}

static bool take_char(struct str *s, const char *one_of)
{
    if (s->n == 0 || !strchr(one_of, s->p[0]) || s->p[0] == '\0')
        return false;
    *s = str_of(s->p + 1, s->n - 1);
    return true;
}

/* Days since 1970, the inverse of put_second's calendar. */
static int64_t days_of(uint32_t year, uint32_t month, uint32_t day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    uint32_t yoe = (uint32_t)(y - era * 400);
    uint32_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + (int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

static bool take_date(struct str *s, int64_t *ret_days)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint32_t year, month, day;

    if (!take_digits(s, 4, &year) || !take_char(s, "-") || !take_digits(s, 2, &month) ||
        !take_char(s, "-") || !take_digits(s, 2, &day) || month < 1 || month > 12)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    *ret_days = days_of(year, month, day);
    return day >= 1 && day <= lengths[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* "10:30:45.123456" as microseconds; a leap second counts as the next one. */
static bool take_time(struct str *s, int64_t *ret_us)
{
    uint32_t hour, minute, second, digit;
    int64_t us = 0, unit = 100000;

    if (!take_digits(s, 2, &hour) || !take_char(s, ":") || !take_digits(s, 2, &minute) ||
        !take_char(s, ":") || !take_digits(s, 2, &second) || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    if (take_char(s, ".,")) {
        if (!take_digits(s, 1, &digit))
            return false;
        do {
            us += digit * unit;
            unit /= 10;
        } while (take_digits(s, 1, &digit));
    }
    *ret_us = (hour * 3600ll + minute * 60 + second) * 1000000 + us;
    return true;
}

static bool take_zone(struct str *s, int64_t *ret_us)
{
    uint32_t hour, minute;

    *ret_us = 0;
    if (take_char(s, "Zz"))
        return true;
    bool west = s->n && s->p[0] == '-';
    if (!take_char(s, "+-") || !take_digits(s, 2, &hour) || !take_char(s, ":") ||
        !take_digits(s, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *ret_us = (hour * 3600ll + minute * 60) * 1000000 * (west ? -1 : 1);
    return true;
}

bool clock_parse(struct str text, int64_t *ret_us)
{
    int64_t days, us = 0, zone = 0;

    if (!take_date(&text, &days))
        return false;
    if (text.n && (!take_char(&text, "Tt ") || !take_time(&text, &us) || !take_zone(&text, &zone)))
        return false;
    if (text.n)
        return false;
    *ret_us = days * 86400 * 1000000 + us - zone;
    return true;
}
