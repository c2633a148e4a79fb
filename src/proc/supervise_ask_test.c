/* SPDX-License-Identifier: MIT
 *
 * supervise_ask_test.c - start, stop, restart, signal, and who hears of it.
 */
#include "proc/supervise_test.h"

static int ask(struct hub *h, const char *name, enum process_verb verb)
{
    struct errinfo info = {0};
    int rc = supervise_ask(h->supervise, str_from(name), verb, &info);

    assert_true(rc == 0 || (rc == info.code && info.text[0]));
    return rc;
}

static bool is_running(struct hub *h, const char *name)
{
    return find(h, name)->state == PROCESS_RUNNING;
}

static void what_is_stopped_stays_down_until_it_is_started(void **state)
{
    (void)state;
    struct hub h = {0};

    h.processes[0] = shell("web", "echo; exec sleep 1000", RESTART_ALWAYS);
    hub_start(&h, 1);
    RUN_UNTIL(&h, is_running(&h, "web"));
    int32_t first = find(&h, "web")->child_pid;
    assert_int_equal(ask(&h, "web", PROCESS_STOP), 0);
    assert_int_equal(find(&h, "web")->state, PROCESS_STOPPING);
    RUN_UNTIL(&h, find(&h, "web")->state == PROCESS_EXITED && !find(&h, "web")->keeper_pid);
    assert_string_equal(find(&h, "web")->reason, "ended by SIGTERM, as asked");
    assert_true(find(&h, "web")->exit.known);
    assert_int_equal(find(&h, "web")->exit.signal, SIGTERM);
    assert_int_equal(ask(&h, "web", PROCESS_STOP), 0); /* it is so already */
    assert_int_equal(ask(&h, "web", PROCESS_START), 0);
    RUN_UNTIL(&h, is_running(&h, "web"));
    assert_int_not_equal(find(&h, "web")->child_pid, first);
    assert_int_equal(find(&h, "web")->restarts, 0);
    assert_int_equal(ask(&h, "web", PROCESS_START), 0); /* the same */
    stop_all(&h);
    hub_end(&h);
}

static void a_restart_begins_when_the_old_life_is_over_whatever_the_policy(void **state)
{
    (void)state;
    struct hub h = {0};

    h.processes[0] = shell("web", "echo; exec sleep 1000", RESTART_NEVER);
    hub_start(&h, 1);
    RUN_UNTIL(&h, is_running(&h, "web"));
    int32_t first = find(&h, "web")->child_pid;
    assert_int_equal(ask(&h, "web", PROCESS_RESTART), 0);
    assert_int_equal(ask(&h, "web", PROCESS_RESTART), 0); /* an impatient finger is one restart */
    RUN_UNTIL(&h, is_running(&h, "web") && find(&h, "web")->child_pid != first);
    assert_int_equal(find(&h, "web")->restarts, 1);
    assert_int_equal(kill(first, 0), -1);
    stop_all(&h);
    hub_end(&h);
}

static void a_pause_before_a_restart_can_be_ended_either_way(void **state)
{
    (void)state;
    struct hub h = {0};

    h.processes[0] = shell("loop", "exit 1", RESTART_ALWAYS);
    h.processes[0].restart_delay_ms = 3600 * 1000;
    hub_start(&h, 1);
    RUN_UNTIL(&h, find(&h, "loop")->state == PROCESS_WAITING);
    assert_int_equal(ask(&h, "loop", PROCESS_START), 0);
    RUN_UNTIL(&h, find(&h, "loop")->state == PROCESS_WAITING);
    assert_int_equal(ask(&h, "loop", PROCESS_STOP), 0);
    assert_int_equal(find(&h, "loop")->state, PROCESS_EXITED);
    stop_all(&h);
    hub_end(&h);
}

static void a_signal_reaches_the_group(void **state)
{
    (void)state;
    struct hub h = {0};
    struct errinfo info = {0};

    h.processes[0] = shell("web", "echo; exec sleep 1000", RESTART_NEVER);
    hub_start(&h, 1);
    RUN_UNTIL(&h, is_running(&h, "web"));
    assert_int_equal(supervise_signal(h.supervise, STR("web"), SIGUSR1, &info), 0);
    RUN_UNTIL(&h, find(&h, "web")->state == PROCESS_DISCONNECTED);
    assert_string_equal(find(&h, "web")->reason, "ended by SIGUSR1");
    assert_int_equal(supervise_signal(h.supervise, STR("web"), SIGUSR1, &info), -LM_E_REFUSED);
    assert_string_equal(info.text, "web does not run: it is disconnected");
    stop_all(&h);
    hub_end(&h);
}

static void what_cannot_be_done_is_refused_in_words(void **state)
{
    (void)state;
    struct hub h = {0};
    struct keeper_link link = {0};
    struct process *p;
    struct frame_run run = {.run = {9}, .flags = FRAME_RUN_BY_HAND, .name = STR("make")};

    hub_start(&h, 0);
    assert_int_equal(ask(&h, "nobody", PROCESS_STOP), -LM_E_UNKNOWN);
    assert_int_equal(supervise_on_run(h.supervise, &run, &link, &p), 0);
    assert_int_equal(ask(&h, "make", PROCESS_RESTART), -LM_E_REFUSED);
    supervise_on_gone(h.supervise, p, &link, true);
    stop_all(&h);
    assert_int_equal(ask(&h, "make", PROCESS_START), -LM_E_REFUSED);
    hub_end(&h);
}

static int heard;

static void on_heard(struct process_observer *o, const struct process *p)
{
    (void)p;
    heard++;
    supervise_unobserve(o);
}

static void an_observer_may_leave_while_it_is_told(void **state)
{
    (void)state;
    struct hub h = {0};
    struct process_observer once = {.changed = on_heard}, never = {0};

    heard = 0;
    h.processes[0] = shell("web", "echo", RESTART_NEVER);
    hub_start(&h, 1);
    supervise_observe(h.supervise, &once);
    supervise_unobserve(&never);
    RUN_UNTIL(&h, find(&h, "web")->state == PROCESS_EXITED);
    assert_int_equal(heard, 1);
    stop_all(&h);
    hub_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_stopped_stays_down_until_it_is_started),
        TEST(a_restart_begins_when_the_old_life_is_over_whatever_the_policy),
        TEST(a_pause_before_a_restart_can_be_ended_either_way),
        TEST(a_signal_reaches_the_group),
        TEST(what_cannot_be_done_is_refused_in_words),
        TEST(an_observer_may_leave_while_it_is_told),
    };
    signal(SIGPIPE, SIG_IGN);
    diag_min_level(DIAG_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
