/* SPDX-License-Identifier: MIT
 *
 * show.c - what reaches a terminal.
 */
#include "record/show.h"

#include <time.h>

#define RESET "\x1b[0m"

/* The end of a sequence that reads as far as i: its last byte is one of `first` to '~'. Any other
 * byte is not part of it, least of all half a character. */
static size_t end_of_sequence(struct str s, size_t i, char first)
{
    return i < s.n && s.p[i] >= first && s.p[i] <= '~' ? i + 1 : i;
}

/* Length of the escape sequence at the start of s (s.p[0] is ESC), by ECMA-48: CSI, the string
 * sequences (OSC, DCS, APC, PM, SOS) up to their end, or ESC and what belongs to it. *ret_sgr: it
 * sets colours (numbers and 'm'; other parameters would change the keyboard). */
static size_t sequence_length(struct str s, bool *ret_sgr)
{
    size_t i = 2;

    *ret_sgr = false;
    if (s.n < 2)
        return s.n;
    if (s.p[1] == '[') {
        while (i < s.n && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == ';' || s.p[i] == ':'))
            i++;
        *ret_sgr = i < s.n && s.p[i] == 'm';
        while (i < s.n && s.p[i] >= 0x20 && s.p[i] < 0x40)
            i++;
        return end_of_sequence(s, i, '@');
    }
    if (s.p[1] == '\0' || !strchr("]PX^_", s.p[1])) {
        for (i = 1; i < s.n && s.p[i] >= 0x20 && s.p[i] < 0x30;)
            i++;
        return end_of_sequence(s, i, '0');
    }
    while (i < s.n && s.p[i] != '\a' && !(s.p[i] == '\x1b' && i + 1 < s.n && s.p[i + 1] == '\\'))
        i++;
    if (i == s.n)
        return i;
    return s.p[i] == '\a' ? i + 1 : i + 2;
}

/* C1 controls (U+0080-009F), bidirectional controls, line and paragraph separators, BOM: the length
 * of such a character at the start of s, or 0. */
static size_t hidden_length(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;

    if (s.n >= 2 && p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
        return 2;
    if (s.n < 3 || (p[0] != 0xe2 && p[0] != 0xef && p[0] != 0xd8))
        return s.n >= 2 && p[0] == 0xd8 && p[1] == 0x9c ? 2 : 0;
    uint32_t c = (uint32_t)(p[0] & 15) << 12 | (uint32_t)(p[1] & 63) << 6 | (p[2] & 63);
    bool bidi = (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
                (c >= 0x2066 && c <= 0x2069);
    return p[0] == 0xd8 ? (p[1] == 0x9c ? 2 : 0) : bidi || c == 0xfeff ? 3 : 0;
}

/* May the byte at the start of s pass as it is? */
static bool is_harmless(struct str s)
{
    unsigned char c = (unsigned char)s.p[0];

    return c == '\t' || (c >= 0x20 && c < 0x7f) || (c >= 0x80 && hidden_length(s) == 0);
}

/* Appends what stands for the start of s, which is not harmless. Returns how many bytes it took. */
static size_t defuse(struct buf *out, struct str s, enum show_colours colours, bool *coloured)
{
    unsigned char c = (unsigned char)s.p[0];
    bool sgr;

    if (c == '\x1b') {
        size_t n = sequence_length(s, &sgr);
        if (sgr && colours == SHOW_COLOURS) {
            buf_add(out, s.p, n);
            *coloured = true;
        }
        return n;
    }
    if (c >= 0x80) {
        BUF_LIT(out, "\xef\xbf\xbd");
        return hidden_length(s);
    }
    uint32_t picture = c == 0x7f ? 0x2421 : 0x2400u + c;
    buf_add(out,
            (char[]){(char)(0xe0 | picture >> 12), (char)(0x80 | (picture >> 6 & 63)),
                     (char)(0x80 | (picture & 63))},
            3);
    return 1;
}

void show_text(struct buf *out, struct str text, enum show_colours colours)
{
    bool coloured = false;

    while (text.n) {
        size_t plain = 0;
        while (plain < text.n && is_harmless(str_of(text.p + plain, text.n - plain)))
            plain++;
        buf_add(out, text.p, plain);
        text = str_of(text.p + plain, text.n - plain);
        if (text.n == 0)
            break;
        size_t n = defuse(out, text, colours, &coloured);
        text = str_of(text.p + n, text.n - n);
    }
    if (coloured)
        BUF_LIT(out, RESET);
}

static const char *colour_of(enum level level)
{
    static const char *const colours[] = {"",         "\x1b[90m", "\x1b[36m",  "\x1b[32m",
                                          "\x1b[33m", "\x1b[31m", "\x1b[1;31m"};
    return level < LEVEL_COUNT ? colours[level] : "";
}

const char *show_level(enum level level)
{
    static const char *const names[] = {
        "",
#define LEVEL(name, NAME, number, long_name) #NAME,
#include "record/levels.def"
#undef LEVEL
    };
    return level < LEVEL_COUNT ? names[level] : "";
}

void show_line(struct buf *out, int64_t time_us, enum level level, struct str source,
               struct str message, enum show_colours colours)
{
    time_t second = (time_t)(time_us / 1000000);
    struct tm tm;

    localtime_r(&second, &tm);
    buf_printf(out, "%02d:%02d:%02d ", tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (colours == SHOW_COLOURS)
        buf_add_str(out, str_from(colour_of(level)));
    buf_add_str(out, str_from(show_level(level)));
    if (colours == SHOW_COLOURS)
        BUF_LIT(out, RESET);
    BUF_LIT(out, ": ");
    if (source.n) {
        show_text(out, source, SHOW_PLAIN);
        BUF_LIT(out, " | ");
    }
    show_text(out, message, colours);
    buf_add_char(out, '\n');
}
