/* SPDX-License-Identifier: MIT
 *
 * utf8_fuzz.c - arbitrary bytes made text, against the rule said another way.
 */
#include "record/utf8.h"
#include "record/utf8_naive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    struct buf fast = {0}, slow = {0};
    size_t valid;

    utf8_add_clean(&fast, in);
    naive_add_clean(&slow, in, &valid);
    lm_assert(str_eq(buf_str(&fast), buf_str(&slow)));
    lm_assert(utf8_valid_prefix(in) == valid);
    lm_assert(utf8_valid_prefix(buf_str(&fast)) == fast.n);
    for (size_t n = 0; n <= fast.n && n < 64; n++)
        lm_assert(utf8_valid_prefix(str_of(fast.p, utf8_cut(buf_str(&fast), n))) ==
                  utf8_cut(buf_str(&fast), n));
    buf_fini(&fast);
    buf_fini(&slow);
    return 0;
}
