/* SPDX-License-Identifier: MIT
 *
 * regex.c - one quick try, and a patient one when that was not enough.
 *
 * PCRE2's limit counts steps for every place where a match may begin, and a single step (a
 * repetition, a back reference) may read the whole text. So steps alone bound nothing on long
 * texts. The quick try lets matches begin in one slice of the text after the other, and looks at
 * the clock between slices, which grow while they are quick. Where it runs out of steps, the
 * patient try takes over: the same pattern compiled with a callout before each of its items, some
 * ten times slower, which looks at the clock as it goes.
 */
#include "record/regex_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum {
    QUICK_STEPS = 2000, /* per place */
    PATIENT_STEPS = 10 * 1000 * 1000,
    STEPS_PER_LOOK = 32, /* at the clock */
    HEAP_KIB = 4096,     /* of the interpreter, where there is no machine code */
    STACK_MIN = 32 * 1024,
    STACK_MAX = 512 * 1024, /* of the machine code's own stack, for the patient try */
    SLICE_QUICK_US = 500,
};

static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;

static void free_scratch(void *p)
{
    struct scratch *s = p;

    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->quick);
    pcre2_match_context_free(s->patient);
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

struct scratch *regex_scratch(void)
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
    s->patient = new_context(PATIENT_STEPS);
    s->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
    if (!s->data || !s->quick || !s->patient || !s->stack ||
        pthread_setspecific(scratch_key, s) != 0) {
        free_scratch(s);
        return NULL;
    }
    pcre2_jit_stack_assign(s->patient, NULL, s->stack);
    return s;
}

static uint32_t options_of(struct str flags)
{
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;

    for (size_t i = 0; i < flags.n; i++)
        options |= flags.p[i] == 'i'   ? PCRE2_CASELESS
                   : flags.p[i] == 'm' ? PCRE2_MULTILINE
                   : flags.p[i] == 's' ? PCRE2_DOTALL
                                       : PCRE2_EXTENDED;
    return options;
}

static int compile(pcre2_code **ret, struct str pattern, uint32_t options, size_t *ret_at,
                   char why[120])
{
    PCRE2_SIZE at = 0;
    int code = 0;

    *ret = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, options, &code, &at, NULL);
    if (!*ret) {
        pcre2_get_error_message(code, (PCRE2_UCHAR *)why, 120);
        *ret_at = at;
        return -LM_E_SYNTAX;
    }
    /* Without machine code (another processor, no executable memory) the interpreter does it. */
    (void)pcre2_jit_compile(*ret, PCRE2_JIT_COMPLETE);
    return 0;
}

static void find_needles(struct regex *r, struct str pattern, struct str flags)
{
    struct str literals[REGEX_LITERALS_MAX];
    bool fold = flags.n && memchr(flags.p, 'i', flags.n);

    r->needle_count = regex_literals(&r->texts, pattern, flags, literals);
    for (uint32_t i = 0; i < r->needle_count; i++)
        needle_init(&r->needles[i], literals[i], fold);
}

int regex_new(struct regex **ret, struct str pattern, struct str flags, size_t *ret_at,
              char why[120])
{
    struct regex *r = calloc(1, sizeof *r);
    uint32_t options = options_of(flags);
    int err = r ? 0 : -ENOMEM;

    if (err == 0)
        err = compile(&r->quick, pattern, options | PCRE2_USE_OFFSET_LIMIT, ret_at, why);
    if (err == 0)
        err = compile(&r->patient, pattern, options | PCRE2_AUTO_CALLOUT, ret_at, why);
    if (err == 0 && regex_sees_lines(pattern, flags))
        err = compile(&r->lines, pattern, options | PCRE2_USE_OFFSET_LIMIT | PCRE2_MULTILINE,
                      ret_at, why);
    if (err < 0) {
        regex_free(r);
        return err;
    }
    find_needles(r, pattern, flags);
    *ret = r;
    return 0;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    pcre2_code_free(r->quick);
    pcre2_code_free(r->patient);
    pcre2_code_free(r->lines);
    arena_fini(&r->texts);
    free(r);
}

size_t regex_next_place(struct str text, size_t at)
{
    while (at < text.n && ((unsigned char)text.p[at] & 0xc0) == 0x80)
        at++;
    return at;
}

/* What PCRE2 says; NOMATCH only when the whole text was searched. */
static int match_quickly(const struct regex *r, struct scratch *s, struct str text)
{
    size_t at = 0, slice = regex_first_slice(text.n);
    int64_t start_us = slice > text.n ? 0 : clock_mono_us(), before_us = start_us;

    for (;;) {
        pcre2_set_offset_limit(s->quick, at + slice - 1);
        int n = pcre2_match(r->quick, (PCRE2_SPTR)text.p, text.n, at, PCRE2_NO_UTF_CHECK, s->data,
                            s->quick);
        at = regex_next_place(text, at + slice);
        if (n != PCRE2_ERROR_NOMATCH || at > text.n)
            return n;
        int64_t now_us = clock_mono_us();
        if (now_us - start_us > REGEX_TIME_MAX_US)
            return PCRE2_ERROR_MATCHLIMIT;
        if (now_us - before_us < SLICE_QUICK_US)
            slice *= 2;
        before_us = now_us;
    }
}

struct patience {
    int64_t end_us;
    uint32_t steps;
};

static int on_step(pcre2_callout_block *block, void *ctx)
{
    struct patience *p = ctx;

    (void)block;
    if (++p->steps % STEPS_PER_LOOK != 0 || clock_mono_us() <= p->end_us)
        return 0;
    return PCRE2_ERROR_CALLOUT;
}

static int match_patiently(const struct regex *r, struct scratch *s, struct str text)
{
    struct patience p = {.end_us = clock_mono_us() + REGEX_TIME_MAX_US};

    pcre2_set_callout(s->patient, on_step, &p);
    return pcre2_match(r->patient, (PCRE2_SPTR)text.p, text.n, 0, PCRE2_NO_UTF_CHECK, s->data,
                       s->patient);
}

/* Can it not match, for want of a text that must be there? */
static bool lacks_needles(const struct regex *r, struct str text)
{
    for (uint32_t i = 0; i < r->needle_count; i++)
        if (needle_found(&r->needles[i], text))
            return false;
    return r->needle_count > 0;
}

bool regex_found(struct regex *r, struct str text)
{
    struct scratch *s;
    int n = PCRE2_ERROR_NOMEMORY;

    if (regex_overruns(r) > 0 || lacks_needles(r, text))
        return false;
    if (text.n == 0)
        text.p = "";
    s = regex_scratch();
    if (s)
        n = match_quickly(r, s, text);
    if (s && n < 0 && n != PCRE2_ERROR_NOMATCH)
        n = match_patiently(r, s, text);
    if (n < 0 && n != PCRE2_ERROR_NOMATCH)
        atomic_fetch_add_explicit(&r->overruns, 1, memory_order_relaxed);
    return n >= 0;
}

const struct needle *regex_needles(const struct regex *r, uint32_t *ret_n)
{
    *ret_n = r->needle_count;
    return r->needles;
}

uint32_t regex_overruns(const struct regex *r)
{
    return atomic_load_explicit(&r->overruns, memory_order_relaxed);
}
