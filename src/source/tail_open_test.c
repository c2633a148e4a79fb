/* SPDX-License-Identifier: MIT
 *
 * tail_open_test.c - what is opened, and what is not.
 */
#include "source/tail_open.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

static const char *at(const char *name)
{
    static char path[2][128];
    static int i;
    char *p = path[i++ % 2];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void make_file(const char *name)
{
    FILE *f = fopen(at(name), "we");

    assert_non_null(f);
    fputs("text\n", f);
    fclose(f);
}

static void a_file_is_opened_and_a_link_to_it(void **state)
{
    struct stat st;
    bool link;

    (void)state;
    make_file("file");
    assert_int_equal(symlink("file", at("link")), 0);
    int fd = follow_open(at("file"), &st);
    assert_true(fd >= 0);
    assert_int_equal(st.st_size, 5);
    close(fd);
    fd = follow_open(at("link"), &st);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(follow_stat(at("link"), &st, &link), 0);
    assert_true(link);
    assert_true(S_ISREG(st.st_mode));
}

static void nothing_else_is(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat st;

    (void)state;
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    assert_int_equal(mkdir(at("folder"), 0700), 0);
    assert_int_equal(symlink("nowhere", at("dangling")), 0);
    assert_int_equal(symlink("/dev/zero", at("device")), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", at("socket"));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(follow_open(at("fifo"), &st), -LM_E_INVALID);
    assert_int_equal(follow_open(at("folder"), &st), -LM_E_INVALID);
    assert_int_equal(follow_open(at("socket"), &st), -LM_E_INVALID);
    assert_int_equal(follow_open(at("device"), &st), -LM_E_INVALID);
    assert_int_equal(follow_open(at("dangling"), &st), -ENOENT);
    assert_int_equal(follow_open(at("missing"), &st), -ENOENT);
    assert_string_equal(follow_kind(S_IFIFO), "a FIFO");
    close(fd);
}

/* Needs another user: only root can play both. */
static void a_link_by_somebody_else_leads_to_their_files_only(void **state)
{
    enum { OTHER = 65534 };
    struct stat st;
    bool link;

    (void)state;
    if (geteuid() != 0)
        return;
    make_file("secret");
    make_file("theirs");
    assert_int_equal(chown(at("theirs"), OTHER, OTHER), 0);
    assert_int_equal(symlink(at("secret"), at("trap")), 0);
    assert_int_equal(lchown(at("trap"), OTHER, OTHER), 0);
    assert_int_equal(symlink(at("theirs"), at("fine")), 0);
    assert_int_equal(lchown(at("fine"), OTHER, OTHER), 0);
    assert_int_equal(follow_stat(at("trap"), &st, &link), -LM_E_REFUSED);
    assert_int_equal(follow_open(at("trap"), &st), -LM_E_REFUSED);
    int fd = follow_open(at("fine"), &st);
    assert_true(fd >= 0);
    close(fd);
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tail_open_test.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_opened_and_a_link_to_it),
        cmocka_unit_test(nothing_else_is),
        cmocka_unit_test(a_link_by_somebody_else_leads_to_their_files_only),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
