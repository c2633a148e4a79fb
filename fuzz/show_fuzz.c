/* SPDX-License-Identifier: MIT
 *
 * show_fuzz.c - arbitrary text on a terminal: what comes out is valid, and of all control
 * characters only tabs and, where colours are wanted, whole colour sequences are left.
 */
#include "record/show.h"
#include "record/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The end of the colour sequence at s.p[i]. */
static size_t skip_colour(struct str s, size_t i)
{
    lm_assert(s.n - i >= 3 && s.p[i + 1] == '[');
    for (i += 2; i < s.n && s.p[i] != '\0' && strchr("0123456789;:", s.p[i]); i++)
        continue;
    lm_assert(i < s.n && s.p[i] == 'm');
    return i + 1;
}

/* U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069. */
static bool reorders(struct str s)
{
    unsigned char last = s.n >= 3 ? (unsigned char)s.p[2] : 0;

    if (last == 0 || memcmp(s.p, "\xe2", 1) != 0)
        return false;
    return (memcmp(s.p + 1, "\x80", 1) == 0 &&
            (last == 0x8e || last == 0x8f || (last >= 0xa8 && last <= 0xae))) ||
           (memcmp(s.p + 1, "\x81", 1) == 0 && last >= 0xa6 && last <= 0xa9);
}

static void check(struct str s, bool colours)
{
    lm_assert(utf8_valid_prefix(s) == s.n);
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '\x1b' && colours) {
            i = skip_colour(s, i);
            continue;
        }
        lm_assert(c == '\t' || (c >= 0x20 && c != 0x7f));
        lm_assert(c != 0xc2 || (unsigned char)s.p[i + 1] >= 0xa0);
        lm_assert(!reorders(str_of(s.p + i, s.n - i)));
        i++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text = {0}, shown = {0};

    utf8_add_clean(&text, str_of((const char *)data, size));
    for (int colours = SHOW_PLAIN; colours <= SHOW_COLOURS; colours++) {
        buf_clear(&shown);
        show_text(&shown, buf_str(&text), (enum show_colours)colours);
        check(buf_str(&shown), colours == SHOW_COLOURS);
        buf_clear(&shown);
        show_line(&shown, 0, LEVEL_INFO, buf_str(&text), buf_str(&text),
                  (enum show_colours)colours);
        lm_assert(shown.n > 0 && shown.p[shown.n - 1] == '\n');
        check(str_of(shown.p, shown.n - 1), colours == SHOW_COLOURS);
    }
    buf_fini(&text);
    buf_fini(&shown);
    return 0;
}
