/* SPDX-License-Identifier: MIT
 *
 * keeper_loop.c - the one place where a keeper sleeps, and what it does when woken.
 *
 *     sleep ─▶ signals ─▶ hub ─▶ console ─▶ pipes ─▶ what has become due ─▶ send ─▶ sleep
 *
 * Without traffic and with a hub it sleeps for ever. While the child is busy (a rest of the pump)
 * the hub's acknowledgements are not worth a wake-up either; they are read when the rest is over.
 */
#include "proc/keeper.h"

#include "base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
    HAND_PATIENCE_US = 2000000,
    LOOK_FOR_ACKS_US = 100000,
    LOOK_FOR_ACKS_BYTES = 128 * 1024,
    SLACK_PART = 16,        /* of a rest that the hub allows */
    TELL_HELD_US = 1000000, /* somebody holds a pipe this long after the child's death */
};
static const int64_t hub_patience_us = 3600ll * 1000000;

enum {
    POLL_SIGNALS,
    POLL_HUB,
    POLL_PIPES,
    POLL_CONSOLE = POLL_PIPES + 2,
    POLL_COUNT = POLL_CONSOLE + 2
};

/* ---- sleeping ---- */

static bool console_waits(const struct keeper *k)
{
    return console_blocked(&k->console);
}

/* The hub works but is slower than the child: before bytes are given up that it could still take,
 * the pipes are left alone for a moment. A hub that has stopped acknowledging is not waited for. */
static bool hub_is_slower(const struct keeper *k, int64_t now_us)
{
    return queue_is_filling(&k->queue) && now_us < link_works_until(&k->link);
}

static bool pipes_wait(const struct keeper *k, int64_t now_us)
{
    return console_waits(k) || hub_is_slower(k, now_us);
}

static void fill_polls(const struct keeper *k, struct pollfd polls[POLL_COUNT], int64_t now_us)
{
    bool resting = k->pump.rest_us != 0, waits = pipes_wait(k, now_us);

    polls[POLL_SIGNALS] = (struct pollfd){.fd = k->signals, .events = POLLIN};
    polls[POLL_HUB] = (struct pollfd){.fd = k->link.fd, .events = link_events(&k->link)};
    if (resting && !waits)
        polls[POLL_HUB].events &= ~POLLIN;
    for (int i = 0; i < 2; i++) {
        bool listen = !waits && pump_polls(&k->pump, i);
        bool write = k->console.rest[i].n > 0;
        polls[POLL_PIPES + i] =
            (struct pollfd){.fd = listen ? k->pump.streams[i].fd : -1, .events = POLLIN};
        polls[POLL_CONSOLE + i] =
            (struct pollfd){.fd = write ? k->console.fd[i] : -1, .events = POLLOUT};
    }
}

/* How long to stay for a hub once everything has ended. */
static int64_t patience(const struct keeper *k)
{
    if (!k->opts.foreground)
        return hub_patience_us;
    return k->link.was_up || k->link.state == LINK_GREETING ? HAND_PATIENCE_US : 0;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool may_tell_held(const struct keeper *k)
{
    return k->opts.foreground && k->child.dead && !k->told_held && !k->link.has_end &&
           !console_waits(k);
}

static int64_t next_deadline(const struct keeper *k, int64_t now_us)
{
    int64_t at = link_deadline(&k->link);

    if (hub_is_slower(k, now_us))
        at = sooner(at, link_works_until(&k->link));
    else if (k->pump.rest_us && !console_waits(k))
        at = sooner(at, k->pump.rest_us);
    if (k->child.kill_at_us)
        at = sooner(at, k->child.kill_at_us);
    if (k->link.has_end)
        at = sooner(at, k->ended_us + patience(k));
    if (may_tell_held(k))
        at = sooner(at, k->died_us + TELL_HELD_US);
    return at;
}

static void sleep_until_something(const struct keeper *k, struct pollfd polls[POLL_COUNT],
                                  int64_t now_us)
{
    int64_t at = next_deadline(k, now_us), us = at == INT64_MAX ? 0 : at - clock_mono_us();
    struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    if (us < 0)
        t = (struct timespec){0};
    if (ppoll(polls, POLL_COUNT, at == INT64_MAX ? NULL : &t, NULL) < 0)
        for (int i = 0; i < POLL_COUNT; i++)
            polls[i].revents = 0;
}

/* ---- waking ---- */

static void on_death(struct keeper *k, int64_t now_us)
{
    k->died_us = now_us;
    if (k->child.kill_at_us && child_leaves_any())
        child_stop_left_behind();
    pump_set_goal(&k->pump);
    if (!pipes_wait(k, now_us))
        pump_drain_all(&k->pump, now_us);
}

/* What came from the terminal has reached the child by itself. */
static void on_signal(struct keeper *k, const struct signalfd_siginfo *s, int64_t now_us)
{
    int number = (int)s->ssi_signo;

    if (number == SIGCHLD) {
        if (child_reap(&k->child))
            on_death(k, now_us);
        if (s->ssi_code == SI_USER) /* a hub that has just started knows of us from `runs` */
            link_call_now(&k->link, now_us);
        return;
    }
    if (!k->opts.foreground || s->ssi_code != SI_KERNEL)
        child_signal(&k->child, number);
    if (k->child.dead &&
        (number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT))
        k->tired = true;
}

static void read_signals(struct keeper *k, int64_t now_us)
{
    struct signalfd_siginfo s;

    while (read(k->signals, &s, sizeof s) == sizeof s)
        on_signal(k, &s, now_us);
}

/* Who may rest long may as well wake when the processor is awake anyhow. */
static void allow_slack(struct keeper *k)
{
    uint32_t slack_us = k->link.rest_us / SLACK_PART;

    if (slack_us == k->slack_us)
        return;
    k->slack_us = slack_us;
    prctl(PR_SET_TIMERSLACK, slack_us * 1000ul); /* 0: as it was at the start */
}

static void read_hub(struct keeper *k, int64_t now_us)
{
    k->looked_us = now_us;
    link_receive(&k->link, now_us);
    allow_slack(k);
    if (k->link.asked.stop)
        child_stop(&k->child, k->link.asked.grace_ms, now_us);
    if (k->link.asked.signal)
        child_signal(&k->child, k->link.asked.signal);
    k->link.asked.stop = false;
    k->link.asked.signal = 0;
}

/* During rests its acknowledgements are not polled for. They are looked for often enough that
 * memory does not fill with what it has. */
static bool is_time_for_hub(const struct keeper *k, int64_t now_us)
{
    return now_us - k->looked_us >= LOOK_FOR_ACKS_US ||
           k->queue.tail - k->queue.head > LOOK_FOR_ACKS_BYTES;
}

static void read_pipes(struct keeper *k, const struct pollfd polls[POLL_COUNT], int64_t now_us)
{
    const bool readable[2] = {polls[POLL_PIPES].revents, polls[POLL_PIPES + 1].revents};

    if (pipes_wait(k, now_us))
        return;
    if (k->pump.rest_us && now_us >= k->pump.rest_us) {
        pump_drain(&k->pump, now_us);
        if (k->link.fd >= 0 && is_time_for_hub(k, now_us))
            read_hub(k, now_us);
    } else if (readable[0] || readable[1]) {
        pump_wake(&k->pump, readable, now_us);
    }
}

/* ---- what has become due ---- */

static void tell_held(struct keeper *k, int64_t now_us)
{
    if (!may_tell_held(k) || now_us - k->died_us < TELL_HELD_US || pump_at_end(&k->pump))
        return;
    k->told_held = true;
    dprintf(STDERR_FILENO,
            "logmill: '%s' has ended, but something it started still writes here; "
            "Ctrl-C stops waiting for it\n",
            k->opts.name);
}

/* A stop is over when everything has ended, whoever holds no pipe and has left the group as
 * well. */
static bool somebody_is_to_end(const struct keeper *k)
{
    return k->child.kill_at_us && child_leaves_any();
}

static void on_due(struct keeper *k, int64_t now_us)
{
    const struct pump_stream *s = k->pump.streams;

    if (k->child.kill_at_us && now_us >= k->child.kill_at_us)
        child_kill(&k->child, now_us);
    if (k->child.dead && !k->link.has_exit && pump_reached_goal(&k->pump)) {
        struct frame_exit ex = k->child.end;
        ex.stdout_n = s[0].total;
        ex.stderr_n = s[1].total;
        for (int i = 0; i < 2; i++)
            ex.last[i] = pump_last_lines(&k->pump, i);
        link_set_exit(&k->link, &ex);
    }
    if (k->link.has_exit && !k->link.has_end && pump_at_end(&k->pump) && !somebody_is_to_end(k)) {
        link_set_end(&k->link, s[0].total, s[1].total);
        k->ended_us = now_us;
        k->child.kill_at_us = 0;
    }
    tell_held(k, now_us);
    link_tick(&k->link, now_us);
}

static bool is_finished(const struct keeper *k, int64_t now_us)
{
    if (k->tired || link_done(&k->link))
        return true;
    return k->link.has_end && !console_waits(k) && now_us >= k->ended_us + patience(k);
}

static void say_goodbye(const struct keeper *k)
{
    if (!k->opts.foreground || link_done(&k->link))
        return;
    if (k->link.was_up)
        dprintf(STDERR_FILENO,
                "logmill: the hub has not confirmed the end of this run; %sall of it is in %s\n",
                k->file.missing ? "not " : "", k->opts.log);
    else if (!k->opts.quiet)
        dprintf(STDERR_FILENO, "logmill: no hub at %s; %s%s (start a hub with: logmill serve)\n",
                k->opts.socket,
                k->file.missing ? "not all of the output is in " : "the output is in ",
                k->opts.log);
}

void keeper_loop(struct keeper *k)
{
    struct pollfd polls[POLL_COUNT];
    int64_t now_us = clock_mono_us();

    for (;;) {
        on_due(k, now_us);
        link_send(&k->link, now_us);
        if (is_finished(k, now_us))
            break;
        fill_polls(k, polls, now_us);
        sleep_until_something(k, polls, now_us);
        now_us = clock_mono_us();
        if (polls[POLL_SIGNALS].revents)
            read_signals(k, now_us);
        if (polls[POLL_HUB].revents & ~POLLOUT)
            read_hub(k, now_us);
        for (int i = 0; i < 2; i++)
            if (polls[POLL_CONSOLE + i].revents)
                console_flush(&k->console, i);
        read_pipes(k, polls, now_us);
    }
    say_goodbye(k);
}
