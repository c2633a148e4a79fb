/* SPDX-License-Identifier: MIT
 *
 * filter_fuzz.c - arbitrary parameters as a filter: `name=value` lines, then the record they are asked
 * about (its source, job and message on the last three lines).
 *
 * What must hold: a refusal has a sentence; the two halves of a match agree with the conditions looked
 * at one by one; the same parameters make the same key.
 */
#include "record/filter.h"

#include "record/utf8.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct label_table table;

/* Takes what follows the last LF. */
static struct str take_last_line(struct str *rest)
{
    const char *lf = rest->n ? memrchr(rest->p, '\n', rest->n) : NULL;
    struct str line = lf ? str_of(lf + 1, rest->n - (size_t)(lf + 1 - rest->p)) : *rest;

    *rest = lf ? str_of(rest->p, (size_t)(lf - rest->p)) : STR_NONE;
    return line;
}

static bool naive_match(const struct filter *f, const struct record *r)
{
    bool match = r->level >= f->min_level;

    for (uint32_t i = 0; i < f->label_count; i++)
        match = match && str_eq(labels_get(r->labels, f->labels[i].name), f->labels[i].value);
    if (f->stream != STREAM_NONE && f->stream != r->stream)
        match = false;
    bool found = f->search.n == 0;
    for (size_t i = 0; i + f->search.n <= r->message.n && !found; i++)
        found = str_eq_nocase(str_of(r->message.p + i, f->search.n), f->search);
    return match && found;
}

static void build(struct filter *f, struct str params)
{
    while (params.n) {
        struct errinfo info = {0};
        struct str value, line = str_cut(params, '\n', &params);
        struct str name = str_cut(line, '=', &value);
        int err = filter_add(f, name, value, &info);
        lm_assert(err <= 0);
        lm_assert(err == 0 || err == -LM_E_UNKNOWN || (info.code == err && info.text[0]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_of((const char *)data, size);
    struct record r = {.level = (enum level)(1 + size % 6), .stream = (enum stream)(1 + size % 3)};
    struct filter f, again;
    struct buf key = {0}, key_again = {0};

    r.message = take_last_line(&rest);
    struct label job = {STR("job_run_id"), take_last_line(&rest)};
    if (labels_make(&table, take_last_line(&rest), &job, 1, &r.labels) < 0)
        return 0;
    filter_init(&f);
    filter_init(&again);
    build(&f, rest);
    build(&again, rest);
    lm_assert(filter_match(&f, &r) == naive_match(&f, &r));
    filter_add_key(&f, &key);
    filter_add_key(&again, &key_again);
    lm_assert(str_eq(buf_str(&key), buf_str(&key_again)));
    filter_fini(&f);
    filter_fini(&again);
    buf_fini(&key);
    buf_fini(&key_again);
    labels_unref(r.labels);
    return 0;
}
