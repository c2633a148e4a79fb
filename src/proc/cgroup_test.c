/* SPDX-License-Identifier: MIT
 *
 * cgroup_test.c - what is written where, in a folder that looks like a control group. That the
 * kernel obeys is shown by a scenario, on machines that hand controllers on.
 */
#include "proc/cgroup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static char base[64];

static const char *at(const char *name)
{
    static char path[4][256];
    static int i;
    char *p = path[i++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", base, name);
    return p;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void expect(const char *name, const char *text)
{
    char got[256] = "";
    FILE *f = fopen(at(name), "r");

    assert_non_null(f);
    got[fread(got, 1, sizeof got - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(got, text);
}

static int setup(void **state)
{
    (void)state;
    strcpy(base, "/tmp/cgroup_test.XXXXXX");
    assert_non_null(mkdtemp(base));
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", base);
    return system(command);
}

static const struct process_limit memory = {GROUP_MEMORY, 1 << 20};

static void the_hub_makes_room_below_its_own_group(void **state)
{
    (void)state;
    const struct process_limit limits[] = {{RLIMIT_NOFILE, 10}, memory};
    char group[CGROUP_PATH_MAX], pid[32];
    struct errinfo info = {0};

    put("cgroup.controllers", "cpuset cpu io memory pids\n");
    assert_int_equal(cgroup_place(base, "web", limits, 2, group, &info), 0);
    assert_string_equal(group, at("process-web"));
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    expect("hub/cgroup.procs", pid);
    expect("cgroup.subtree_control", "+memory");
    assert_int_equal(cgroup_place(at("hub"), "db", limits, 2, group, &info), 0); /* it has moved */
    assert_string_equal(group, at("process-db"));
}

static void a_controller_that_is_missing_is_named(void **state)
{
    (void)state;
    char group[CGROUP_PATH_MAX];
    struct errinfo info = {0};

    assert_int_equal(cgroup_place(base, "web", &memory, 1, group, &info), -ENOTSUP);
    assert_non_null(strstr(info.text, "cgroup v2 controller 'memory'"));
    put("cgroup.controllers", "cpu memory2 pids\n");
    assert_int_equal(cgroup_place(base, "web", &memory, 1, group, &info), -ENOTSUP);
    assert_int_equal(access(at("hub"), F_OK), -1);
}

static void the_child_writes_its_limits_and_goes_there(void **state)
{
    (void)state;
    char group[256];

    snprintf(group, sizeof group, "%s", at("process-web"));
    assert_int_equal(cgroup_make(group), 0);
    assert_int_equal(cgroup_make(group), 0);
    assert_int_equal(cgroup_set(group, GROUP_MEMORY, 1 << 20), 0);
    assert_int_equal(cgroup_set(group, GROUP_SWAP, UINT64_MAX), 0);
    assert_int_equal(cgroup_set(group, GROUP_PROCESSES, 7), 0);
    assert_int_equal(cgroup_set(group, GROUP_CPU, 150), 0);
    assert_int_equal(cgroup_set(group, RLIMIT_NOFILE, 7), -EINVAL);
    assert_int_equal(cgroup_join(group), 0);
    expect("process-web/memory.max", "1048576");
    expect("process-web/memory.swap.max", "max");
    expect("process-web/pids.max", "7");
    expect("process-web/cpu.max", "150000 100000");
    expect("process-web/cgroup.procs", "0");
}

static void a_group_goes_when_nobody_is_in_it(void **state)
{
    (void)state;
    char group[256];

    snprintf(group, sizeof group, "%s", at("process-web"));
    assert_int_equal(cgroup_make(group), 0);
    cgroup_remove(group);
    assert_int_equal(access(group, F_OK), -1);
    cgroup_remove(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_hub_makes_room_below_its_own_group),
        TEST(a_controller_that_is_missing_is_named),
        TEST(the_child_writes_its_limits_and_goes_there),
        TEST(a_group_goes_when_nobody_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
