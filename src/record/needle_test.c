/* SPDX-License-Identifier: MIT
 *
 * needle_test.c - the vector search against the search everybody can read.
 */
#include "record/needle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 200 * 1000, HAY_MAX = 80 };

static uint64_t seed = 7;

static uint32_t below(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool slow_found(struct str needle, bool fold, struct str hay)
{
    for (size_t i = 0; i + needle.n <= hay.n; i++) {
        size_t k = 0;
        while (k < needle.n && (fold ? lower(hay.p[i + k]) : hay.p[i + k]) == needle.p[k])
            k++;
        if (k == needle.n)
            return true;
    }
    return false;
}

/* Few letters, so that near misses are common; among them those that differ from letters by the bit
 * of the case. */
static size_t random_text(char *out, size_t n)
{
    static const char letters[] = "aabABz@`{[\xe9\xc9 ";

    for (size_t i = 0; i < n; i++)
        out[i] = letters[below(sizeof letters - 1)];
    return n;
}

static void it_finds_what_the_slow_search_finds(void **state)
{
    char text[8];
    int found = 0;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        size_t hay_n = below(HAY_MAX);
        char *hay = malloc(hay_n + 1); /* of exactly its size, for the sanitizer */
        struct str needle = str_of(text, random_text(text, below(6)));
        bool fold = below(2);
        struct needle n;
        assert_non_null(hay);
        random_text(hay, hay_n);
        for (size_t k = 0; k < needle.n && fold; k++)
            text[k] = lower(text[k]);
        needle_init(&n, needle, fold);
        bool expected = slow_found(needle, fold, str_of(hay, hay_n));
        if (needle_found(&n, str_of(hay, hay_n)) != expected)
            fail_msg("'%.*s' in '%.*s'", STR_FMT(needle), (int)hay_n, hay);
        found += expected;
        free(hay);
    }
    assert_in_range(found, ROUNDS / 10, ROUNDS - ROUNDS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_what_the_slow_search_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
