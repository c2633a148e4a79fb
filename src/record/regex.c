/* SPDX-License-Identifier: MIT
 *
 * regex.c - one quick try, and a careful one when that was not enough.
 *
 * PCRE2 counts steps per place in the text where a match may begin, so a limit on steps alone says
 * little about a long text. The careful try therefore lets matches begin in one slice of the text
 * after the other, looks at the clock between slices, and makes slices longer while they are quick.
 */
#include "record/regex.h"

#include "base/clock.h"
#include "record/needle.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    QUICK_TEXT = 4096,  /* longer texts go the careful way at once */
    QUICK_STEPS = 4000, /* per place */
    CAREFUL_STEPS = 1000 * 1000,
    HEAP_KIB = 4096, /* of the interpreter, where there is no machine code */
    STACK_MIN = 32 * 1024,
    STACK_MAX = 512 * 1024, /* of the machine code's own stack, made on the first careful try */
    SLICE_MIN = 16,
    SLICE_QUICK_US = 500,
};

struct regex {
    pcre2_code *code;
    struct needle literal;
    struct arena texts; /* of the literal */
    _Atomic uint32_t overruns;
};

/* What a thread needs to run any pattern. */
struct scratch {
    pcre2_match_data *data;
    pcre2_match_context *quick, *careful;
    pcre2_jit_stack *stack;
};

static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;

static void free_scratch(void *p)
{
    struct scratch *s = p;

    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->quick);
    pcre2_match_context_free(s->careful);
    pcre2_jit_stack_free(s->stack);
    free(s);
}

static void make_key(void)
{
    int err = pthread_key_create(&scratch_key, free_scratch);
    lm_assert(err == 0);
}

static pcre2_match_context *new_context(uint32_t steps)
{
    pcre2_match_context *c = pcre2_match_context_create(NULL);

    if (c) {
        pcre2_set_match_limit(c, steps);
        pcre2_set_depth_limit(c, steps);
        pcre2_set_heap_limit(c, HEAP_KIB);
    }
    return c;
}

/* This thread's scratch; NULL when memory is short. */
static struct scratch *get_scratch(void)
{
    pthread_once(&scratch_once, make_key);
    struct scratch *s = pthread_getspecific(scratch_key);
    if (s)
        return s;
    s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->data = pcre2_match_data_create(1, NULL);
    s->quick = new_context(QUICK_STEPS);
    s->careful = new_context(CAREFUL_STEPS);
    s->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
    if (!s->data || !s->quick || !s->careful || !s->stack ||
        pthread_setspecific(scratch_key, s) != 0) {
        free_scratch(s);
        return NULL;
    }
    pcre2_jit_stack_assign(s->careful, NULL, s->stack);
    return s;
}

static uint32_t options_of(struct str flags)
{
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT;

    for (size_t i = 0; i < flags.n; i++)
        options |= flags.p[i] == 'i'   ? PCRE2_CASELESS
                   : flags.p[i] == 'm' ? PCRE2_MULTILINE
                   : flags.p[i] == 's' ? PCRE2_DOTALL
                                       : PCRE2_EXTENDED;
    return options;
}

int regex_new(struct regex **ret, struct str pattern, struct str flags, size_t *ret_at,
              char why[120])
{
    struct regex *r = calloc(1, sizeof *r);
    PCRE2_SIZE at = 0;
    int code = 0;

    if (!r)
        return -ENOMEM;
    r->code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, options_of(flags), &code, &at, NULL);
    if (!r->code) {
        pcre2_get_error_message(code, (PCRE2_UCHAR *)why, 120);
        *ret_at = at;
        regex_free(r);
        return -LM_E_SYNTAX;
    }
    /* Without machine code (another processor, no executable memory) the interpreter does it. */
    (void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
    needle_init(&r->literal, regex_literal(&r->texts, pattern, flags),
                flags.n && memchr(flags.p, 'i', flags.n));
    *ret = r;
    return 0;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    pcre2_code_free(r->code);
    arena_fini(&r->texts);
    free(r);
}

/* Where a match may begin next: not within a character. */
static size_t next_place(struct str text, size_t at)
{
    while (at < text.n && ((unsigned char)text.p[at] & 0xc0) == 0x80)
        at++;
    return at;
}

/* 1 or 0; anything else is an overrun. */
static int match_carefully(struct regex *r, struct scratch *s, struct str text)
{
    int64_t start_us = clock_mono_us(), before_us = start_us;
    size_t at = 0, slice = SLICE_MIN;

    for (;;) {
        pcre2_set_offset_limit(s->careful, at + slice - 1);
        int n = pcre2_match(r->code, (PCRE2_SPTR)text.p, text.n, at, PCRE2_NO_UTF_CHECK, s->data,
                            s->careful);
        if (n != PCRE2_ERROR_NOMATCH)
            return n >= 0 ? 1 : n;
        at = next_place(text, at + slice);
        if (at > text.n)
            return 0;
        int64_t now_us = clock_mono_us();
        if (now_us - start_us > REGEX_TIME_MAX_US)
            return PCRE2_ERROR_MATCHLIMIT;
        if (now_us - before_us < SLICE_QUICK_US)
            slice *= 2;
        before_us = now_us;
    }
}

bool regex_found(struct regex *r, struct str text)
{
    struct scratch *s;
    int n = PCRE2_ERROR_MATCHLIMIT;

    if (!needle_found(&r->literal, text))
        return false;
    if (text.n == 0)
        text.p = "";
    s = get_scratch();
    if (s && text.n <= QUICK_TEXT)
        n = pcre2_match(r->code, (PCRE2_SPTR)text.p, text.n, 0, PCRE2_NO_UTF_CHECK, s->data,
                        s->quick);
    if (n >= 0 || n == PCRE2_ERROR_NOMATCH)
        return n >= 0;
    n = s ? match_carefully(r, s, text) : n;
    if (n < 0)
        atomic_fetch_add_explicit(&r->overruns, 1, memory_order_relaxed);
    return n == 1;
}

uint32_t regex_overruns(const struct regex *r)
{
    return atomic_load_explicit(&r->overruns, memory_order_relaxed);
}
