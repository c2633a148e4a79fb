/* SPDX-License-Identifier: MIT
 *
 * fan_usage.c - processor time and memory, as the kernel counts them (proc(5)).
 *
 * Threads: one. Owns: nothing.
 */
#include "fanload.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROCESSES_MAX = 4096 };

struct process {
    int pid, parent;
    bool counts;
    struct usage usage;
};

static double from_ticks(unsigned long ticks)
{
    return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

/* False: there is no such process any more. */
static bool read_process(int pid, struct process *ret)
{
    char path[64], text[2048];
    unsigned long user, system;
    long pages;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = '\0';
    const char *behind_name = strrchr(text, ')');
    *ret = (struct process){.pid = pid};
    if (!behind_name ||
        sscanf(behind_name + 2,
               "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u "
               "%ld",
               &ret->parent, &user, &system, &pages) != 4)
        return false;
    ret->usage = (struct usage){from_ticks(user), from_ticks(system),
                                (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024};
    return true;
}

static void add_usage(struct usage *sum, const struct usage *u)
{
    sum->user_s += u->user_s;
    sum->system_s += u->system_s;
    sum->rss_kb += u->rss_kb;
}

static int read_all(struct process *all)
{
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    int n = 0;

    while (dir && (entry = readdir(dir)) && n < PROCESSES_MAX) {
        int pid = atoi(entry->d_name);
        n += pid > 0 && read_process(pid, &all[n]);
    }
    if (dir)
        closedir(dir);
    return n;
}

static bool has_counted_parent(const struct process *all, int n, int parent)
{
    for (int i = 0; i < n; i++)
        if (all[i].counts && all[i].pid == parent)
            return true;
    return false;
}

static struct usage usage_of_trees(const struct options *o)
{
    static struct process all[PROCESSES_MAX];
    struct usage sum = {0};
    int n = read_all(all), found;

    for (int i = 0; i < n; i++)
        for (int k = 0; k < o->pid_count; k++)
            all[i].counts |= all[i].pid == o->pids[k];
    do {
        found = 0;
        for (int i = 0; i < n; i++)
            if (!all[i].counts && has_counted_parent(all, n, all[i].parent)) {
                all[i].counts = true;
                found++;
            }
    } while (found);
    for (int i = 0; i < n; i++)
        if (all[i].counts)
            add_usage(&sum, &all[i].usage);
    return sum;
}

struct usage usage_of_server(const struct options *o)
{
    struct usage sum = {0};
    struct process p;

    if (o->tree)
        return usage_of_trees(o);
    for (int i = 0; i < o->pid_count; i++)
        if (read_process(o->pids[i], &p))
            add_usage(&sum, &p.usage);
    return sum;
}

/* The whole machine: busy, and of that in soft and hard interrupts. */
static void read_machine(double *ret_busy_s, double *ret_softirq_s)
{
    unsigned long long user = 0, nice = 0, system = 0, irq = 0, softirq = 0;
    FILE *f = fopen("/proc/stat", "r");

    if (f) {
        if (fscanf(f, "cpu %llu %llu %llu %*u %*u %llu %llu", &user, &nice, &system, &irq,
                   &softirq) != 5)
            user = 0;
        fclose(f);
    }
    *ret_busy_s = from_ticks(user + nice + system + irq + softirq);
    *ret_softirq_s = from_ticks(irq + softirq);
}

struct moment usage_now(const struct options *o)
{
    struct moment m = {.server = usage_of_server(o)};
    struct process self;

    if (read_process(getpid(), &self))
        m.own_cpu_s = self.usage.user_s + self.usage.system_s;
    read_machine(&m.busy_s, &m.softirq_s);
    m.mono_ns = now_ns(CLOCK_MONOTONIC);
    return m;
}
