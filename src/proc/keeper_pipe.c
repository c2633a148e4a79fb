/* SPDX-License-Identifier: MIT
 *
 * keeper_pipe.c - one poll loop around the keeper's pump, queue and link.
 */
#include "proc/keeper_pipe.h"

#include "base/clock.h"
#include "proc/keeper_opts.h"
#include "proc/keeper_pump.h"
#include "proc/spawn.h"
#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATIENCE_US = 10 * 1000 * 1000,
    PATIENCE_NEVER_SEEN_US = 2 * 1000 * 1000,
    BEHIND = KEEPER_MEMORY / 2,
};
enum { POLL_SIGNALS, POLL_HUB, POLL_INPUT, POLL_TEE, POLL_COUNT };

struct pipe_state {
    struct frame_run run;
    struct queue queue;
    struct link link;
    struct pump pump;
    struct console console;
    int signals;
    bool is_file;     /* the input can wait */
    bool is_terminal; /* an interrupt is meant for us alone */
    bool interrupted; /* from the terminal, as the writing program was */
    bool stop;        /* what is in the pipe now is the last that is wanted */
    bool tired;       /* not even what has been read */
    int64_t alone_us; /* since when there has been no hub; 0 = there is one */
    int64_t ended_us; /* when the input had ended; 0 = not yet */
};

/* --- opening --- */

/* Our own open file of the same input: O_NONBLOCK would hold for everybody who shares it. */
static int open_input(struct pipe_state *s)
{
    struct stat st;

    if (fstat(STDIN_FILENO, &st) < 0)
        return -errno;
    s->is_file = S_ISREG(st.st_mode);
    s->is_terminal = isatty(STDIN_FILENO);
    int fd = -1;
    if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
        fd = open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd >= 0 && !s->is_file)
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

static int open_signals(struct pipe_state *s)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    s->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return s->signals < 0 ? -errno : 0;
}

static int fill_run(struct pipe_state *s, const struct pipe_opts *opts)
{
    s->run = (struct frame_run){.keeper_pid = getpid(),
                                .started_us = clock_wall_us(),
                                .flags = FRAME_RUN_BY_HAND | FRAME_RUN_PIPE,
                                .name = str_from(opts->name),
                                .command = STR("logmill pipe"),
                                .label_count = opts->label_count};
    memcpy(s->run.labels, opts->labels, sizeof s->run.labels);
    return spawn_new_run(s->run.run);
}

static int open_all(struct pipe_state *s, const struct pipe_opts *opts)
{
    int rc = fill_run(s, opts);

    if (rc == 0)
        rc = open_signals(s);
    if (rc == 0)
        rc = make_dirs(opts->spool_dir, 0700);
    if (rc == 0)
        rc = queue_init(&s->queue, KEEPER_MEMORY, opts->spool_dir, KEEPER_SPOOL);
    if (rc == 0)
        rc = open_input(s);
    if (rc < 0)
        return rc;
    pump_init(&s->pump, (int[]){rc, -1});
    link_init(&s->link, opts->socket, &s->run, &s->queue);
    s->link.loud = true;
    s->pump.queue = &s->queue;
    s->pump.link = &s->link;
    s->alone_us = clock_mono_us();
    if (opts->tee) {
        console_open(&s->console);
        s->pump.console = &s->console;
    }
    return 0;
}

static void close_all(struct pipe_state *s)
{
    pump_close(&s->pump);
    console_close(&s->console);
    link_fini(&s->link);
    queue_fini(&s->queue);
    if (s->signals >= 0)
        close(s->signals);
}

/* --- waiting --- */

/* The hub acknowledges lines, and of longer ones parts of RECORD_MESSAGE_MAX: it cannot be behind with
 * the start of a line. */
static bool hub_is_behind(const struct pipe_state *s)
{
    const struct pump_stream *input = &s->pump.streams[0];
    uint64_t acked = s->queue.acked[0];

    return input->line_at > acked + BEHIND || input->total > acked + RECORD_MESSAGE_MAX + BEHIND;
}

/* Is the input to be left alone? For a hub that works, and with a file for any. */
static bool input_waits(const struct pipe_state *s, int64_t now_us)
{
    bool wait_for_hub = s->is_file || now_us < link_works_until(&s->link);
    return console_blocked(&s->console) || (wait_for_hub && hub_is_behind(s));
}

static void note_hub(struct pipe_state *s, int64_t now_us)
{
    if (s->link.state == LINK_UP)
        s->alone_us = 0;
    else if (s->alone_us == 0)
        s->alone_us = now_us;
}

/* When to give up; INT64_MAX while there is something to wait for. */
static int64_t give_up_at(const struct pipe_state *s, int64_t now_us)
{
    int64_t patience = s->link.was_up ? PATIENCE_US : PATIENCE_NEVER_SEEN_US;
    bool stuck = s->is_file && !s->ended_us && s->alone_us && input_waits(s, now_us);

    if (stuck)
        return s->alone_us + patience;
    return s->ended_us && !console_blocked(&s->console) ? s->ended_us + patience : INT64_MAX;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void wait_for_something(const struct pipe_state *s, struct pollfd polls[POLL_COUNT],
                               int64_t now_us)
{
    bool waits = input_waits(s, now_us), resting = s->pump.rest_us != 0;
    int64_t at = sooner(link_deadline(&s->link), give_up_at(s, now_us));

    if (resting && !waits)
        at = sooner(at, s->pump.rest_us);
    if (waits && now_us < link_works_until(&s->link))
        at = sooner(at, link_works_until(&s->link));
    polls[POLL_SIGNALS] = (struct pollfd){.fd = s->signals, .events = POLLIN};
    polls[POLL_HUB] = (struct pollfd){.fd = s->link.fd, .events = link_events(&s->link)};
    /* The descriptor we were given: one that was opened after the writers had gone hears no end. */
    polls[POLL_INPUT] = (struct pollfd){.fd = waits || resting || s->ended_us ? -1 : STDIN_FILENO,
                                        .events = POLLIN};
    polls[POLL_TEE] = (struct pollfd){.fd = console_blocked(&s->console) ? s->console.fd[0] : -1,
                                      .events = POLLOUT};
    int64_t us = at == INT64_MAX ? 0 : at - clock_mono_us();
    struct timespec t = {.tv_sec = us > 0 ? us / 1000000 : 0,
                         .tv_nsec = us > 0 ? us % 1000000 * 1000 : 0};
    if (ppoll(polls, POLL_COUNT, at == INT64_MAX ? NULL : &t, NULL) < 0)
        for (int i = 0; i < POLL_COUNT; i++)
            polls[i].revents = 0;
}

/* --- waking --- */

static void read_signals(struct pipe_state *s)
{
    struct signalfd_siginfo info;

    while (read(s->signals, &info, sizeof info) == sizeof info) {
        bool for_both = info.ssi_signo == SIGINT && !s->is_terminal && !s->interrupted;
        s->tired |= s->stop || s->ended_us;
        s->interrupted = true;
        if (for_both || s->stop)
            continue;
        s->stop = true;
        pump_set_goal(&s->pump);
    }
}

static void read_input(struct pipe_state *s, short revents, int64_t now_us)
{
    if (input_waits(s, now_us))
        return;
    if (s->stop || (s->pump.rest_us && now_us >= s->pump.rest_us))
        pump_drain_all(&s->pump, now_us);
    else if (revents)
        pump_wake(&s->pump, (bool[]){true, false}, now_us);
    if (s->stop && pump_reached_goal(&s->pump)) {
        pump_close(&s->pump);
        s->pump.streams[0].fd = -1;
    }
}

/* False: finished, one way or the other. */
static bool one_turn(struct pipe_state *s)
{
    struct pollfd polls[POLL_COUNT];
    int64_t now_us = clock_mono_us();

    if (!s->ended_us && pump_at_end(&s->pump)) {
        link_set_end(&s->link, s->pump.streams[0].total, 0);
        s->ended_us = now_us;
    }
    link_tick(&s->link, now_us);
    link_send(&s->link, now_us);
    note_hub(s, now_us);
    if (s->tired || (link_done(&s->link) && !console_blocked(&s->console)) ||
        now_us >= give_up_at(s, now_us))
        return false;
    wait_for_something(s, polls, now_us);
    now_us = clock_mono_us();
    if (polls[POLL_SIGNALS].revents)
        read_signals(s);
    if (polls[POLL_HUB].revents & ~POLLOUT)
        link_receive(&s->link, now_us);
    if (polls[POLL_TEE].revents)
        console_flush(&s->console, 0);
    if (!pump_at_end(&s->pump))
        read_input(s, polls[POLL_INPUT].revents, now_us);
    return true;
}

static int verdict(const struct pipe_state *s, struct errinfo *info)
{
    if (!link_done(&s->link) && !s->link.was_up)
        return err_set(info, -EHOSTUNREACH,
                       "no hub at %s: nothing was handed over (start one with: logmill serve)",
                       s->link.path);
    if (!link_done(&s->link))
        return err_set(info, -EHOSTUNREACH,
                       "the hub has not confirmed the end; the last lines may be missing there");
    if (s->link.given_up > 0)
        return err_set(info, -LM_E_FULL,
                       "%" PRIu64 " bytes were given up while the hub was away: they are counted "
                       "there as missing",
                       s->link.given_up);
    return 0;
}

int pipe_run(const struct pipe_opts *opts, struct errinfo *info)
{
    static struct pipe_state s;

    s = (struct pipe_state){.signals = -1,
                            .link.fd = -1,
                            .queue.spool.fd = -1,
                            .console.fd = {-1, -1},
                            .pump.streams = {{.fd = -1}, {.fd = -1}}};
    int rc = open_all(&s, opts);
    if (rc < 0)
        err_set(info, rc, "cannot start (the spool is in %s): %s", opts->spool_dir, err_text(rc));
    while (rc == 0 && one_turn(&s))
        continue;
    if (rc == 0)
        rc = verdict(&s, info);
    close_all(&s);
    return rc;
}
