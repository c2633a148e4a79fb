/* SPDX-License-Identifier: MIT
 *
 * spare_test.c - what the hub says to a keeper in reserve, and what that becomes.
 *
 * The keeper is a fork of this program, which writes down what it has become.
 */
#include "proc/spare.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOTHING = 9 };

/* In the fork: everything it was told, one text per line. */
static void __attribute__((noreturn)) become(int input, int output)
{
    char **argv, here[256];
    int argc;

    dup2(input, STDIN_FILENO);
    if (!spare_wait(&argc, &argv))
        _exit(NOTHING);
    dprintf(output, "%s\n%d\n", getcwd(here, sizeof here), argc);
    for (char **at = argv; *at; at++)
        dprintf(output, "%s\n", *at);
    for (char **at = environ; *at; at++)
        dprintf(output, "%s\n", *at);
    dprintf(output, "input ends: %d\n", getchar() == EOF);
    _exit(0);
}

struct stage {
    struct spare spare;
    int output;
};

static struct stage begin(void)
{
    int pair[2], out[2];

    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_return_code(pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        become(pair[1], out[1]);
    }
    close(pair[1]);
    close(out[1]);
    return (struct stage){.spare = {.pid = pid, .to = pair[0]}, .output = out[0]};
}

/* How the fork ended; *ret has what it wrote. */
static int end(struct stage *s, pid_t pid, struct buf *ret)
{
    char bytes[4096];
    int status;

    for (ssize_t n; (n = read(s->output, bytes, sizeof bytes)) > 0;)
        buf_add(ret, bytes, (size_t)n);
    close(s->output);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void it_becomes_what_it_is_told(void **state)
{
    char keeper[] = "keeper", empty[] = "", word[] = "two words\nand a line", variable[] = "A=1";
    char other[] = "EMPTY=", *argv[] = {keeper, empty, word, NULL},
         *env[] = {variable, other, NULL};
    struct stage s = begin();
    struct buf got = {0};
    pid_t pid;

    (void)state;
    assert_true(spare_use(&s.spare, &(struct spawn_program){argv, env, "/", -1}, &pid));
    assert_int_equal(s.spare.pid, 0);
    assert_int_equal(end(&s, pid, &got), 0);
    buf_add(&got, "", 1);
    assert_string_equal(got.p,
                        "/\n3\nkeeper\n\ntwo words\nand a line\nA=1\nEMPTY=\ninput ends: 1\n");
    buf_fini(&got);
}

static void without_a_message_it_ends(void **state)
{
    struct stage s = begin();
    struct buf got = {0};
    pid_t pid = s.spare.pid;

    (void)state;
    spare_drop(&s.spare);
    assert_int_equal(end(&s, pid, &got), NOTHING);
    assert_int_equal(got.n, 0);
}

static void every_message_that_breaks_off_is_none(void **state)
{
    /* the length, "/", one word, the word, a variable */
    static const char whole[] = "\x10\0\0\0\0\0\0\0/\0"
                                "1\0"
                                "keeper\0"
                                "A=12\0";

    (void)state;
    for (size_t n = 0; n < sizeof whole; n++) {
        struct stage s = begin();
        struct buf got = {0};
        pid_t pid = s.spare.pid;
        assert_int_equal(write(s.spare.to, whole, n), n);
        spare_drop(&s.spare);
        bool is_whole = n == sizeof whole - 1;
        assert_int_equal(end(&s, pid, &got), is_whole ? 0 : NOTHING);
        buf_fini(&got);
    }
}

static void what_it_cannot_take_is_left_to_others(void **state)
{
    static char much[SPARE_MESSAGE_MAX];
    char keeper[] = "keeper", *small[] = {keeper, NULL}, *large[] = {keeper, much, NULL},
         *env[] = {NULL};
    struct stage s = begin();
    struct buf got = {0};
    pid_t pid = s.spare.pid, other = 0;

    (void)state;
    memset(much, 'x', sizeof much - 1);
    assert_false(spare_use(&s.spare, &(struct spawn_program){large, env, NULL, -1}, &other));
    assert_false(
        spare_use(&s.spare, &(struct spawn_program){small, env, "/no/such/folder", -1}, &other));
    assert_int_equal(s.spare.pid, pid);
    spare_drop(&s.spare);
    assert_false(spare_use(&s.spare, &(struct spawn_program){small, env, NULL, -1}, &other));
    assert_int_equal(end(&s, pid, &got), NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_becomes_what_it_is_told),
        cmocka_unit_test(without_a_message_it_ends),
        cmocka_unit_test(every_message_that_breaks_off_is_none),
        cmocka_unit_test(what_it_cannot_take_is_left_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
