/* SPDX-License-Identifier: MIT
 *
 * utf8_naive.h - the rule of utf8.h said another way, slowly: what tests compare with.
 *
 * A run of bytes is the start of a character when some code point, written out, begins with it. The
 * maximal subpart is the longest such start.
 */
#ifndef LM_RECORD_UTF8_NAIVE_H
#define LM_RECORD_UTF8_NAIVE_H

#include "base/buf.h"

/* Length of the sequence that this byte would begin, 0 when it begins none. */
static inline size_t naive_length(unsigned char lead)
{
    return lead < 0x80   ? 1
           : lead < 0xc0 ? 0
           : lead < 0xe0 ? 2
           : lead < 0xf0 ? 3
           : lead < 0xf8 ? 4
                         : 0;
}

/* The code point of n bytes (n as the lead byte says), of which those from `known` on are
 * `fill`. */
static inline uint32_t naive_decode(const unsigned char *p, size_t n, size_t known, uint32_t fill)
{
    uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));

    for (size_t i = 1; i < n; i++)
        c = c << 6 | (i < known ? p[i] & 0x3fu : fill);
    return c;
}

/* Do the first k bytes begin a character? */
static inline bool naive_begins(const unsigned char *p, size_t k)
{
    static const uint32_t first_of_length[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = naive_length(p[0]);

    if (n == 0 || k > n)
        return false;
    for (size_t i = 1; i < k; i++)
        if (p[i] < 0x80 || p[i] > 0xbf)
            return false;
    uint32_t low = naive_decode(p, n, k, 0), high = naive_decode(p, n, k, 0x3f);
    if (low < first_of_length[n])
        low = first_of_length[n];
    if (high > 0x10ffff)
        high = 0x10ffff;
    bool all_surrogates = low >= 0xd800 && high <= 0xdfff;
    return low <= high && !all_surrogates;
}

/* Appends s as utf8_add_clean() must. *ret_valid: length of the valid prefix. */
static inline void naive_add_clean(struct buf *out, struct str s, size_t *ret_valid)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;

    *ret_valid = SIZE_MAX;
    while (i < s.n) {
        size_t k = 0;
        while (i + k < s.n && naive_begins(p + i, k + 1))
            k++;
        if (k > 0 && k == naive_length(p[i])) {
            buf_add(out, p + i, k);
        } else {
            BUF_LIT(out, "\xef\xbf\xbd");
            *ret_valid = *ret_valid < i ? *ret_valid : i;
        }
        i += k ? k : 1;
    }
    *ret_valid = *ret_valid < s.n ? *ret_valid : s.n;
}

#endif
