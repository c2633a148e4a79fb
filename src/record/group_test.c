/* SPDX-License-Identifier: MIT
 *
 * group_test.c - stack traces as six languages print them: which lines continue which.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/parse_fixture.h"

/* In front of each line what is expected: '+' it continues, '.' it is a head; then the first letter
 * of the level; then '|'. */
static void check(struct fixture *f, const char *const *lines)
{
    for (; *lines; lines++) {
        const char *want = *lines, *line = want + 3;
        assert_int_equal(fixture_feed(f, STREAM_STDOUT, str_from(line)), PARSE_RECORD);
        bool cont = (f->r.flags & RECORD_CONT) != 0;
        if (cont != (want[0] == '+') || level_name(f->r.level)[0] != want[1])
            fail_msg("%s %s: %s", cont ? "continues" : "is a head", level_name(f->r.level), line);
    }
}

static void traces_of_java_are_grouped(void **state)
{
    static const char *const lines[] = {
        ".i|2026-11-21 02:50:33,978 INFO  [main] c.e.App: before",
        ".e|2026-11-21 02:50:33,979 ERROR [main] c.e.App: it failed",
        "+e|java.lang.IllegalStateException: outer",
        "+e|\tat com.example.T.a(T.java:3)",
        "+e|\tat java.base/java.lang.reflect.Method.invoke(Method.java:569)",
        "+e|\tSuppressed: java.lang.Exception: sup",
        "+e|\t\tat T.main(T.java:5)",
        "+e|\t\t... 9 more",
        "+e|Caused by: java.lang.IllegalArgumentException: bad",
        "+e|second line of its text",
        "+e|\tat T.b(T.java:4)",
        "+e|\t... 9 more",
        ".i|2026-11-21 02:50:33,980 INFO  [main] c.e.App: after",
        ".e|Exception in thread \"main\" java.lang.IllegalStateException: outer",
        "+e|\tat T.a(T.java:3)",
        ".i|an ordinary line",
        ".i|    at the end of an indented text",
        NULL,
    };
    check(*state, lines);
}

static void traces_of_python_are_grouped(void **state)
{
    static const char *const lines[] = {
        ".e|ERROR:my.mod:went wrong",
        "+e|Traceback (most recent call last):",
        "+e|  File \"/a/s.py\", line 5, in <module>",
        "+e|    try: 1/0",
        "+e|         ~^~",
        "+e|ZeroDivisionError: division by zero",
        ".i|INFO:my.mod:next",
        ".e|Traceback (most recent call last):",
        "+e|  File \"/a/s.py\", line 10, in f",
        "+e|    try: {}['k']",
        "+e|KeyError: 'k'",
        "+e|",
        "+e|The above exception was the direct cause of the following exception:",
        "+e|",
        "+e|Traceback (most recent call last):",
        "+e|  File \"/a/s.py\", line 16, in <module>",
        "+e|    f()",
        "+e|ValueError: outer",
        ".i|printed by the program",
        ".e|  + Exception Group Traceback (most recent call last):",
        "+e|  |   File \"/a/s.py\", line 14, in <module>",
        "+e|  | ExceptionGroup: eg (2 sub-exceptions)",
        "+e|  +-+---------------- 1 ----------------",
        "+e|    | ValueError: 1",
        "+e|    +------------------------------------",
        ".e|Traceback (most recent call last):",
        "+e|  File \"/a/s.py\", line 16, in <module>",
        "+e|KeyboardInterrupt",
        "+e|    what is indented behind a trace belongs to it",
        ".i|printed by the program",
        NULL,
    };
    check(*state, lines);
}

static void traces_of_go_are_grouped(void **state)
{
    static const char *const lines[] = {
        ".f|panic: runtime error: index out of range [5] with length 3",
        "+f|",
        "+f|goroutine 1 [running]:",
        "+f|main.(*T).run(0xc000012345, {0x1, 0x2})",
        "+f|\t/app/main.go:12 +0x1d",
        "+f|main.main()",
        "+f|\t/app/main.go:5 +0x20",
        "+f|created by github.com/a/b.Start in goroutine 1",
        "+f|\t/app/b.go:9 +0x20",
        "+f|exit status 2",
        ".i|2026/11/21 02:50:33 restarted (again)",
        ".e|fatal error: all goroutines are asleep - deadlock!",
        "+e|",
        "+e|goroutine 1 [chan receive]:",
        "+e|main.main()",
        NULL,
    };
    check(*state, lines);
}

static void traces_of_node_are_grouped(void **state)
{
    static const char *const lines[] = {
        ".e|Error: outer",
        "+e|    at f ([eval]:1:58)",
        "+e|    at node:internal/main/eval_string:51:3 {",
        "+e|  [cause]: Error: boom",
        "+e|      at f ([eval]:1:22)",
        "+e|    code: 'E1'",
        "+e|  }",
        "+e|}",
        "+e|",
        "+e|Node.js v20.20.2",
        ".i|restarted",
        ".e|TypeError: x is not a function",
        "+e|    at Object.<anonymous> (/app/a.js:1:2)",
        ".i|{\"level\":30,\"msg\":\"next\"}",
        NULL,
    };
    check(*state, lines);
}

static void traces_of_rust_are_grouped(void **state)
{
    static const char *const lines[] = {
        ".f|thread 'main' (26071) panicked at r.rs:1:25:",
        "+f|index out of bounds: the len is 1 but the index is 7",
        "+f|stack backtrace:",
        "+f|   0: __rustc::rust_begin_unwind",
        "+f|             at /rustc/x/library/std/src/panicking.rs:689:5",
        "+f|   1: core::panicking::panic_fmt",
        "+f|note: Some details are omitted, run with `RUST_BACKTRACE=full`",
        ".i|restarted",
        NULL,
    };
    check(*state, lines);
}

static void traces_of_c_sharp_are_grouped(void **state)
{
    static const char *const lines[] = {
        ".f|Unhandled exception. System.InvalidOperationException: outer",
        "+f| ---> System.ArgumentException: inner",
        "+f|   at App.Program.F() in /app/Program.cs:line 5",
        "+f|   --- End of inner exception stack trace ---",
        "+f|   at App.Program.Main(String[] args) in /app/Program.cs:line 9",
        ".i|restarted",
        NULL,
    };
    check(*state, lines);
}

static void a_group_ends_after_its_time_and_its_lines(void **state)
{
    struct fixture *f = *state;

    fixture_line(f, "ERROR it failed");
    fixture_line(f, "\tat T.a(T.java:3)");
    assert_true(f->r.flags & RECORD_CONT);
    f->read_us += GROUP_US + 1;
    fixture_line(f, "\tat T.a(T.java:3)");
    assert_false(f->r.flags & RECORD_CONT);
    assert_int_equal(f->r.level, LEVEL_INFO);

    fixture_line(f, "ERROR it failed");
    for (int i = 1; i < GROUP_LINES; i++) {
        fixture_line(f, "\tat T.a(T.java:3)");
        assert_true(f->r.flags & RECORD_CONT);
    }
    fixture_line(f, "\tat T.a(T.java:3)");
    assert_false(f->r.flags & RECORD_CONT);
}

static void streams_have_groups_of_their_own_and_the_clock_may_jump(void **state)
{
    struct fixture *f = *state;

    fixture_line(f, "ERROR it failed");
    assert_int_equal(fixture_feed(f, STREAM_STDERR, STR("\tat T.a(T.java:3)")), PARSE_RECORD);
    assert_false(f->r.flags & RECORD_CONT);
    fixture_line(f, "\tat T.a(T.java:3)");
    assert_true(f->r.flags & RECORD_CONT);
    f->read_us -= 3600ll * 1000000;
    fixture_line(f, "\tat T.a(T.java:3)");
    assert_false(f->r.flags & RECORD_CONT);
}

static void a_continuation_inherits_time_and_labels_of_its_head(void **state)
{
    struct fixture *f = *state;

    fixture_line(
        f,
        "{\"level\":\"error\",\"time\":\"2026-11-21T02:50:33Z\",\"jobRunId\":\"7\",\"msg\":\"m\"}");
    assert_string_equal(fixture_line(f, "Traceback (most recent call last):"),
                        "+error 2026-11-21T02:50:33.000000Z | Traceback (most recent call last): # "
                        "\"job_run_id\":\"7\",\"process_id\":\"app\"");
    assert_string_equal(fixture_line(f, "the next line"), "info | the next line");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(traces_of_java_are_grouped),
        TEST(traces_of_python_are_grouped),
        TEST(traces_of_go_are_grouped),
        TEST(traces_of_node_are_grouped),
        TEST(traces_of_rust_are_grouped),
        TEST(traces_of_c_sharp_are_grouped),
        TEST(a_group_ends_after_its_time_and_its_lines),
        TEST(streams_have_groups_of_their_own_and_the_clock_may_jump),
        TEST(a_continuation_inherits_time_and_labels_of_its_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
