/* SPDX-License-Identifier: MIT
 *
 * keeper_lines_test.c - the plain file as lines for people.
 */
#include "proc/keeper_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { OUT = 1, ERR = 2 };

static char dir[64], path[96];

static void add(struct keeper_lines *l, struct keeper_file *f, uint32_t stream, const char *text,
                bool last)
{
    struct errinfo info;
    assert_int_equal(keeper_lines_write(l, f, stream, str_from(text), last, 0, &info), FILE_OK);
}

/* The lines of the file without their "HH:MM:SS ". */
static void read_lines(char out[4096])
{
    char line[512];
    size_t n = 0;
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        assert_true(line[2] == ':' && line[5] == ':' && line[8] == ' ');
        n += (size_t)snprintf(out + n, 4096 - n, "%s", line + 9);
    }
    fclose(f);
}

static void each_line_has_its_level_and_streams_never_mix(void **state)
{
    (void)state;
    struct errinfo info;
    struct keeper_lines l = {0};
    struct keeper_file f;
    char got[4096];

    assert_int_equal(file_open(&f, path, &(struct file_how){0}, &info), 0);
    add(&l, &f, OUT, "hello\n[warn] wat", false);
    add(&l, &f, ERR, "boom\nINFO all is well\n", false);
    add(&l, &f, OUT, "ch out\nInfo is a word\n", false);
    add(&l, &f, OUT, "a\x1b[31mred\xff\rline\n", false);
    add(&l, &f, OUT, "no end", false);
    add(&l, &f, OUT, "", true);
    add(&l, &f, ERR, "", true);
    file_close(&f);
    keeper_lines_fini(&l);
    read_lines(got);
    assert_non_null(strstr(got, "INFO: hello\nERROR: boom\nINFO: INFO all is well\n"
                                "WARN: [warn] watch out\nINFO: Info is a word\n"));
    assert_null(strchr(got, '\x1b'));
    assert_string_equal(got + strlen(got) - 13, "INFO: no end\n");
}

static int make_place(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/keeper_lines_test.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/demo.log", dir);
    return 0;
}

static int remove_place(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_line_has_its_level_and_streams_never_mix, make_place,
                                        remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
