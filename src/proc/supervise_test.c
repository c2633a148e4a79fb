/* SPDX-License-Identifier: MIT
 *
 * supervise_test.c - processes through their states, with real keepers.
 */
#include "proc/supervise_test.h"

static void a_process_goes_through_its_states(void **state)
{
    (void)state;
    struct hub h = {0};

    h.processes[0] = shell("good", "echo hello", RESTART_NEVER);
    h.processes[1] = shell("bad", "exit 3", RESTART_NEVER);
    hub_start(&h, 2);
    RUN_UNTIL(&h, find(&h, "good")->state == PROCESS_EXITED && find(&h, "good")->keeper_pid == 0 &&
                      find(&h, "bad")->state == PROCESS_DISCONNECTED);
    assert_non_null(strstr(h.history, "good:starting"));
    assert_non_null(strstr(h.history, "good:running"));
    assert_string_equal(find(&h, "bad")->reason, "ended with code 3");
    assert_string_equal(supervise_at(h.supervise, 1)->name, "bad");
    assert_null(supervise_at(h.supervise, 2));
    assert_null(find(&h, "nobody"));
    stop_all(&h);
    hub_end(&h);
}

static void a_crash_loop_is_restarted_slower_each_time(void **state)
{
    (void)state;
    struct hub h = {0};

    h.processes[0] = shell("loop", "kill -ABRT $$", RESTART_ON_FAILURE);
    h.processes[1] = shell("done", "exit 0", RESTART_ON_FAILURE);
    int64_t before = clock_mono_us();
    hub_start(&h, 2);
    RUN_UNTIL(&h, find(&h, "loop")->restarts == 3);
    assert_true(clock_mono_us() - before >= 700000); /* 0.1 + 0.2 + 0.4 s */
    assert_int_equal(find(&h, "done")->restarts, 0);
    RUN_UNTIL(&h, find(&h, "loop")->state == PROCESS_WAITING);
    assert_non_null(strstr(find(&h, "loop")->reason, "SIGABRT"));
    stop_all(&h);
    assert_int_equal(find(&h, "loop")->state, PROCESS_EXITED);
    hub_end(&h);
}

static void stopping_ends_stubborn_children_within_the_time(void **state)
{
    (void)state;
    struct hub h = {0};

    h.processes[0] =
        shell("stubborn", "trap '' TERM; echo; while :; do sleep 1; done", RESTART_ALWAYS);
    h.processes[1] = shell("polite", "echo; exec sleep 1000", RESTART_ALWAYS);
    hub_start(&h, 2);
    RUN_UNTIL(&h, find(&h, "stubborn")->state == PROCESS_RUNNING &&
                      find(&h, "polite")->state == PROCESS_RUNNING);
    int32_t child = find(&h, "stubborn")->child_pid;
    int64_t before = clock_mono_us();
    stop_all(&h);
    assert_true(clock_mono_us() - before < 1500000);
    assert_int_equal(find(&h, "stubborn")->state, PROCESS_EXITED);
    assert_int_equal(find(&h, "polite")->state, PROCESS_EXITED);
    assert_int_equal(kill(child, 0), -1);
    char *polite = strstr(h.history, "polite:stopping"),
         *other = strstr(h.history, "stubborn:stopping");
    assert_true(polite && other && polite < other); /* the reverse of the configuration */
    hub_end(&h);
}

static void a_new_hub_finds_its_children_and_doubles_none(void **state)
{
    (void)state;
    struct hub first = {0}, second = {0};

    first.processes[0] = shell("lasting", "echo; exec sleep 1000", RESTART_ALWAYS);
    hub_start(&first, 1);
    RUN_UNTIL(&first, find(&first, "lasting")->state == PROCESS_RUNNING);
    int32_t keeper = find(&first, "lasting")->keeper_pid,
            child = find(&first, "lasting")->child_pid;
    hub_end(&first);
    second.processes[0] = first.processes[0];
    hub_start(&second, 1);
    assert_int_equal(find(&second, "lasting")->keeper_pid, keeper);
    RUN_UNTIL(&second, find(&second, "lasting")->state == PROCESS_RUNNING);
    assert_int_equal(find(&second, "lasting")->keeper_pid, keeper);
    assert_int_equal(find(&second, "lasting")->child_pid, child);
    assert_int_equal(find(&second, "lasting")->restarts, 0);
    stop_all(&second);
    assert_int_equal(kill(child, 0), -1);
    hub_end(&second);
}

static void a_keeper_that_was_killed_is_noticed_and_replaced(void **state)
{
    (void)state;
    struct hub h = {0};

    h.processes[0] = shell("victim", "echo; exec sleep 1000", RESTART_ON_FAILURE);
    hub_start(&h, 1);
    RUN_UNTIL(&h, find(&h, "victim")->state == PROCESS_RUNNING);
    int32_t child = find(&h, "victim")->child_pid;
    assert_int_equal(kill(find(&h, "victim")->keeper_pid, SIGKILL), 0);
    RUN_UNTIL(&h,
              find(&h, "victim")->restarts == 1 && find(&h, "victim")->state == PROCESS_RUNNING);
    assert_non_null(strstr(h.history, "victim:disconnected"));
    kill(child, SIGKILL);
    stop_all(&h);
    hub_end(&h);
}

static void what_cannot_be_started_says_why(void **state)
{
    (void)state;
    struct hub h = {0};
    static char nowhere[] = "/nonexistent/directory";

    h.processes[0] = shell("lost", "true", RESTART_NEVER);
    h.processes[0].directory = nowhere;
    hub_start(&h, 1);
    assert_int_equal(find(&h, "lost")->state, PROCESS_FAILED);
    assert_non_null(strstr(find(&h, "lost")->reason, nowhere));
    stop_all(&h);
    hub_end(&h);
}

static struct frame_run run_by_hand(uint8_t id)
{
    return (struct frame_run){.run = {id},
                              .flags = FRAME_RUN_BY_HAND,
                              .name = STR("make"),
                              .started_us = clock_wall_us()};
}

static void runs_by_hand_with_one_name_have_an_entry_each(void **state)
{
    (void)state;
    struct hub h = {0};
    struct keeper_link a = {0}, b = {0};
    struct process *p, *q, *again;
    struct frame_run first = run_by_hand(1), second = run_by_hand(2), third = run_by_hand(3);

    second.started_us = INT64_MIN; /* a clock that cannot be right is no harm */
    hub_start(&h, 0);
    assert_int_equal(supervise_on_run(h.supervise, &first, &a, &p), 0);
    assert_int_equal(supervise_on_run(h.supervise, &second, &b, &q), 0);
    assert_ptr_not_equal(p, q);
    supervise_on_exit(h.supervise, p, &(struct frame_exit){.code = 0});
    assert_int_equal(p->state, PROCESS_EXITED);
    assert_int_equal(q->state, PROCESS_RUNNING);
    supervise_on_gone(h.supervise, p, &a, true);
    assert_int_equal(supervise_on_run(h.supervise, &third, &a, &again), 0);
    assert_ptr_equal(again, p);
    supervise_on_gone(h.supervise, p, &a, true);
    supervise_on_gone(h.supervise, q, &b, true);
    stop_all(&h);
    hub_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_process_goes_through_its_states),
        TEST(a_crash_loop_is_restarted_slower_each_time),
        TEST(stopping_ends_stubborn_children_within_the_time),
        TEST(a_new_hub_finds_its_children_and_doubles_none),
        TEST(a_keeper_that_was_killed_is_noticed_and_replaced),
        TEST(what_cannot_be_started_says_why),
        TEST(runs_by_hand_with_one_name_have_an_entry_each),
    };
    signal(SIGPIPE, SIG_IGN);
    diag_min_level(DIAG_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
