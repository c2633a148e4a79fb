/* SPDX-License-Identifier: MIT
 *
 * fanload.c - one stream to many clients: what arrives, how late, and what the server spends on it.
 *
 *     connect all ─▶ first message ─▶ warm-up ─▶ window ─▶ drain (counts of losses become exact) ─▶ report
 *
 * The producer is started when all are connected (--on-ready) and stopped at the end of the window;
 * fanpub.c is one that keeps so many records ahead of the slowest client, which it learns from the
 * file of --progress.
 *
 * Threads: one. Owns: everything.
 */
#include "fanload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HANDSHAKES_AT_ONCE = 128, EVENTS_MAX = 512 };
enum { CONNECT_MAX_S = 60, FIRST_MESSAGE_MAX_S = 10 };
#define PROGRESS_EVERY_NS 100000
#define RSS_EVERY_NS      250000000
#define QUIET_NS          300000000 /* nothing for so long after the window: all has come */

void fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("fanload: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(2);
}

uint64_t now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* --- the producer --- */

static pid_t start_producer(const struct options *o)
{
    pid_t pid = o->on_ready ? fork() : -1;

    if (pid == 0) {
        setpgid(0, 0);
        execl("/bin/sh", "sh", "-c", o->on_ready, (char *)NULL);
        _exit(127);
    }
    if (pid > 0)
        setpgid(pid, pid);
    return pid;
}

static uint64_t *open_progress(const struct options *o)
{
    int fd = o->progress ? open(o->progress, O_RDWR | O_CREAT | O_CLOEXEC, 0644) : -1;

    if (!o->progress)
        return NULL;
    uint64_t *p = fd < 0 || ftruncate(fd, 4096) < 0
                      ? MAP_FAILED
                      : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        fail("%s: %s", o->progress, strerror(errno));
    close(fd);
    *p = 0;
    return p;
}

/* How many records the slowest client has, by their numbers where they have some. */
static uint64_t slowest(const struct load *l)
{
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < l->opts.clients; i++) {
        const struct client *c = &l->clients[i];
        uint64_t n = l->counts.has_seq ? (uint64_t)(c->last_seq + 1) : c->received;
        if (c->step == READY && n < least)
            least = n;
    }
    return least == UINT64_MAX ? 0 : least;
}

/* --- the run --- */

static bool has_passed(uint64_t since_ns, double seconds)
{
    return (double)(now_ns(CLOCK_MONOTONIC) - since_ns) / 1e9 >= seconds;
}

static void serve_events(struct load *l, int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(l->epoll, events, EVENTS_MAX, wait_ms);

    for (int i = 0; i < n; i++)
        client_event(l, events[i].data.ptr);
}

static void note_memory(struct load *l, const struct usage *u)
{
    if (u->rss_kb > l->rss_peak_kb)
        l->rss_peak_kb = u->rss_kb;
}

/* False: nobody could, or not in time. */
static bool connect_all(struct load *l)
{
    uint64_t begin_ns = now_ns(CLOCK_MONOTONIC);
    int next = 0;

    l->before = usage_of_server(&l->opts);
    while (next < l->opts.clients || l->connecting > 0) {
        while (next < l->opts.clients && l->connecting < HANDSHAKES_AT_ONCE)
            client_start(l, &l->clients[next++]);
        serve_events(l, 5);
        if (has_passed(begin_ns, CONNECT_MAX_S))
            return false;
    }
    l->is_running = true;
    l->connected = usage_of_server(&l->opts);
    note_memory(l, &l->connected);
    return l->ready > 0;
}

/* Reads, tells the producer how far everybody is, and looks at the server's memory now and then. */
static void read_on(struct load *l, uint64_t *progress)
{
    static uint64_t told_ns, looked_ns;

    serve_events(l, 1);
    uint64_t now = now_ns(CLOCK_MONOTONIC);
    if (progress && now - told_ns > PROGRESS_EVERY_NS) {
        __atomic_store_n(progress, slowest(l), __ATOMIC_RELEASE);
        told_ns = now;
    }
    if (!l->opts.tree && now - looked_ns > RSS_EVERY_NS) {
        struct usage u = usage_of_server(&l->opts);
        note_memory(l, &u);
        looked_ns = now;
    }
}

/* False: no message came. */
static bool warm_up(struct load *l, uint64_t *progress)
{
    uint64_t begin_ns = now_ns(CLOCK_MONOTONIC);

    while (!l->first_ns || !has_passed(l->first_ns, l->opts.warmup_s)) {
        read_on(l, progress);
        if (!l->first_ns && has_passed(begin_ns, FIRST_MESSAGE_MAX_S))
            return false;
    }
    return true;
}

static void measure(struct load *l, uint64_t *progress)
{
    l->begin = usage_now(&l->opts);
    l->is_measuring = true;
    while (!has_passed(l->begin.mono_ns, l->opts.window_s) &&
           l->closed + l->failed < l->opts.clients)
        read_on(l, progress);
    l->is_measuring = false;
    l->end = usage_now(&l->opts);
    note_memory(l, &l->end.server);
}

static void drain(struct load *l, uint64_t *progress)
{
    uint64_t begin_ns = now_ns(CLOCK_MONOTONIC);

    l->last_ns = begin_ns;
    while (!has_passed(begin_ns, l->opts.drain_s) &&
           now_ns(CLOCK_MONOTONIC) - l->last_ns < QUIET_NS)
        read_on(l, progress);
}

static void run(struct load *l)
{
    uint64_t *progress = open_progress(&l->opts);

    if (!connect_all(l)) {
        l->why = "not connected";
        return;
    }
    pid_t producer = start_producer(&l->opts);
    bool came = l->opts.idle || warm_up(l, progress);
    if (came)
        measure(l, progress);
    if (producer > 0)
        kill(-producer, SIGTERM);
    if (came && !l->opts.idle)
        drain(l, progress);
    if (producer > 0)
        waitpid(producer, NULL, 0);
    l->why = came ? "duration" : "no message";
}

static void allow_many_sockets(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    static struct load l;

    take_options(&l.opts, argc, argv);
    find_target(&l.target, &l.opts);
    allow_many_sockets();
    l.room = malloc(ROOM);
    l.clients = calloc((size_t)l.opts.clients, sizeof *l.clients);
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!l.room || !l.clients || l.epoll < 0)
        fail("out of memory");
    for (int i = 0; i < l.opts.clients; i++)
        l.clients[i] = (struct client){.fd = -1, .number = i, .last_seq = -1};
    run(&l);
    struct usage at_end = usage_of_server(&l.opts);
    note_memory(&l, &at_end);
    report(&l, &at_end);
    return l.failed || l.closed ? 1 : 0;
}
