/* SPDX-License-Identifier: MIT
 *
 * filter_grammar_test.c - the language by example: every stanza of tests/golden/filter-grammar.txt.
 */
#include "record/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { EXAMPLES_MIN = 200 };

struct example {
    struct str text, canonical, error;
    int column, line;
};

static const char *error_name(const char *sentence)
{
    static const struct {
        const char *name, *sentence;
    } errors[] = {
#define FILTER_ERROR(name, sentence) {#name, sentence},
#include "record/filter_errors.def"
#undef FILTER_ERROR
    };

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strncmp(sentence, errors[i].sentence, strlen(errors[i].sentence)) == 0)
            return errors[i].name;
    return "no filter error";
}

static struct str canonical_of(struct arena *a, struct str text)
{
    struct expr *tree = NULL;
    struct buf out = {0};
    struct errinfo info;

    if (filter_parse(a, text, &tree, &info) < 0)
        fail_msg("%.*s: %s", STR_FMT(text), info.text);
    filter_print(&out, tree);
    struct str copy = arena_copy(a, buf_str(&out));
    buf_fini(&out);
    return copy;
}

static void check_accepted(const struct example *e)
{
    struct arena a = {0};
    struct str canonical = canonical_of(&a, e->text);

    if (!str_eq(canonical, e->canonical))
        fail_msg("line %d: %.*s is understood as %.*s", e->line, STR_FMT(e->text),
                 STR_FMT(canonical));
    if (canonical.n <= FILTER_TEXT_MAX && !str_eq(canonical_of(&a, canonical), canonical))
        fail_msg("line %d: %.*s is not understood as itself", e->line, STR_FMT(canonical));
    arena_fini(&a);
}

static void check_example(const struct example *e)
{
    struct filter f;
    struct errinfo info;

    filter_init(&f);
    int err = filter_add(&f, STR("q"), e->text, &info);
    if ((err < 0) != (e->error.p != NULL))
        fail_msg("line %d: %.*s: %s", e->line, STR_FMT(e->text),
                 err < 0 ? info.text : "an error was expected");
    if (err < 0) {
        assert_int_equal(err, -LM_E_SYNTAX);
        if (info.column != e->column || !str_is(e->error, error_name(info.text)))
            fail_msg("line %d: %.*s: column %d, %s", e->line, STR_FMT(e->text), info.column,
                     info.text);
    } else {
        check_accepted(e);
    }
    filter_fini(&f);
}

/* One line of the file. */
static void take_line(struct example *e, struct str line, int *count)
{
    struct str rest = str_of(line.p + 2, line.n > 2 ? line.n - 2 : 0);
    uint64_t column;

    if (line.n == 0 || line.p[0] == '#')
        return;
    if (line.n < 2 || line.p[1] != ' ' || !strchr("?=!", line.p[0]))
        fail_msg("line %d is neither ?, = nor !", e->line);
    if (line.p[0] == '?') {
        assert_null(e->text.p);
        e->text = rest;
        return;
    }
    assert_non_null(e->text.p);
    e->canonical = line.p[0] == '=' ? rest : STR_NONE;
    if (line.p[0] == '!') {
        assert_true(str_to_u64(str_cut(rest, ' ', &e->error), &column));
        e->column = (int)column;
    }
    check_example(e);
    *e = (struct example){.line = e->line};
    ++*count;
}

static void every_example_means_what_the_file_says(void **state)
{
    static char file[1024 * 1024];
    FILE *in = fopen(GOLDEN_DIR "/filter-grammar.txt", "rb");
    struct example e = {0};
    int count = 0;

    (void)state;
    assert_non_null(in);
    struct str rest = str_of(file, fread(file, 1, sizeof file, in));
    fclose(in);
    while (rest.n) {
        e.line++;
        take_line(&e, str_cut(rest, '\n', &rest), &count);
    }
    assert_null(e.text.p);
    assert_true(count >= EXAMPLES_MIN);
}

static void what_is_not_utf8_is_refused_where_it_begins(void **state)
{
    struct filter f;
    struct errinfo info;

    (void)state;
    filter_init(&f);
    assert_int_equal(filter_add(&f, STR("q"),
                                STR("gr\xc3\xb6\xc3\x9f"
                                    "e \xff"),
                                &info),
                     -LM_E_SYNTAX);
    assert_int_equal(info.column, 7);
    assert_string_equal(error_name(info.text), "not_utf8");
    filter_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_means_what_the_file_says),
        cmocka_unit_test(what_is_not_utf8_is_refused_where_it_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
