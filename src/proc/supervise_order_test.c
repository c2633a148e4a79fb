/* SPDX-License-Identifier: MIT
 *
 * supervise_order_test.c - who waits for whom, when it is ready, and when it is given up.
 */
#include "proc/supervise_test.h"

static char db[] = "db", *needs_db[] = {db, NULL};

static struct process_conf needing_db(const char *name, const char *script)
{
    struct process_conf conf = shell(name, script, RESTART_NEVER);
    conf.depends_on = needs_db;
    return conf;
}

static struct process_check when_file(char *path)
{
    static char test[] = "test", e[] = "-e";
    static char *argv[4];

    argv[0] = test;
    argv[1] = e;
    argv[2] = path;
    return (struct process_check){
        .kind = CHECK_COMMAND, .argv = argv, .interval_ms = 20, .timeout_ms = 10000, .retries = 2};
}

static void create(const char *path)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
}

static void it_starts_when_what_it_needs_is_ready_and_is_stopped_before_it(void **state)
{
    (void)state;
    struct hub h = {0};
    char flag[128];

    snprintf(flag, sizeof flag, "%s/ready", dir);
    h.processes[0] = needing_db("web", "echo; exec sleep 1000");
    h.processes[1] = shell("db", "echo; exec sleep 1000", RESTART_NEVER);
    h.processes[1].ready = when_file(flag);
    hub_start(&h, 2);
    assert_int_equal(find(&h, "web")->state, PROCESS_WAITING);
    RUN_UNTIL(&h, strstr(find(&h, "db")->reason, "not ready yet: test ended with code 1"));
    assert_int_equal(find(&h, "db")->state, PROCESS_STARTING);
    assert_int_equal(find(&h, "web")->state, PROCESS_WAITING);
    create(flag);
    RUN_UNTIL(&h, find(&h, "web")->state == PROCESS_RUNNING);
    assert_int_equal(find(&h, "db")->state, PROCESS_RUNNING);
    assert_int_equal(find(&h, "web")->restarts, 0);
    h.history[0] = '\0';
    stop_all(&h);
    assert_string_equal(h.history, "web:stopping web:exited db:stopping db:exited ");
    hub_end(&h);
}

static void a_task_that_is_done_lets_others_start_and_one_that_failed_does_not(void **state)
{
    (void)state;
    struct hub h = {0};

    h.processes[0] = shell("db", "exit 0", RESTART_NEVER);
    h.processes[0].ready.kind = CHECK_EXIT;
    h.processes[1] = needing_db("web", "echo; exec sleep 1000");
    hub_start(&h, 2);
    RUN_UNTIL(&h, find(&h, "web")->state == PROCESS_RUNNING);
    stop_all(&h);
    hub_end(&h);

    h = (struct hub){0};
    h.processes[0] = shell("db", "exit 4", RESTART_NEVER);
    h.processes[0].ready.kind = CHECK_EXIT;
    h.processes[1] = needing_db("web", "echo; exec sleep 1000");
    hub_start(&h, 2);
    RUN_UNTIL(&h, strcmp(find(&h, "web")->reason, "waits for db, which is disconnected") == 0);
    assert_int_equal(find(&h, "web")->state, PROCESS_WAITING);
    stop_all(&h);
    assert_int_equal(find(&h, "web")->state, PROCESS_EXITED);
    hub_end(&h);
}

static void a_line_can_say_that_it_is_ready(void **state)
{
    (void)state;
    struct hub h = {0};
    static char text[] = "listening";

    h.processes[0] = shell("db", "echo; exec sleep 1000", RESTART_NEVER);
    h.processes[0].ready =
        (struct process_check){.kind = CHECK_LOG, .text = text, .timeout_ms = 9000};
    hub_start(&h, 1);
    RUN_UNTIL(&h, h.peer_count == 1 && h.peers[0]->process);
    struct process *p = h.peers[0]->process;
    assert_true(p->wants_lines);
    supervise_on_line(h.supervise, p, STR("starting"));
    assert_int_equal(p->state, PROCESS_STARTING);
    supervise_on_line(h.supervise, p, STR("now listening on 80"));
    assert_int_equal(p->state, PROCESS_RUNNING);
    assert_false(p->wants_lines);
    stop_all(&h);
    hub_end(&h);
}

static void what_is_never_ready_is_stopped_and_counts_as_failed(void **state)
{
    (void)state;
    struct hub h = {0};
    static char nowhere[] = "/nonexistent/file";

    h.processes[0] = shell("db", "echo; exec sleep 1000", RESTART_NEVER);
    h.processes[0].ready = when_file(nowhere);
    h.processes[0].ready.timeout_ms = 100;
    hub_start(&h, 1);
    RUN_UNTIL(&h, find(&h, "db")->state == PROCESS_DISCONNECTED);
    assert_string_equal(find(&h, "db")->reason, "was not ready within 0.1 s: test ended with code "
                                                "1; ended by SIGTERM");
    stop_all(&h);
    hub_end(&h);
}

static void what_fails_its_health_check_is_started_anew(void **state)
{
    (void)state;
    struct hub h = {0};
    char flag[128];

    snprintf(flag, sizeof flag, "%s/healthy", dir);
    create(flag);
    h.processes[0] = shell("db", "echo; exec sleep 1000", RESTART_NEVER);
    h.processes[0].health = when_file(flag);
    hub_start(&h, 1);
    RUN_UNTIL(&h, find(&h, "db")->state == PROCESS_RUNNING);
    unlink(flag);
    RUN_UNTIL(&h, find(&h, "db")->state == PROCESS_WAITING);
    assert_non_null(strstr(find(&h, "db")->reason, "failed its health check 2 times"));
    create(flag);
    RUN_UNTIL(&h, find(&h, "db")->state == PROCESS_RUNNING);
    assert_int_equal(find(&h, "db")->restarts, 1);
    stop_all(&h);
    hub_end(&h);
}

static void a_crash_loop_ends_at_the_limit(void **state)
{
    (void)state;
    struct hub h = {0};
    struct errinfo info;

    h.processes[0] = shell("loop", "exit 9", RESTART_ON_FAILURE);
    h.processes[0].restart_delay_ms = 0;
    h.processes[0].restart_limit = 3;
    hub_start(&h, 1);
    RUN_UNTIL(&h, find(&h, "loop")->state == PROCESS_FAILED);
    assert_int_equal(find(&h, "loop")->restarts, 3);
    assert_string_equal(find(&h, "loop")->reason,
                        "gave up after 3 restarts in a row: ended with code 9");
    assert_int_equal(supervise_ask(h.supervise, STR("loop"), PROCESS_START, &info), 0);
    RUN_UNTIL(&h, find(&h, "loop")->state == PROCESS_FAILED && find(&h, "loop")->restarts == 6);
    stop_all(&h);
    hub_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_starts_when_what_it_needs_is_ready_and_is_stopped_before_it),
        TEST(a_task_that_is_done_lets_others_start_and_one_that_failed_does_not),
        TEST(a_line_can_say_that_it_is_ready),
        TEST(what_is_never_ready_is_stopped_and_counts_as_failed),
        TEST(what_fails_its_health_check_is_started_anew),
        TEST(a_crash_loop_ends_at_the_limit),
    };
    signal(SIGPIPE, SIG_IGN);
    diag_min_level(DIAG_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
