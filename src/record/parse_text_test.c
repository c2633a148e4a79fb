/* SPDX-License-Identifier: MIT
 *
 * parse_text_test.c - level and time in front of lines that were written for people.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/parse_fixture.h"

/* LEVEL_NONE: the line names none. The fallback is a level that it cannot be mistaken for. */
static void check_level(struct fixture *f, const char *line, enum level level)
{
    enum level fallback = level == LEVEL_TRACE ? LEVEL_INFO : LEVEL_TRACE;

    if (level == LEVEL_NONE)
        level = fallback = LEVEL_FATAL;
    parser_fini(&f->parser); /* each line by itself */
    f->parser.rules = &f->rules;
    f->rules.fallback[STREAM_STDOUT] = fallback;
    assert_int_equal(fixture_feed(f, STREAM_STDOUT, str_from(line)), PARSE_RECORD);
    if (f->r.level != level)
        fail_msg("%s instead of %s: %s", level_name(f->r.level), level_name(level), line);
    assert_true(str_is(f->r.message, line));
    assert_int_equal(f->r.fields.n, 0);
}

static void levels_stand_in_front_in_many_ways(void **state)
{
    static const struct {
        const char *line;
        enum level level;
    } v[] = {
        /* python's logging */
        {"WARNING:root:text", LEVEL_WARN},
        {"CRITICAL:my.mod:text", LEVEL_FATAL},
        {"2026-11-21 02:50:33,864 - my.module - ERROR - w 1", LEVEL_ERROR},
        {"[2026-11-21 02:50:33,864] DEBUG in s: w 1", LEVEL_DEBUG},
        {"WARNING  2026-11-21 02:50:33,864 w 1", LEVEL_WARN},
        {"2026-11-21 02:50:33,864 [MainThread] WARNI  my.module: w 1", LEVEL_WARN},
        {"2026-11-21 02:50:33,864,WARNING,w 1", LEVEL_WARN},
        {"[2026-11-21 02:50:33,123: INFO/MainProcess] celery", LEVEL_INFO},
        {"[2026-11-21 02:50:33 +0000] [123] [ERROR] gunicorn", LEVEL_ERROR},
        {"INFO:     Started server process", LEVEL_INFO},
        {"[E 261121 02:50:33 web:1] tornado", LEVEL_ERROR},
        {"[W 02:50:33.123 NotebookApp] jupyter", LEVEL_WARN},
        {"2026-11-21 02:50:33.123 | WARNING  | mod:f:1 - x", LEVEL_WARN},
        /* Java */
        {"2026-11-21 02:50:33,978 INFO [main] org.apache.X: text", LEVEL_INFO},
        {"2026-11-21T02:50:33.123+01:00  WARN 1234 --- [main] c.e.App : spring", LEVEL_WARN},
        {"02:50:33.123 [main] ERROR com.foo.Bar - logback", LEVEL_ERROR},
        {"[2026-11-21 02:50:33,123] WARN text (kafka.server.X)", LEVEL_WARN},
        {"[2026-11-21T02:50:33,123][INFO ][o.e.n.Node] [node-1] text", LEVEL_INFO},
        {"SEVERE: text", LEVEL_ERROR},
        {"2015-07-29 19:04:29,071 - WARN  [SendWorker:1:QuorumCnxManager$SendWorker@688] - x",
         LEVEL_WARN},
        {"17/06/09 20:10:40 INFO executor.Backend: text", LEVEL_INFO},
        /* Go, Rust, Ruby, .NET, Elixir */
        {"INFO[0000] logrus on a terminal", LEVEL_INFO},
        {"\x1b[36mINFO\x1b[0m[0000] logrus in colour", LEVEL_INFO},
        {"3:04PM WRN zerolog on a terminal", LEVEL_WARN},
        {"2026-11-21T02:50:33.123Z\tINFO\tzap", LEVEL_INFO},
        {"2026-11-21T02:50:33.123Z\tinfo\tzap", LEVEL_INFO},
        {"I1121 02:50:33.123456    1234 file.go:123] klog", LEVEL_INFO},
        {"F1121 02:50:33.123456    1234 file.go:123] klog", LEVEL_FATAL},
        {"[2026-11-21T02:50:33Z ERROR crate] env_logger", LEVEL_ERROR},
        {"\x1b[2m2026-11-21T02:50:33.123456Z\x1b[0m \x1b[33m WARN\x1b[0m target: tracing",
         LEVEL_WARN},
        {"E, [2026-11-21T02:50:33.123456 #123] ERROR -- : ruby", LEVEL_ERROR},
        {"fail: Microsoft.Hosting[0]", LEVEL_ERROR},
        {"02:50:33.123 [info] elixir", LEVEL_INFO},
        /* servers */
        {"[Sun Dec 04 04:47:44 2005] [notice] apache", LEVEL_INFO},
        {"[Sun Dec 04 04:47:44.123456 2005] [core:error] [pid 7] apache 2.4", LEVEL_ERROR},
        {"2026/11/21 02:50:33 [error] 123#123: *1 nginx", LEVEL_ERROR},
        {"2026-11-21 02:50:33.123 UTC [123] LOG:  postgres", LEVEL_INFO},
        {"2026-11-21 02:50:33.123 UTC [123] FATAL:  postgres", LEVEL_FATAL},
        {"2026-11-21T02:50:33.123456Z 0 [Note] [MY-010] [Server] mysql", LEVEL_INFO},
        {"[21-Nov-2026 02:50:33 UTC] PHP Warning:  x in y", LEVEL_WARN},
        {"<info>  [1795229433.1] NetworkManager", LEVEL_INFO},
        /* systems */
        {"03-17 16:13:38.811  1702  2395 W WindowManager: text", LEVEL_WARN},
        {"E/AndroidRuntime( 123): text", LEVEL_ERROR},
        {"081109 203615 148 WARN dfs.DataNode$X: text", LEVEL_WARN},
        {"2016-09-28 04:30:30, Info                  CBS    text", LEVEL_INFO},
        {"- 1117838570 2005.06.03 R02-M1 2005-06-03-15.42.50.675872 R02-M1 RAS KERNEL FATAL text",
         LEVEL_FATAL},
        {"Dec 10 06:55:46 LabSZ sshd[24200]: error: Received disconnect", LEVEL_ERROR},
        {"log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 WARN nova.x [req-1] y",
         LEVEL_WARN},
        /* shells and people */
        {"[WARN] disk nearly full", LEVEL_WARN},
        {"(debug) x", LEVEL_DEBUG},
        {"error: no such file", LEVEL_ERROR},
        {"Warning: unused variable", LEVEL_WARN},
        {"main: ERROR: x", LEVEL_ERROR},
        {"panic: runtime error: index out of range", LEVEL_FATAL},
        {"app level=warn x", LEVEL_WARN},
        {"\x1b[1;31m[ERROR]\x1b[0m coloured", LEVEL_ERROR},
        {"[\x1b[31mERROR\x1b[0m] coloured", LEVEL_ERROR},
        {"\x1b[1;38;5;196mFATAL\x1b[0m: coloured", LEVEL_FATAL},
        {"npm WARN deprecated", LEVEL_WARN},
        {"fatal: not a git repository", LEVEL_FATAL},
        {"http: GET /b by winston", LEVEL_DEBUG},
        {"\x1b[32mhttp\x1b[39m: GET /b by winston", LEVEL_DEBUG},
        {"DEBUG", LEVEL_DEBUG},
    };

    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        check_level(*state, v[i].line, v[i].level);
}

static void words_that_only_look_like_levels_are_left_alone(void **state)
{
    static const char *const lines[] = {
        "an error occurred",
        "errors: 0",
        "no warnings",
        "warn about nothing",
        "The information desk is open",
        "http://a/b answered 500",
        "GET http://a/b failed",
        "error TS2304: Cannot find name",
        "TypeErrors and others",
        "The server is in ERROR state",
        "T minus ten",
        "[  OK  ] done",
        "Nov  9 12:10:43 host kernel: (C) 2000-2002 the authors",
        "2017-07-02 15:46:41.445 fetch[1/0x7f] [lvl=2] main() done",
        "Jul  1 09:03:13 host kernel[0]: IOPMPowerSource Information: onSleep",
        "10T20",
        "2026/11/21 02:50:33 http: TLS handshake error from 1.2.3.4",
        "GET /error HTTP/1.1",
        "config: loaded",
        "fine: all is well",
        "ERROR_CODE=7",
        "error::Kind is a type",
        "[error handler] started",
        "[main] started an info service",
        "E = mc^2",
        "I am here",
        "D/o not",
        "I, robot",
        "x86_64-linux WARNs",
        "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; logname= uid=0",
        "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /ERROR HTTP/1.0\" 200 2326",
        "a long line in which the word comes far too late to be the level of it, doesn't it: ERROR",
        "",
        " ",
        "{",
        "[",
        "\x1b",
        "\x1b[",
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        check_level(*state, lines[i], LEVEL_NONE);
}

static void complete_times_are_kept_and_others_are_those_of_the_read(void **state)
{
    static const struct {
        const char *line, *want;
    } v[] = {
        {"2026-11-21T02:50:33.5Z text",
         "info 2026-11-21T02:50:33.500000Z | 2026-11-21T02:50:33.5Z text"},
        {"10.0.0.1 - bob [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 2326",
         "info 2000-10-10T20:55:36.000000Z | 10.0.0.1 - bob [10/Oct/2000:13:55:36 -0700] \"GET / "
         "HTTP/1.0\" 200 2326"},
        {"- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 crond[2916]: x",
         "info 2005-11-09T20:01:01.000000Z | - 1131566461 2005.11.09 dn228 Nov 9 12:01:01 "
         "dn228/dn228 crond[2916]: x"},
        {"2026-11-21 02:50:33 text", "info | 2026-11-21 02:50:33 text"},
        {"Nov 21 02:50:33 host app: text", "info | Nov 21 02:50:33 host app: text"},
    };

    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        assert_string_equal(fixture_line(*state, v[i].line), v[i].want);
}

static void the_zone_of_a_source_completes_them(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse_rules_zone(&f->rules, "+01:00"), 0);
    assert_string_equal(fixture_line(f, "2026-11-21 02:50:33,123 text"),
                        "info 2026-11-21T01:50:33.123000Z | 2026-11-21 02:50:33,123 text");
    assert_string_equal(fixture_line(f, "Nov 21 02:50:33 host app: text"),
                        "info 2026-11-21T01:50:33.000000Z | Nov 21 02:50:33 host app: text");
    assert_string_equal(fixture_line(f, "Dec 31 23:59:59 host app: text"),
                        "info 2025-12-31T22:59:59.000000Z | Dec 31 23:59:59 host app: text");
    assert_string_equal(fixture_line(f, "Feb 01 00:00:00 host app: text"),
                        "info 2026-01-31T23:00:00.000000Z | Feb 01 00:00:00 host app: text");
    assert_string_equal(fixture_line(f, "{\"msg\":\"m\",\"time\":\"2026-11-21 02:50:33\"}"),
                        "info 2026-11-21T01:50:33.000000Z | m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(levels_stand_in_front_in_many_ways, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(words_that_only_look_like_levels_are_left_alone,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(complete_times_are_kept_and_others_are_those_of_the_read,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_zone_of_a_source_completes_them, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
