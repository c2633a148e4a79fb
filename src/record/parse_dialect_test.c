/* SPDX-License-Identifier: MIT
 *
 * parse_dialect_test.c - lines as real writers write them. Those of pino 10, winston 3, bunyan 2
 * and python3's logging were taken from their output; the others follow the writers' documentation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/parse_fixture.h"

struct vector {
    const char *line, *want;
};

static void check(struct fixture *f, const struct vector *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_string_equal(fixture_line(f, v[i].line), v[i].want);
}

#define CHECK(f, vectors) check((f), (vectors), sizeof(vectors) / sizeof *(vectors))

static void pino_winston_and_bunyan_are_understood(void **state)
{
    static const struct vector v[] = {
        {"{\"level\":30,\"time\":1795229433660,\"pid\":9304,\"hostname\":\"vm\",\"msg\":\"hello "
         "\\\"quoted\\\" \xc3\xa4 \xf0\x9f\x9a\x80\"}",
         "info 2026-11-21T02:50:33.660000Z | hello \"quoted\" \xc3\xa4 \xf0\x9f\x9a\x80 | "
         "{\"pid\":9304,\"hostname\":\"vm\"}"},
        {"{\"level\":40,\"time\":1795229433661,\"pid\":9304,\"hostname\":\"vm\",\"job_run_id\":"
         "\"run-1\","
         "\"jobName\":\"x\",\"a\":1,\"b\":{\"c\":[1,2]},\"msg\":\"with args\"}",
         "warn 2026-11-21T02:50:33.661000Z | with args | "
         "{\"pid\":9304,\"hostname\":\"vm\",\"jobName\":"
         "\"x\",\"a\":1,\"b\":{\"c\":[1,2]}} # \"job_run_id\":\"run-1\",\"process_id\":\"app\""},
        {"{\"level\":50,\"time\":1795229433662,\"err\":{\"type\":\"Error\",\"message\":\"no\","
         "\"stack\":"
         "\"Error: no\\n    at f (a.js:1:2)\"},\"msg\":\"failed\"}",
         "error 2026-11-21T02:50:33.662000Z | failed | "
         "{\"err\":{\"type\":\"Error\",\"message\":\"no\","
         "\"stack\":\"Error: no\\n    at f (a.js:1:2)\"}}"},
        {"{\"level\":\"info\",\"time\":\"2026-11-21T02:50:33.663Z\",\"sessionId\":\"s\","
         "\"message\":"
         "\"iso\"}",
         "info 2026-11-21T02:50:33.663000Z | iso # \"process_id\":\"app\",\"session_id\":\"s\""},
        {"{\"level\":35,\"time\":1795229433664,\"msg\":\"custom\"}",
         "info 2026-11-21T02:50:33.664000Z | custom | {\"level\":35}"},
        {"{\"level\":\"http\",\"message\":\"GET /\",\"timestamp\":\"2026-11-21T02:50:33.666Z\"}",
         "debug 2026-11-21T02:50:33.666000Z | GET / | {\"level\":\"http\"}"},
        {"{\"level\":\"silly\",\"message\":\"s\"}", "trace | s"},
        {"{\"campaignId\":\"c1\",\"level\":\"warn\",\"message\":\"with "
         "meta\",\"n\":1.5,\"timestamp\":"
         "\"2026-11-21T02:50:33.666Z\",\"userEmail\":\"a@b.c\"}",
         "warn 2026-11-21T02:50:33.666000Z | with meta | {\"n\":1.5} # "
         "\"campaign_id\":\"c1\",\"process_id\":\"app\",\"user_email\":\"a@b.c\""},
        {"{\"level\":\"\\u001b[31merror\\u001b[39m\",\"message\":\"coloured\"}",
         "error | coloured"},
        {"{\"@fields\":{\"a\":1,\"level\":\"info\"},\"@message\":\"stash\"}",
         "info | stash | {\"@fields\":{\"a\":1,\"level\":\"info\"}}"},
        {"{\"level\":\"notice\",\"message\":\"n\"}", "info | n | {\"level\":\"notice\"}"},
        {"\x1b[33mwarn\x1b[39m: simple coloured", "warn | \x1b[33mwarn\x1b[39m: simple coloured"},
        {"{\"name\":\"app\",\"hostname\":\"vm\",\"pid\":9304,\"level\":60,\"msg\":\"end\",\"time\":"
         "\"2026-11-21T02:50:33.772Z\",\"v\":0}",
         "fatal 2026-11-21T02:50:33.772000Z | end | "
         "{\"name\":\"app\",\"hostname\":\"vm\",\"pid\":9304,\"v\":0}"},
    };
    CHECK(*state, v);
}

static void json_of_other_languages_is_understood(void **state)
{
    static const struct vector v[] = {
        /* zap, zerolog, slog, logrus, hclog */
        {"{\"level\":\"info\",\"ts\":1795229433.6601233,\"caller\":\"a/"
         "b.go:7\",\"msg\":\"zap\",\"n\":1}",
         "info 2026-11-21T02:50:33.660123Z | zap | {\"caller\":\"a/b.go:7\",\"n\":1}"},
        {"{\"level\":\"warn\",\"time\":\"2026-11-21T03:50:33+01:00\",\"message\":\"zerolog\"}",
         "warn 2026-11-21T02:50:33.000000Z | zerolog"},
        {"{\"time\":\"2026-11-21T02:50:33.663123456Z\",\"level\":\"DEBUG-4\",\"msg\":\"slog\","
         "\"g\":{\"x\":1}}",
         "debug 2026-11-21T02:50:33.663123Z | slog | {\"level\":\"DEBUG-4\",\"g\":{\"x\":1}}"},
        {"{\"@level\":\"error\",\"@message\":\"hclog\",\"@module\":\"m\",\"@timestamp\":"
         "\"2026-11-21T02:50:33.663123Z\"}",
         "error 2026-11-21T02:50:33.663123Z | hclog | {\"@module\":\"m\"}"},
        /* ECS, both ways of writing the level */
        {"{\"@timestamp\":\"2026-11-21T02:50:33.663Z\",\"log.level\":\"ERROR\",\"message\":\"ecs\","
         "\"ecs.version\":\"1.6.0\"}",
         "error 2026-11-21T02:50:33.663000Z | ecs | {\"ecs.version\":\"1.6.0\"}"},
        {"{\"@timestamp\":\"2026-11-21T02:50:33.663Z\",\"log\":{\"level\":\"warn\",\"logger\":"
         "\"l\"},"
         "\"message\":\"ecs\"}",
         "warn 2026-11-21T02:50:33.663000Z | ecs | "
         "{\"log\":{\"level\":\"warn\",\"logger\":\"l\"}}"},
        /* OTel */
        {"{\"timeUnixNano\":\"1795229433660123456\",\"severityNumber\":13,\"severityText\":"
         "\"WARN\","
         "\"body\":\"otel\"}",
         "warn 2026-11-21T02:50:33.660123Z | otel | {\"severityNumber\":13}"},
        {"{\"severityNumber\":18,\"body\":\"otel\"}", "error | otel | {\"severityNumber\":18}"},
        {"{\"severityNumber\":21,\"body\":\"otel\"}", "fatal | otel"},
        /* structlog, python-json-logger, Google, journald, Monolog, Serilog, log4j */
        {"{\"event\":\"structlog\",\"level\":\"info\",\"timestamp\":\"2026-11-21T02:50:33."
         "663123Z\",\"user\":7}",
         "info 2026-11-21T02:50:33.663123Z | structlog | {\"user\":7}"},
        {"{\"asctime\": \"2026-11-21 02:50:33,663\", \"levelname\": \"WARNING\", \"name\": \"m\", "
         "\"message\": "
         "\"python\"}",
         "warn | python | {\"asctime\": \"2026-11-21 02:50:33,663\",\"name\": \"m\"}"},
        {"{\"levelno\":20,\"message\":\"python\"}", "info | python"},
        {"{\"severity\":\"CRITICAL\",\"message\":\"gcp\",\"timestamp\":{\"seconds\":1795229433,"
         "\"nanos\":"
         "660000000},\"logging.googleapis.com/trace\":\"t\"}",
         "fatal 2026-11-21T02:50:33.660000Z | gcp | {\"logging.googleapis.com/trace\":\"t\"}"},
        {"{\"PRIORITY\":\"4\",\"MESSAGE\":\"journal\",\"_PID\":\"1\"}",
         "warn | journal | {\"_PID\":\"1\"}"},
        {"{\"message\":\"monolog\",\"level\":250,\"level_name\":\"NOTICE\",\"datetime\":"
         "\"2026-11-21T02:50:33.663123+00:00\"}",
         "info 2026-11-21T02:50:33.663123Z | monolog | {\"level\":250,\"level_name\":\"NOTICE\"}"},
        {"{\"@t\":\"2026-11-21T02:50:33.6631234Z\",\"@mt\":\"by "
         "{who}\",\"@l\":\"Warning\",\"who\":\"me\"}",
         "warn 2026-11-21T02:50:33.663123Z | by {who} | {\"who\":\"me\"}"},
        {"{\"instant\":{\"epochSecond\":1795229433,\"nanoOfSecond\":660000000},\"level\":\"FATAL\","
         "\"message\":"
         "\"log4j\"}",
         "fatal 2026-11-21T02:50:33.660000Z | log4j"},
    };
    CHECK(*state, v);
}

static void what_is_not_understood_stays_among_the_fields(void **state)
{
    static const struct vector v[] = {
        {"{\"a\":1}", "info | {\"a\":1} | {\"a\":1}"},
        {"{}", "info | {}"},
        {"{\"level\":\"loud\",\"time\":\"noon\",\"msg\":\"m\"}",
         "info | m | {\"level\":\"loud\",\"time\":\"noon\"}"},
        {"{\"msg\":{\"a\":1},\"level\":null}",
         "info | {\"msg\":{\"a\":1},\"level\":null} | {\"msg\":{\"a\":1},\"level\":null}"},
        {"{\"msg\":\"first\",\"message\":\"second\",\"msg\":\"third\"}",
         "info | second | {\"msg\":\"first\",\"msg\":\"third\"}"},
        {"{ \"x\" : 1e3 , \"msg\" : \"m\" , \"y\" : [ 1 ] }",
         "info | m | {\"x\" : 1e3,\"y\" : [ 1 ]}"},
        {"{\"msg\":\"m\",\"task_name\":\"\",\"sessionId\":{\"a\":1}}",
         "info | m | {\"task_name\":\"\",\"sessionId\":{\"a\":1}}"},
        {"{\"msg\":\"m\",\"jobRunId\":42,\"job_run_id\":\"x\"}",
         "info | m | {\"job_run_id\":\"x\"} # \"job_run_id\":\"42\",\"process_id\":\"app\""},
        {"{\"msg\":\"not closed\"", "info | {\"msg\":\"not closed\""},
        {"{\"level\":\"error\",\"msg\":\"broken", "error | {\"level\":\"error\",\"msg\":\"broken"},
        {"[1,2]", "info | [1,2]"},
        {"{\"msg\":\"a\\u0000b\"}", "info | a"}, /* the comparison ends at the NUL */
    };
    CHECK(*state, v);
}

static void logfmt_is_understood_when_it_clearly_is(void **state)
{
    static const struct vector v[] = {
        {"time=\"2026-11-21T02:50:33Z\" level=warning msg=\"a \\\"walrus\\\" appears\" n=10 "
         "ok=true",
         "warn 2026-11-21T02:50:33.000000Z | a \"walrus\" appears | {\"n\":10,\"ok\":true}"},
        {"ts=2026-11-21T02:50:33.663Z caller=main.go:1 level=info msg=started addr=:80 e= flag",
         "info | ts=2026-11-21T02:50:33.663Z caller=main.go:1 level=info msg=started addr=:80 e= "
         "flag"},
        {"ts=2026-11-21T02:50:33.663Z caller=main.go:1 level=info msg=started addr=:80 id=007 e=",
         "info 2026-11-21T02:50:33.663000Z | started | "
         "{\"caller\":\"main.go:1\",\"addr\":\":80\",\"id\":\"007\",\"e\":\"\"}"},
        {"level=notice msg=\"tab\\there\" taskName=t1 err=\"a\\x1bb\" done",
         "info | tab\there | {\"level\":\"notice\",\"err\":\"a\\\\x1bb\",\"done\":true} # "
         "\"process_id\":\"app\",\"task_name\":\"t1\""},
        {"level=error status=500", "error | level=error status=500 | {\"status\":500}"},
        {"a=1 b=2", "info | a=1 b=2"},
        {"level=info starting the server", "info | level=info starting the server"},
        {"level=warn msg=hello world n=1", "warn | level=warn msg=hello world n=1"},
        {"x=\"not closed level=info", "info | x=\"not closed level=info"},
        {"uid=0 gid=0 user=root", "info | uid=0 gid=0 user=root"},
    };
    CHECK(*state, v);
}

static void syslog_lines_are_taken_apart_when_they_have_a_priority(void **state)
{
    static const struct vector v[] = {
        {"<34>1 2026-11-21T02:50:33.003Z host su 12 ID47 - \xef\xbb\xbf'su root' failed",
         "fatal 2026-11-21T02:50:33.003000Z | 'su root' failed | "
         "{\"facility\":\"auth\",\"hostname\":"
         "\"host\",\"app_name\":\"su\",\"proc_id\":\"12\",\"msg_id\":\"ID47\"}"},
        {"<165>1 2026-11-21T02:50:33+01:00 h a - - [x@1 i=\"3\" q=\"a\\\"b\\]c\"][y z=\"\"] text",
         "info 2026-11-21T01:50:33.000000Z | text | "
         "{\"facility\":\"local4\",\"severity\":\"notice\","
         "\"hostname\":\"h\",\"app_name\":\"a\",\"structured_data\":{\"x@1\":{\"i\":\"3\",\"q\":"
         "\"a\\\"b]c\"},"
         "\"y\":{\"z\":\"\"}}}"},
        {"1 2026-11-21T02:50:33Z h app - - - without a priority",
         "info 2026-11-21T02:50:33.000000Z | without a priority | "
         "{\"hostname\":\"h\",\"app_name\":\"app\"}"},
        {"<1>1 - - - - - - nothing known", "fatal | nothing known | "
                                           "{\"facility\":\"kern\",\"severity\":\"alert\"}"},
        {"<30>Nov 21 02:50:33 host app[7]: text",
         "info | text | {\"facility\":\"daemon\",\"timestamp\":\"Nov 21 02:50:33\",\"hostname\":"
         "\"host\",\"app_name\":\"app\",\"proc_id\":\"7\"}"},
        {"<27>Nov 21 02:50:33 app: no host",
         "error | no host | {\"facility\":\"daemon\",\"timestamp\":\"Nov 21 "
         "02:50:33\",\"app_name\":\"app\"}"},
        {"<4>a warning for the journal", "warn | <4>a warning for the journal"},
        {"<30>no header", "info | <30>no header"},
        {"<999>x", "info | <999>x"},
        {"<34>1 2026-11-21T02:50:33Z h a - - [broken",
         "info 2026-11-21T02:50:33.000000Z | <34>1 2026-11-21T02:50:33Z h a - - [broken"},
    };
    CHECK(*state, v);
}

static void files_of_containers_are_unwrapped(void **state)
{
    static const struct vector v[] = {
        {"{\"log\":\"plain "
         "text\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-21T02:50:33.123456789Z\"}",
         "error 2026-11-21T02:50:33.123456Z | plain text"},
        {"{\"log\":\"{\\\"level\\\":\\\"warn\\\",\\\"msg\\\":\\\"inner\\\",\\\"a\\\":1}\\r\\n\","
         "\"stream\":"
         "\"stdout\",\"attrs\":{\"tag\":\"t\"},\"time\":\"2026-11-21T02:50:33.1Z\"}",
         "warn 2026-11-21T02:50:33.100000Z | inner | {\"attrs\":{\"tag\":\"t\"},\"a\":1}"},
        {"2026-11-21T02:50:33.123456789Z stdout F [WARN] text of a pod",
         "warn 2026-11-21T02:50:33.123456Z | [WARN] text of a pod"},
        {"2026-11-21T03:50:33.123456789+01:00 stderr F:x "
         "{\"level\":\"debug\",\"msg\":\"pod\",\"time\":"
         "\"2026-11-21T02:50:30Z\"}",
         "debug 2026-11-21T02:50:30.000000Z | pod"},
        {"2026-11-21T02:50:33.123456789Z stdout F ", "info 2026-11-21T02:50:33.123456Z | "},
        {"2026-11-21T02:50:33.123456789Z stdout X text",
         "info 2026-11-21T02:50:33.123456Z | 2026-11-21T02:50:33.123456789Z stdout X text"},
        {"{\"log\":\"an app's own\",\"stream\":\"stdout\"}",
         "info | an app's own | {\"stream\":\"stdout\"}"},
    };
    CHECK(*state, v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pino_winston_and_bunyan_are_understood, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(json_of_other_languages_is_understood, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_not_understood_stays_among_the_fields,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(logfmt_is_understood_when_it_clearly_is, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(syslog_lines_are_taken_apart_when_they_have_a_priority,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(files_of_containers_are_unwrapped, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
