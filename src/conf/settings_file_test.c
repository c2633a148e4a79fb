/* SPDX-License-Identifier: MIT
 *
 * settings_file_test.c - what the configuration file says, and what it is told when it is wrong.
 *
 * Every kind of mistake has its sentence, and its line and column point at the mistake.
 */
#include "conf/settings_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static void parse_ok(struct settings *s, const char *text)
{
    struct errinfo err = {0};

    *s = (struct settings){0};
    int rc = settings_parse(s, str_from(text), &err);
    if (rc != 0)
        fail_msg("%d:%d: %s", err.line, err.column, err.text);
}

/* The text fails at this place with a sentence that begins so. */
static void refuse_text(struct str text, int line, int column, const char *sentence)
{
    struct settings s = {0};
    struct errinfo err = {0};

    int rc = settings_parse(&s, text, &err);
    settings_fini(&s);
    assert_true(rc < 0);
    assert_int_equal(rc, err.code);
    if (err.line != line || err.column != column ||
        strncmp(err.text, sentence, strlen(sentence)) != 0)
        fail_msg("expected %d:%d: %s\n     got %d:%d: %s", line, column, sentence, err.line,
                 err.column, err.text);
}

static void refuse(const char *text, int line, int column, const char *sentence)
{
    refuse_text(str_from(text), line, column, sentence);
}

static void an_empty_file_sets_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "# only a comment\n", "---\n...\n"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct settings s;
        parse_ok(&s, texts[i]);
        assert_int_equal(s.process_count, 0);
        settings_fini(&s);
    }
}

static void every_type_of_setting_is_read(void **state)
{
    (void)state;
    struct settings s;

    parse_ok(&s, "listen: 127.0.0.1:9000\n"
                 "state_dir: ~/state\n"
                 "hub_name: mill-1\n"
                 "durability: always\n"
                 "sync_interval: 250ms\n"
                 "journal_max: 2GB\n"
                 "max_connections: 12\n"
                 "auth: {loopback: admin}\n");
    assert_string_equal(s.listen, "127.0.0.1:9000");
    assert_string_equal(s.state_dir, "~/state");
    assert_string_equal(s.hub_name, "mill-1");
    assert_int_equal(s.durability, DURABILITY_ALWAYS);
    assert_int_equal(s.sync_interval_ms, 250);
    assert_int_equal(s.journal_max, 2000000000);
    assert_int_equal(s.max_connections, 12);
    assert_int_equal(s.auth_loopback, LOOPBACK_ADMIN);
    assert_int_equal(s.origins[SETTING_sync_interval_ms].from, FROM_FILE);
    assert_int_equal(s.origins[SETTING_sync_interval_ms].line, 5);
    assert_int_equal(s.origins[SETTING_socket].from, FROM_DEFAULT);
    settings_fini(&s);
}

static void a_process_has_all_its_keys(void **state)
{
    (void)state;
    struct settings s;

    parse_ok(&s, "processes:\n"
                 "  game_control:\n"
                 "    command: [python3, -u, game.py, '']\n"
                 "    labels: {job_run_id: nightly-42, team.name: \"Zürich\"}\n"
                 "    restart: on-failure\n"
                 "    log: append\n"
                 "    directory: /srv/game\n"
                 "    env: {LANG: C, EMPTY: ''}\n"
                 "  clock: {command: \"sh -c 'date; sleep 1'\"}\n");
    assert_int_equal(s.process_count, 2);
    const struct process_conf *p = &s.processes[0];
    assert_string_equal(p->name, "game_control");
    assert_string_equal(p->argv[2], "game.py");
    assert_string_equal(p->argv[3], "");
    assert_null(p->argv[4]);
    assert_int_equal(p->label_count, 2);
    assert_string_equal(p->labels[1].name, "team.name");
    assert_string_equal(p->labels[1].value, "Zürich");
    assert_int_equal(p->restart, RESTART_ON_FAILURE);
    assert_int_equal(p->log, LOG_APPEND);
    assert_string_equal(p->directory, "/srv/game");
    assert_string_equal(p->env[0], "LANG=C");
    assert_string_equal(p->env[1], "EMPTY=");
    assert_null(p->env[2]);
    settings_fini(&s);
}

static void a_process_may_say_much_about_its_life(void **state)
{
    (void)state;
    struct settings s;

    parse_ok(&s, "processes:\n"
                 "  db:\n"
                 "    command: db\n"
                 "    restart_delay: 0ms\n"
                 "    restart_limit: 0\n"
                 "    stop_timeout: 30s\n"
                 "    ready: {log: ready to accept, timeout: 5s}\n"
                 "    health: {tcp: \"[::1]:5432\", interval: 1s, retries: 2}\n"
                 "    log: rotate\n"
                 "    log_size: 1MiB\n"
                 "    log_count: 3\n"
                 "    file_format: line\n"
                 "    pty: true\n"
                 "    user: nobody\n"
                 "    group: '12'\n"
                 "    limits: {nofile: 100, core: unlimited, memory: 2GiB}\n"
                 "  task: {command: t, depends_on: db, ready: {exit: 0}}\n"
                 "  web:\n"
                 "    command: w\n"
                 "    depends_on: [db, task]\n"
                 "    ready: {http: \"http://localhost:80/healthz\"}\n");
    const struct process_conf *db = &s.processes[0], *web = &s.processes[2];
    assert_int_equal(db->restart_delay_ms, 0);
    assert_int_equal(db->restart_limit, 0);
    assert_int_equal(db->stop_timeout_ms, 30000);
    assert_int_equal(db->ready.kind, CHECK_LOG);
    assert_string_equal(db->ready.text, "ready to accept");
    assert_int_equal(db->ready.timeout_ms, 5000);
    assert_int_equal(db->health.kind, CHECK_TCP);
    assert_string_equal(db->health.host, "::1");
    assert_int_equal(db->health.port, 5432);
    assert_int_equal(db->health.retries, 2);
    assert_int_equal(db->log, LOG_ROTATE);
    assert_int_equal(db->log_size, 1024 * 1024);
    assert_int_equal(db->log_count, 3);
    assert_int_equal(db->format, FORMAT_LINE);
    assert_true(db->pty);
    assert_string_equal(db->user, "nobody");
    assert_int_equal(db->limit_count, 3);
    assert_int_equal(db->limits[0].value, 100);
    assert_true(db->limits[1].value == UINT64_MAX);
    assert_int_equal(s.processes[1].ready.kind, CHECK_EXIT);
    assert_string_equal(web->depends_on[1], "task");
    assert_string_equal(web->ready.host, "127.0.0.1");
    assert_string_equal(web->ready.text, "/healthz");
    assert_int_equal(web->restart_limit, 16);
    settings_fini(&s);
}

static void mistakes_about_its_life_are_named(void **state)
{
    (void)state;
    refuse("processes: {a: {command: x, depends_on: b}, c: {command: y}}", 1, 12,
           "process 'a' depends on 'b', which is not there");
    refuse("processes: {a: {command: x, depends_on: [b]}, b: {command: x, depends_on: [c]}, "
           "c: {command: x, depends_on: [a, b]}}",
           1, 12,
           "processes wait for each other in a circle, so none could start: a needs b, b needs c, "
           "c needs a");
    refuse("processes: {a: {command: x, depends_on: a}}", 1, 12,
           "processes wait for each other in a circle, so none could start: a needs a");
    refuse("processes: {a: {command: x, ready: {}}}", 1, 36, "'ready' asks nothing");
    refuse("processes: {a: {command: x, ready: {tcp: \"x:1\", log: y}}}", 1, 42,
           "'x:1' is no address with a port");
    refuse("processes: {a: {command: x, ready: {exit: 0, log: y}}}", 1, 51,
           "a check asks one thing");
    refuse("processes: {a: {command: x, ready: {exit: 1}}}", 1, 43,
           "'exit' is a whole number, 0 to 0, not '1'");
    refuse("processes: {a: {command: x, health: {log: y}}}", 1, 37, "'health' asks a command");
    refuse("processes: {a: {command: x, health: {retires: 1}}}", 1, 38,
           "unknown key 'retires' of 'health': did you mean 'retries'?");
    refuse("processes: {a: {command: x, ready: {http: \"ftp://x\"}}}", 1, 43, "'http' is a URL");
    refuse("processes: {a: {command: x, limits: {nofiles: 1}}}", 1, 38,
           "unknown key 'nofiles' of 'limits': did you mean 'nofile'?");
    refuse("processes: {a: {command: x, limits: {memory: much}}}", 1, 46,
           "'memory' is a size such as 64MiB, not 'much'");
    refuse("processes: {a: {command: x, restart_delay: 1}}", 1, 44,
           "'restart_delay' is a duration such as 500ms or 10s, not '1'");
    refuse("processes: {a: {command: x, stop_timeout: 1ms}}", 1, 43,
           "'stop_timeout' is 100ms to 600000ms, not '1ms'");
}

/* What a reload compares: is the running process still what the file says? */
static void only_what_a_life_depends_on_changes_its_hash(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool same;
    } cases[] = {
        {"processes: {a: {command: [x, y], env: {A: b, C: d}, restart: never}}", true},
        {"processes: {a: {env: {C: d, A: b}, command: [x, y], restart: always}}", true},
        {"processes: {a: {command: [y, x], env: {A: b, C: d}}}", false},
        {"processes: {a: {command: [x, y], env: {A: d, C: b}}}", false},
        {"processes: {a: {command: [x, y], env: {A: b, C: d}, pty: true}}", false},
    };
    uint64_t first = 0;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings s;
        parse_ok(&s, cases[i].text);
        first = i == 0 ? s.processes[0].life_hash : first;
        assert_int_equal(s.processes[0].life_hash == first, cases[i].same);
        settings_fini(&s);
    }
}

static void a_process_needs_only_a_command(void **state)
{
    (void)state;
    struct settings s;

    parse_ok(&s, "processes: {clock: {command: \"sh -c 'date; sleep 1'\"}}");
    const struct process_conf *p = &s.processes[0];
    assert_string_equal(p->argv[2], "date; sleep 1");
    assert_null(p->argv[3]);
    assert_int_equal(p->restart, RESTART_NEVER);
    assert_int_equal(p->log, LOG_TRUNCATE);
    assert_null(p->directory);
    assert_null(p->env);
    settings_fini(&s);
}

static void files_have_patterns_and_rules(void **state)
{
    (void)state;
    struct settings s;

    parse_ok(&s, "files:\n"
                 "  - {path: /var/log/*.log}\n"
                 "  - path: [/a/*, /b/**/c]\n"
                 "    exclude: '*.gz'\n"
                 "    source: web\n"
                 "    labels: {team: x}\n"
                 "    store: false\n"
                 "    join: false\n"
                 "    start: end\n"
                 "    format: json\n"
                 "    timezone: Europe/Berlin\n"
                 "    levels: [{match: a, level: warn}, {level: fatal, match: /b/}]\n"
                 "    default_level: {stderr: warn}\n");
    assert_int_equal(s.file_count, 2);
    const struct file_conf *f = &s.files[0];
    assert_string_equal(f->paths[0], "/var/log/*.log");
    assert_null(f->paths[1]);
    assert_null(f->source);
    assert_int_equal(f->start, START_BEGINNING);
    assert_false(f->unstored || f->apart);
    f = &s.files[1];
    assert_string_equal(f->paths[1], "/b/**/c");
    assert_string_equal(f->exclude[0], "*.gz");
    assert_string_equal(f->source, "web");
    assert_string_equal(f->labels[0].value, "x");
    assert_true(f->unstored && f->apart);
    assert_int_equal(f->start, START_END);
    assert_int_equal(f->parse.format, LINES_JSON);
    assert_string_equal(f->parse.timezone, "Europe/Berlin");
    assert_int_equal(f->parse.level_count, 2);
    assert_string_equal(f->parse.levels[1].match, "/b/");
    assert_int_equal(f->parse.levels[1].level, 6);
    assert_int_equal(f->parse.stdout_level, 0);
    assert_int_equal(f->parse.stderr_level, 4);
    settings_fini(&s);
}

static void bad_files_are_refused(void **state)
{
    (void)state;
    refuse("files: {path: x}\n", 1, 8, "'files' is a list");
    refuse("files: [{source: x}]\n", 1, 9, "this entry of 'files' has no 'path'");
    refuse("files: [{path: []}]\n", 1, 16, "'path' is empty");
    refuse("files: [{path: ''}]\n", 1, 16, "'path' is empty");
    refuse("files: [{path: x, source: a b}]\n", 1, 27, "'a b' cannot be a source");
    refuse("files: [{path: x, sorce: a}]\n", 1, 19,
           "unknown key 'sorce' of 'files': did you mean 'source'?");
    refuse("files: [{path: x, levels: [{match: x, level: loud}]}]\n", 1, 46,
           "'level' is one of trace, debug");
    refuse("files: [{path: x, default_level: {stdin: info}}]\n", 1, 35,
           "'stdin' is neither stdout nor stderr");
}

static void unknown_names_come_with_the_nearest_known_one(void **state)
{
    (void)state;
    refuse("# x\n\nlissten: none\n", 3, 1, "unknown setting 'lissten': did you mean 'listen'?");
    refuse("proceses: {}\n", 1, 1, "unknown setting 'proceses': did you mean 'processes'?");
    refuse("atuh: {loopback: read}\n", 1, 1, "unknown setting 'atuh': did you mean 'auth'?");
    refuse("auth: {lopback: read}\n", 1, 8,
           "unknown setting 'auth.lopback': did you mean 'auth.loopback'?");
    refuse("auth.loopback: read\n", 1, 1, "unknown setting 'auth.loopback'");
    refuse("xyzzy: 1\n", 1, 1, "unknown setting 'xyzzy'");
    refuse("processes:\n  a:\n    comand: ls\n", 3, 5,
           "unknown key 'comand' of process 'a': did you mean 'command'?");
    refuse("durability: alwys\n", 1, 13,
           "'durability' is one of os, interval, always, not 'alwys': did you mean 'always'?");
    refuse("processes: {a: {command: ls, restart: onfailure}}", 1, 39,
           "'restart' is one of never, on-failure, always, not 'onfailure': did you mean "
           "'on-failure'?");
}

static void nothing_may_be_given_twice(void **state)
{
    (void)state;
    refuse("listen: none\nhub_name: a\nlisten: none\n", 3, 1,
           "'listen' is given twice; the first is at line 1");
    refuse("auth: {loopback: read, loopback: none}", 1, 24, "'loopback' is given twice");
    refuse("processes:\n  a: {command: x}\n  a: {command: y}\n", 3, 3, "'a' is given twice");
    refuse("processes:\n  a:\n    command: x\n    command: y\n", 4, 5, "'command' is given twice");
    refuse("processes: {a: {command: x, labels: {b: c, b: d}}}", 1, 44, "'b' is given twice");
    refuse("processes: {a: {command: x, env: {B: c, B: d}}}", 1, 41, "'B' is given twice");
}

static void the_wrong_type_is_refused(void **state)
{
    (void)state;
    refuse("just text\n", 1, 1, "the configuration is a map");
    refuse("- listen\n", 1, 1, "the configuration is a map");
    refuse("listen: [none]\n", 1, 9, "'listen' is a single value, not a list");
    refuse("journal_max: {a: b}\n", 1, 14, "'journal_max' is a single value, not a map");
    refuse("hub_name:\nlisten: none\n", 1, 10, "'hub_name' has no value");
    refuse("hub_name: ~\n", 1, 11, "'hub_name' has no value");
    refuse("auth: read\n", 1, 7, "'auth' is a map of names and values");
    refuse("processes: [a]\n", 1, 12, "'processes' is a map of names and values");
    refuse("processes: {a: ls}\n", 1, 16, "'a' is a map of names and values");
    refuse("processes: {a: {command: {b: c}}}\n", 1, 26, "'command' is a single value");
    refuse("processes: {a: {command: [[x]]}}\n", 1, 27, "'command' is a single value, not a list");
    refuse("? [a]\n: b\n", 1, 3, "'a name' is a single value, not a list");
    refuse("hub_name: \"a\\0b\"\n", 1, 11, "'hub_name' holds a zero byte");
}

static void values_outside_their_limits_are_refused(void **state)
{
    (void)state;
    refuse("journal_max: 1MiB\n", 1, 14, "'journal_max' goes from 32MiB to 16TiB, not '1MiB'");
    refuse("journal_max: lots\n", 1, 14, "'journal_max' is a size such as 64KiB or 20GB, not");
    refuse("sync_interval: 10\n", 1, 16, "'sync_interval' is a duration such as 250ms");
    refuse("sync_interval: 1ms\n", 1, 16, "'sync_interval' goes from 10ms to 1m, not '1ms'");
    refuse("max_connections: 0\n", 1, 18, "'max_connections' goes from 1 to 1000000, not '0'");
    refuse("max_connections: 1e3\n", 1, 18, "'max_connections' is a whole number, not '1e3'");
    refuse("hub_name: a b\n", 1, 11, "'hub_name' is 1 to 64 of letters");
    refuse("listen: localhost\n", 1, 9, "'listen' is an address with its port");
    refuse("listen: 127.0.0.1:65536\n", 1, 9, "'listen' is an address with its port");
    refuse("listen: ''\n", 1, 9, "'listen' is an address with its port");
}

static void bad_processes_are_refused(void **state)
{
    (void)state;
    refuse("processes:\n  a/b: {command: x}\n", 2, 3, "'a/b' cannot be a process: names are");
    refuse("processes:\n  ..: {command: x}\n", 2, 3, "'..' cannot be a process: names are");
    refuse("processes:\n  a: {log: append}\n", 2, 6, "process 'a' has no command");
    refuse("processes: {a: {command: []}}", 1, 26, "'command' is empty");
    refuse("processes: {a: {command: ''}}", 1, 26, "'command' is empty");
    refuse("processes: {a: {command: \"sh -c 'x\"}}", 1, 26,
           "'command' has a quote that is not closed");
    refuse("processes: {a: {command: x, env: {1B: c}}}", 1, 35, "'1B' cannot be a variable's name");
    refuse("processes: {a: {command: x, labels: {B: c}}}", 1, 38, "'B' cannot be a label");
    refuse("processes: {a: {command: x, labels: {level: c}}}", 1, 38, "'level' cannot be a label");
}

static void label_limits_hold(void **state)
{
    (void)state;
    struct buf text = {0};
    struct settings s;

    BUF_LIT(&text, "processes: {a: {command: x, labels: {b: ");
    for (int i = 0; i < LABEL_VALUE_MAX; i++)
        buf_add_char(&text, 'v');
    size_t end = text.n;
    BUF_LIT(&text, "}}}\0");
    parse_ok(&s, text.p);
    settings_fini(&s);
    text.n = end;
    BUF_LIT(&text, "v}}}");
    refuse_text(buf_str(&text), 1, 41, "the value of 'b' is longer than 256 bytes");

    buf_clear(&text);
    BUF_LIT(&text, "processes: {a: {command: x, labels: {");
    for (int i = 0; i <= LABEL_COUNT_MAX; i++)
        buf_printf(&text, "l%d: v, ", i);
    BUF_LIT(&text, "}}}");
    refuse_text(buf_str(&text), 1, 37, "more than 32 labels");
    buf_fini(&text);
}

static void damaged_yaml_says_where(void **state)
{
    (void)state;
    refuse("listen: none\n\tx: y\n", 2, 1, "not well-formed YAML: ");
    refuse("listen: [none\n", 2, 1, "not well-formed YAML: ");
    refuse("listen: 'none\n", 2, 1, "not well-formed YAML: ");
    refuse("listen: *nobody\n", 1, 9, "not well-formed YAML: ");
    refuse("listen: none\n---\nlisten: none\n", 3, 1, "a second document starts here");
    refuse_text(STR("listen: none\nhub_name: a\xff\n"), 2, 12, "not well-formed YAML: ");
}

static void control_characters_never_reach_the_sentence(void **state)
{
    (void)state;
    refuse("\"\\e[31mred\": 1\n", 1, 1, "unknown setting '?[31mred'");
}

static void circles_of_aliases_do_no_harm(void **state)
{
    (void)state;
    refuse("&a auth: &b {loopback: *b}\n", 1, 10, "'auth.loopback' is a single value, not a map");
    refuse("&r {processes: *r}\n", 1, 5, "unknown key 'processes' of process 'processes'");
}

static void rules_name_what_goes_earlier(void **state)
{
    (void)state;
    struct settings s = {0};
    struct errinfo err = {0};
    const char *text = "retention:\n"
                       "  classes: [2h, 1d]\n"
                       "  rules:\n"
                       "    - {source: chatty, max_age: 1d}\n"
                       "    - {max_age: 90m, labels: {campaign_id: trial, zone: eu}}\n";

    assert_int_equal(settings_parse(&s, str_from(text), &err), 0);
    assert_int_equal(s.retention_classes.count, 2);
    assert_int_equal(s.retention_classes.hours[1], 24);
    assert_int_equal(s.keep_count, 2);
    assert_string_equal(s.keeps[0].source, "chatty");
    assert_int_equal(s.keeps[0].max_age_ms, 86400000);
    assert_null(s.keeps[1].source);
    assert_int_equal(s.keeps[1].label_count, 2);
    assert_string_equal(s.keeps[1].labels[1].value, "eu");
    assert_int_equal(s.keeps[1].max_age_ms, 5400000);
    settings_fini(&s);
}

static void bad_rules_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *rules, *sentence;
    } cases[] = {
        {"{}", "'retention.rules' is a list of rules"},
        {"[{max_age: 1d}]", "a rule needs a source or labels; retention.max_age is for everything"},
        {"[{source: a}]", "a rule needs a max_age"},
        {"[{source: a, max_age: 0s}]", "'max_age' is a duration such as 12h or 7d, not '0s'"},
        {"[{source: a, maxage: 1d}]", "unknown key 'maxage' of a rule: did you mean 'max_age'?"},
        {"[{labels: {zone: ''}, max_age: 1d}]", "the label 'zone' of a rule has no value"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings s = {0};
        struct errinfo err = {0};
        char text[200];
        snprintf(text, sizeof text, "retention: {rules: %s}\n", cases[i].rules);
        assert_true(settings_parse(&s, str_from(text), &err) < 0);
        assert_string_equal(err.text, cases[i].sentence);
        settings_fini(&s);
    }
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct settings s = {0};
    struct errinfo err = {0};

    assert_int_equal(settings_read(&s, "/nonexistent/logmill.yaml", &err), -2);
    assert_string_equal(err.text, "the configuration '/nonexistent/logmill.yaml' cannot be read: "
                                  "No such file or directory");
    assert_true(settings_read(&s, "/dev/zero", &err) < 0);
    settings_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_sets_nothing),
        cmocka_unit_test(every_type_of_setting_is_read),
        cmocka_unit_test(a_process_has_all_its_keys),
        cmocka_unit_test(a_process_may_say_much_about_its_life),
        cmocka_unit_test(mistakes_about_its_life_are_named),
        cmocka_unit_test(only_what_a_life_depends_on_changes_its_hash),
        cmocka_unit_test(a_process_needs_only_a_command),
        cmocka_unit_test(files_have_patterns_and_rules),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(unknown_names_come_with_the_nearest_known_one),
        cmocka_unit_test(nothing_may_be_given_twice),
        cmocka_unit_test(the_wrong_type_is_refused),
        cmocka_unit_test(values_outside_their_limits_are_refused),
        cmocka_unit_test(bad_processes_are_refused),
        cmocka_unit_test(label_limits_hold),
        cmocka_unit_test(damaged_yaml_says_where),
        cmocka_unit_test(control_characters_never_reach_the_sentence),
        cmocka_unit_test(circles_of_aliases_do_no_harm),
        cmocka_unit_test(rules_name_what_goes_earlier),
        cmocka_unit_test(bad_rules_are_refused),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
