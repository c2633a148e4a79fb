/* SPDX-License-Identifier: MIT
 *
 * level.c - names of levels, ours and other people's.
 */
#include "record/level.h"

static const struct {
    const char *text;
    enum level level;
} synonyms[] = {
#define LEVEL(name, NAME, number, long_name) {#name, LEVEL_##NAME},
#include "record/levels.def"
#undef LEVEL
    {"warning", LEVEL_WARN},  {"err", LEVEL_ERROR},      {"information", LEVEL_INFO},
    {"notice", LEVEL_INFO},   {"critical", LEVEL_FATAL}, {"crit", LEVEL_FATAL},
    {"alert", LEVEL_FATAL},   {"emerg", LEVEL_FATAL},    {"emergency", LEVEL_FATAL},
    {"panic", LEVEL_FATAL},   {"dpanic", LEVEL_FATAL},   {"severe", LEVEL_ERROR},
    {"verbose", LEVEL_DEBUG}, {"silly", LEVEL_TRACE},    {"http", LEVEL_DEBUG},
    {"fine", LEVEL_DEBUG},    {"finer", LEVEL_TRACE},    {"finest", LEVEL_TRACE},
    {"config", LEVEL_DEBUG},  {"t", LEVEL_TRACE},        {"d", LEVEL_DEBUG},
    {"i", LEVEL_INFO},        {"w", LEVEL_WARN},         {"e", LEVEL_ERROR},
    {"f", LEVEL_FATAL},
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

enum level level_from_text(struct str text)
{
    for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++)
        if (str_eq_nocase(text, str_from(synonyms[i].text)))
            return synonyms[i].level;
    return LEVEL_NONE;
}

enum level level_from_number(uint64_t number)
{
    return number >= 10 && number < 70 ? (enum level)(number / 10) : LEVEL_NONE;
}

enum stream stream_from_text(struct str text)
{
    for (enum stream s = STREAM_STDOUT; s <= STREAM_SYSTEM; s++)
        if (str_is(text, stream_name(s)))
            return s;
    return STREAM_NONE;
}
