/* SPDX-License-Identifier: MIT
 *
 * stamp_layout.c - one table of layouts, and the loop that reads a text by one of them.
 *
 * A layout is a text in which letters stand for parts and everything else for itself:
 *     Y y  year of four or two digits      m d e  month, day, day of one or two digits
 *     b w  names of month and weekday      h i s  hour, minute, second, two digits each
 *     H    a clock whose parts may have one digit     A  AM or PM
 *     f    .123 or ,123 with any number of digits, or nothing
 *     F    :123, milliseconds of one to three digits
 *     z    a zone (Z, +01:00, -0700, UTC), perhaps after a space, or nothing
 * Which layouts are tried follows from how many digits the text starts with and what stands behind.
 */
#include "record/stamp_impl.h"

static const struct layout {
    uint8_t digits; /* at the front; 0: a name */
    char after;     /* the first byte behind them; for names the fourth of the text */
    const char *parts;
} layouts[] = {
    {4, '-', "Y-m-d h:i:sfz"},    /* ISO */
    {4, '-', "Y-m-d_h:i:sfz"},    /* as in names of files */
    {4, '/', "Y/m/d h:i:sfz"},    /* Go's log, nginx */
    {4, '.', "Y.m.d h:i:sfz"},    /* ClickHouse */
    {8, 'T', "YmdThisfz"},        /* ISO, basic form */
    {8, '-', "Ymd-HF"},           /* HealthApp */
    {8, ' ', "Ymd h:i:sfz"},      /* database tools */
    {2, '/', "y/m/d h:i:sf"},     /* Spark, log4j's short form */
    {2, '/', "d/b/Y:h:i:s z"},    /* access logs of Apache and nginx */
    {2, '/', "d/b/Y h:i:s"},      /* Django's server */
    {2, '-', "m-d h:i:sf"},       /* Android */
    {2, '-', "d-b-Y h:i:sfz"},    /* PHP */
    {2, ' ', "d b Y h:i:sfz"},    /* Redis */
    {2, '.', "m.d h:i:s"},        /* Proxifier */
    {4, ' ', "md h:i:sf"},        /* klog, behind its letter */
    {6, ' ', "ymd his"},          /* HDFS */
    {6, ' ', "ymd h:i:s"},        /* Tornado, MySQL 5.5 */
    {0, ' ', "b e h:i:sf"},       /* syslog, RFC 3164 */
    {0, ' ', "b e Y h:i:sfz"},    /* syslog of some routers */
    {0, ' ', "b e, Y HA"},        /* java.util.logging */
    {0, ' ', "w b e h:i:sf Y"},   /* Apache's error log, ctime() */
    {0, ' ', "w b e h:i:s z Y"},  /* date(1) */
    {0, ',', "w, d b Y h:i:s z"}, /* RFC 1123 */
};

/* --- reading --- */

/* Exactly n digits. */
static bool take_digits(struct stamp_reader *r, int n, uint32_t *ret)
{
    uint32_t value = 0;

    if (r->end - r->p < n)
        return false;
    for (int i = 0; i < n; i++) {
        uint32_t digit = (uint32_t)(unsigned char)r->p[i] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    r->p += n;
    *ret = value;
    return true;
}

/* One or two digits, perhaps after a space that pads. */
static bool take_short(struct stamp_reader *r, uint32_t *ret)
{
    if (r->p < r->end && *r->p == ' ')
        r->p++;
    bool two = r->end - r->p >= 2 && stamp_is_digit(r->p[1]);
    return take_digits(r, two ? 2 : 1, ret);
}

static bool take_char(struct stamp_reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* A digit of a fraction counts as much as it still can in microseconds. */
void stamp_take_fraction(struct stamp_reader *r, int64_t unit)
{
    for (; r->p < r->end && stamp_is_digit(*r->p); r->p++, unit /= 10)
        r->to->us += (*r->p - '0') * unit;
}

void stamp_take_optional_fraction(struct stamp_reader *r)
{
    if (r->end - r->p < 2 || (*r->p != '.' && *r->p != ',') || !stamp_is_digit(r->p[1]))
        return;
    r->p++;
    stamp_take_fraction(r, 100000);
}

/* "+01:00", "-0700", "+01"; behind it no further digit. */
static bool take_offset(struct stamp_reader *r)
{
    uint32_t hour, minute = 0;
    struct stamp_reader at = *r;
    int32_t sign = *at.p++ == '-' ? -1 : 1;

    if (!take_digits(&at, 2, &hour))
        return false;
    if (take_char(&at, ':')
            ? !take_digits(&at, 2, &minute)
            : at.p < at.end && stamp_is_digit(*at.p) && !take_digits(&at, 2, &minute))
        return false;
    if (hour > 14 || minute > 59 || (at.p < at.end && stamp_is_digit(*at.p)))
        return false;
    r->to->zone_s = sign * (int32_t)(hour * 3600 + minute * 60);
    r->p = at.p;
    return true;
}

static bool is_word_char(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || stamp_is_digit(c) || c == '_';
}

static bool take_named_zone(struct stamp_reader *r)
{
    static const struct str names[] = {{"UTC", 3}, {"GMT", 3}, {"Z", 1}, {"z", 1}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = names[i].n;
        if ((size_t)(r->end - r->p) >= n && memcmp(r->p, names[i].p, n) == 0 &&
            ((size_t)(r->end - r->p) == n || !is_word_char(r->p[n]))) {
            r->p += n;
            return true;
        }
    }
    return false;
}

void stamp_take_zone(struct stamp_reader *r)
{
    struct stamp_reader at = *r;

    if (at.p < at.end && *at.p == ' ')
        at.p++;
    if (at.p == at.end)
        return;
    if (*at.p == '+' || *at.p == '-' ? take_offset(&at) : take_named_zone(&at)) {
        r->to->has_zone = true;
        r->p = at.p;
    }
}

/* Names are told by a hash of their three letters: the index in the list, or false. */
static bool take_name(struct stamp_reader *r, const char *list, uint32_t *ret)
{
    if (r->end - r->p < 3)
        return false;
    for (uint32_t i = 0; list[3 * i]; i++) {
        if (memcmp(r->p, list + 3 * i, 3) == 0) {
            r->p += 3;
            *ret = i + 1;
            return true;
        }
    }
    return false;
}

/* Adds a part of the clock; its unit in seconds. */
static bool take_clock_part(struct stamp_reader *r, bool padded, uint32_t max, int64_t unit_s)
{
    uint32_t value;

    if (padded ? !take_digits(r, 2, &value) : !take_short(r, &value))
        return false;
    r->to->us += value * unit_s * 1000000;
    return value <= max;
}

static bool take_loose_clock(struct stamp_reader *r)
{
    return take_clock_part(r, false, 23, 3600) && take_char(r, ':') &&
           take_clock_part(r, false, 59, 60) && take_char(r, ':') &&
           take_clock_part(r, false, 60, 1);
}

static bool take_milliseconds(struct stamp_reader *r)
{
    uint32_t value = 0;
    int n = 0;

    if (!take_char(r, ':'))
        return false;
    for (; n < 3 && r->p < r->end && stamp_is_digit(*r->p); n++)
        value = value * 10 + (uint32_t)(*r->p++ - '0');
    r->to->us += value * 1000ll;
    return n > 0;
}

/* " AM" or " PM"; newer Javas put a narrow no-break space there. */
static bool take_half_of_day(struct stamp_reader *r)
{
    static const char narrow[] = "\xe2\x80\xaf";
    int64_t noon = 12 * 3600 * 1000000ll;
    bool past_noon = r->to->us >= noon;

    if (r->end - r->p >= 3 && memcmp(r->p, narrow, 3) == 0)
        r->p += 3;
    else if (!take_char(r, ' '))
        return false;
    bool pm = take_char(r, 'P');
    if ((!pm && !take_char(r, 'A')) || !take_char(r, 'M') || r->to->us >= noon + noon / 12)
        return false;
    r->to->us += past_noon ? (pm ? 0 : -noon) : (pm ? noon : 0);
    return true;
}

static bool take_year(struct stamp_reader *r, int digits)
{
    uint32_t year;

    if (!take_digits(r, digits, &year))
        return false;
    r->to->short_year = digits == 2;
    r->to->year = (int32_t)(digits == 2 ? 2000 + year : year);
    return true;
}

static bool take_part(struct stamp_reader *r, char part)
{
    uint32_t weekday;

    switch (part) {
    case 'Y':
        return take_year(r, 4);
    case 'y':
        return take_year(r, 2);
    case 'm':
        return take_digits(r, 2, &r->to->month);
    case 'd':
        return take_digits(r, 2, &r->to->day);
    case 'e':
        return take_short(r, &r->to->day);
    case 'b':
        return take_name(r, "JanFebMarAprMayJunJulAugSepOctNovDec", &r->to->month);
    case 'w':
        return take_name(r, "MonTueWedThuFriSatSun", &weekday);
    case 'h':
        return take_clock_part(r, true, 23, 3600);
    case 'i':
        return take_clock_part(r, true, 59, 60);
    case 's':
        return take_clock_part(r, true, 60, 1);
    case 'H':
        return take_loose_clock(r);
    case 'A':
        return take_half_of_day(r);
    case 'F':
        return take_milliseconds(r);
    case 'f':
        stamp_take_optional_fraction(r);
        return true;
    case 'z':
        stamp_take_zone(r);
        return true;
    default:
        return take_char(r, part);
    }
}

bool stamp_date_ok(const struct stamp *s)
{
    static const uint8_t lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return s->month >= 1 && s->month <= 12 && s->day >= 1 && s->day <= lengths[s->month - 1];
}

/* The length of the stamp when the text has this layout, else 0. */
static size_t read_parts(struct str text, const char *parts, struct stamp *ret)
{
    struct stamp_reader r = {text.p, text.p + text.n, ret};

    *ret = (struct stamp){.year = -1};
    for (const char *part = parts; *part; part++)
        if (!take_part(&r, *part))
            return 0;
    if (!stamp_date_ok(ret) || (r.p < r.end && stamp_is_digit(*r.p)))
        return 0;
    return (size_t)(r.p - text.p);
}

size_t stamp_read_layout(struct str text, size_t digits, struct stamp *ret)
{
    size_t mark = digits ? digits : 3;

    if (mark >= text.n)
        return 0;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        if (layouts[i].digits != digits || layouts[i].after != text.p[mark])
            continue;
        size_t n = read_parts(text, layouts[i].parts, ret);
        if (n)
            return n;
    }
    return 0;
}
