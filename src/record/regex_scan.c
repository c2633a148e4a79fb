/* SPDX-License-Identifier: MIT
 *
 * regex_scan.c - many lines in one call.
 *
 * The pattern, with ^ and $ at every line, is looked for in all lines as if they were one text.
 * What matches in a line is found there, too, because patterns that could tell the difference are
 * left out (regex_sees_lines()). The other way round a match may reach over a line feed: then the
 * line it begins in is looked at by itself. No line before it has a match, since matches are found
 * in order of where they begin.
 *
 * A pattern like [^x]*y reads far beyond its line from every place. So matches may begin in one
 * slice after the other, and a pattern that takes long over a slice is not used in this way again.
 */
#include "record/regex_impl.h"

#include "base/clock.h"

enum {
    SLICE_MAX = 256 * 1024,
    QUICK_US = 300,    /* nobody is slow before */
    SLOW_NS = 10,      /* a byte */
    CALLS_A_LOOK = 16, /* at the clock */
};

void regex_scan_begin(struct regex_scan *s, struct regex *r, struct str lines)
{
    *s = (struct regex_scan){.regex = r,
                             .lines = lines,
                             .slice = regex_first_slice(lines.n),
                             .start_us = clock_mono_us()};
}

static struct str line_at(struct str lines, size_t at)
{
    const char *before = at ? memrchr(lines.p, '\n', at) : NULL;
    const char *from = before ? before + 1 : lines.p;
    const char *feed = memchr(lines.p + at, '\n', lines.n - at);

    return str_of(from, (size_t)((feed ? feed : lines.p + lines.n) - from));
}

/* Is the search quick so far, all before `at` being done? The clock also counts when others ran, so
 * only a regex that was slow again and again is not used in this way any more. */
static bool is_quick(struct regex_scan *s, size_t at)
{
    int64_t took_us = clock_mono_us() - s->start_us;

    if (took_us < QUICK_US)
        s->slice *= s->slice < SLICE_MAX ? 2 : 1;
    if (took_us < QUICK_US || took_us * 1000 / SLOW_NS < (int64_t)at)
        return true;
    atomic_fetch_add_explicit(&s->regex->slow, 1, memory_order_relaxed);
    return false;
}

/* One call: 1 and where a match lies, 0 and where to go on, or an error of PCRE2. */
static int scan_slice(const struct regex_scan *s, struct scratch *scratch, size_t at,
                      size_t *ret_from, size_t *ret_to)
{
    size_t last = at + s->slice - 1;

    pcre2_set_offset_limit(scratch->quick, last < s->lines.n ? last : s->lines.n);
    int n = pcre2_match(s->regex->lines, (PCRE2_SPTR)s->lines.p, s->lines.n, at, PCRE2_NO_UTF_CHECK,
                        scratch->data, scratch->quick);
    if (n == PCRE2_ERROR_NOMATCH) {
        *ret_from = regex_next_place(s->lines, last + 1);
        return 0;
    }
    const PCRE2_SIZE *found = pcre2_get_ovector_pointer(scratch->data);
    *ret_from = found[0];
    *ret_to = found[1];
    return n < 0 ? n : 1;
}

/* As regex_scan_next(), but *ret_at after REGEX_UNFIT may lie anywhere in its line. */
static enum regex_hit find_line(struct regex_scan *s, struct scratch *scratch, size_t at,
                                size_t *ret_at)
{
    size_t from = at, to = 0;

    for (; at < s->lines.n; s->calls++) {
        *ret_at = at;
        int n = scan_slice(s, scratch, at, &from, &to);
        if (n < 0)
            return REGEX_UNFIT;
        if (n > 0 && from == s->lines.n) /* nothing, behind the last line feed */
            return REGEX_END;
        struct str line = n > 0 ? line_at(s->lines, from) : STR_NONE;
        bool within = n > 0 && s->lines.p + to <= line.p + line.n;
        *ret_at = from;
        if (within || (n > 0 && regex_found(s->regex, line)))
            return REGEX_HIT;
        at = n > 0 ? (size_t)(line.p + line.n - s->lines.p) + 1 : from;
        if ((n == 0 || s->calls % CALLS_A_LOOK == 0) && !is_quick(s, at))
            break;
    }
    *ret_at = at;
    return at < s->lines.n ? REGEX_UNFIT : REGEX_END;
}

enum regex_hit regex_scan_next(struct regex_scan *s, size_t at, size_t *ret_at)
{
    struct scratch *scratch = regex_scratch();
    uint32_t slow = atomic_load_explicit(&s->regex->slow, memory_order_relaxed);

    *ret_at = at;
    if (!scratch || !s->regex->lines || slow >= REGEX_SLOW_TIMES)
        return REGEX_UNFIT;
    if (s->calls++ % CALLS_A_LOOK == 0 && at > 0 && !is_quick(s, at))
        return REGEX_UNFIT;
    enum regex_hit hit = find_line(s, scratch, at, ret_at);
    if (hit == REGEX_UNFIT)
        *ret_at = (size_t)(line_at(s->lines, *ret_at).p - s->lines.p);
    return hit;
}
