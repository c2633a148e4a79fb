/* SPDX-License-Identifier: MIT
 *
 * level.c - names of levels, ours and other people's.
 */
#include "record/level.h"

/* Found by trying multipliers until no two words met; -Woverride-init says when that ends. */
#define SLOT(first, last, n) (((n)*2 + (first)*31 + (last)*19) & 127)
enum { LEVEL_SAME = false, LEVEL_FOLDED = true, WORD_MAX = 11 };

static const struct level_word words[128] = {
#define LEVEL_WORD(first, last, text, LEVEL, PLACE, FOLD)                                          \
    [SLOT(first, last, sizeof(text) - 1)] = {text, sizeof(text) - 1, LEVEL_##LEVEL, LEVEL_##PLACE, \
                                             LEVEL_##FOLD},
#include "record/level_words.def"
#undef LEVEL_WORD
};

const char *level_name(enum level level)
{
    switch (level) {
#define LEVEL(name, NAME, number, long_name)                                                       \
    case LEVEL_##NAME:                                                                             \
        return #name;
#include "record/levels.def"
#undef LEVEL
    default:
        return "";
    }
}

const char *stream_name(enum stream stream)
{
    static const char *const names[] = {"", "stdout", "stderr", "system"};
    return stream <= STREAM_SYSTEM ? names[stream] : "";
}

const struct level_word *level_word_find(struct str word)
{
    if (word.n == 0 || word.n > WORD_MAX)
        return NULL;
    unsigned first = (unsigned char)word.p[0] | 0x20u;
    unsigned last = (unsigned char)word.p[word.n - 1] | 0x20u;
    const struct level_word *w = &words[SLOT(first, last, word.n)];
    if (w->n != word.n)
        return NULL;
    for (size_t i = 0; i < word.n; i++)
        if (((unsigned char)word.p[i] | 0x20) != w->text[i])
            return NULL;
    return w;
}

enum level level_from_text(struct str text)
{
    const struct level_word *w = level_word_find(text);
    return w ? (enum level)w->level : LEVEL_NONE;
}

enum level level_from_severity(uint64_t severity, bool *ret_folded)
{
    static const uint8_t levels[] = {LEVEL_FATAL, LEVEL_FATAL, LEVEL_FATAL, LEVEL_ERROR,
                                     LEVEL_WARN,  LEVEL_INFO,  LEVEL_INFO,  LEVEL_DEBUG};

    if (severity >= sizeof levels)
        return LEVEL_NONE;
    if (ret_folded) /* emergency, alert and notice */
        *ret_folded = severity < 2 || severity == 5;
    return (enum level)levels[severity];
}

/* Monolog: 100 debug, 200 info, 250 notice, 300 warning, 400 error, 500 and above critical. */
static enum level level_from_hundreds(uint64_t number)
{
    enum level level = (enum level)(number / 100 + 1);
    return level > LEVEL_FATAL ? LEVEL_FATAL : level;
}

enum level level_from_number(uint64_t number, bool *ret_folded)
{
    if (number < 10)
        return level_from_severity(number, ret_folded);
    if (ret_folded)
        *ret_folded = number < 100 ? number % 10 != 0 : number % 100 != 0 || number > 500;
    if (number < 70)
        return (enum level)(number / 10);
    if (number >= 100 && number <= 600)
        return level_from_hundreds(number);
    return LEVEL_NONE;
}

enum stream stream_from_text(struct str text)
{
    for (enum stream s = STREAM_STDOUT; s <= STREAM_SYSTEM; s++)
        if (str_is(text, stream_name(s)))
            return s;
    return STREAM_NONE;
}
