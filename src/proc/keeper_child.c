/* SPDX-License-Identifier: MIT
 *
 * keeper_child.c - fork, exec, kill, wait.
 *
 * The keeper is a subreaper: processes whose parents died below it become its children, so it can
 * find and end what a stopped child left behind, and no zombie stays.
 */
#include "proc/keeper_child.h"

#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum {
    PIPE_BYTES = 1024 * 1024,
    KILL_AGAIN_US = 100000,
    NOT_FOUND = 127, /* as shells say it */
    NOT_EXECUTABLE = 126,
};

/* ---- in the child ---- */

/* Everything as a fresh process expects it, except what the caller of a run by hand chose to ignore
 * (nohup). The keeper's own choices are undone. */
static void reset_signals(const struct child_opts *opts)
{
    struct sigaction action, plain = {.sa_handler = SIG_DFL};
    sigset_t none;

    sigemptyset(&none);
    for (int number = 1; number <= SIGRTMAX; number++) {
        bool ours = number == SIGPIPE || number == SIGXFSZ;
        if (opts->foreground && !ours &&
            (sigaction(number, NULL, &action) < 0 || action.sa_handler == SIG_IGN))
            continue;
        sigaction(number, &plain, NULL);
    }
    sigprocmask(SIG_SETMASK, opts->foreground ? opts->mask : &none, NULL);
}

static void __attribute__((noreturn)) give_up(int report, const char *what, int err, int status)
{
    struct child_failure failure = {.rc = -err, .what = what}; /* the same address in both */

    (void)!write(report, &failure, sizeof failure);
    _exit(status);
}

/* A session of its own, with the terminal at the head of it. */
static void take_terminal(int terminal)
{
    setsid();
    ioctl(terminal, TIOCSCTTY, 0);
}

/* After a vfork the keeper's memory is ours as well: nothing of it may change that it goes on
 * with. */
static void __attribute__((noreturn))
become(const struct child_opts *opts, const int write_ends[2], int report)
{
    const char *what;

    if (opts->pty)
        take_terminal(write_ends[0]);
    else if (!opts->foreground)
        setpgid(0, 0);
    if (!opts->foreground) {
        int null = open("/dev/null", O_RDONLY);
        dup2(null, STDIN_FILENO);
    }
    if (dup2(write_ends[0], STDOUT_FILENO) < 0 || dup2(write_ends[1], STDERR_FILENO) < 0)
        _exit(NOT_EXECUTABLE);
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    umask(opts->umask);
    int rc = rights_take_on(opts->rights, &what);
    if (rc < 0)
        give_up(report, what, -rc, NOT_EXECUTABLE);
    reset_signals(opts);
    execvp(opts->argv[0], opts->argv);
    int why = errno;
    /* A script whose interpreter is missing was found, but cannot be run. */
    bool found = why != ENOENT || (strchr(opts->argv[0], '/') && access(opts->argv[0], F_OK) == 0);
    give_up(report, NULL, why, found ? NOT_EXECUTABLE : NOT_FOUND);
}

/* ---- in the keeper ---- */

static int open_pipes(struct child *c, int write_ends[2])
{
    for (int i = 0; i < 2; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0)
            return -errno;
        c->out[i] = ends[0];
        write_ends[i] = ends[1];
        /* A large pipe lets the child run on while we sleep; a small one works as well. */
        fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES);
        /* Only the read end: the child shares the flags of the other one. */
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

/* A terminal that passes bytes as they are: no line end becomes two characters, nothing is
 * echoed. */
static int open_pty(struct child *c, int write_ends[2])
{
    const struct winsize size = {.ws_row = 50, .ws_col = 200};
    struct termios how;
    char name[64];

    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (master < 0)
        return -errno;
    c->out[0] = master;
    if (grantpt(master) < 0 || unlockpt(master) < 0 || ptsname_r(master, name, sizeof name) != 0)
        return -errno;
    write_ends[0] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    write_ends[1] = write_ends[0] < 0 ? -1 : fcntl(write_ends[0], F_DUPFD_CLOEXEC, 3);
    if (write_ends[1] < 0 || tcgetattr(write_ends[0], &how) < 0)
        return -errno;
    how.c_oflag &= ~(tcflag_t)OPOST;
    how.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(write_ends[0], TCSANOW, &how) < 0)
        return -errno;
    (void)ioctl(master, TIOCSWINSZ, &size);
    return 0;
}

static void close_all(const int *fds, int n)
{
    for (int i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* A vfork copies nothing, which a restart does not wait for then. Who becomes another user must not
 * share our memory meanwhile. */
static pid_t make_child(const struct child_opts *opts, const int write_ends[2], int report)
{
    pid_t pid = opts->rights->as_user ? fork() : vfork();

    if (pid == 0)
        become(opts, write_ends, report);
    return pid < 0 ? -errno : pid;
}

/* Returns at once when it has become the command, for then nobody holds the other end. */
static void hear_report(int report, struct child_failure *ret)
{
    ssize_t n;

    do
        n = read(report, ret, sizeof *ret);
    while (n < 0 && errno == EINTR);
    if (n != sizeof *ret)
        *ret = (struct child_failure){0};
}

int child_start(struct child *c, const struct child_opts *opts, struct child_failure *ret_failure)
{
    int write_ends[2] = {-1, -1}, report[2] = {-1, -1}, rc;

    *c = (struct child){.own_group = !opts->foreground, .out = {-1, -1}};
    rc = opts->pty ? open_pty(c, write_ends) : open_pipes(c, write_ends);
    if (rc < 0)
        goto out;
    if (pipe2(report, O_CLOEXEC) < 0) {
        rc = -errno;
        goto out;
    }
    rc = make_child(opts, write_ends, report[1]);
    if (rc < 0)
        goto out;
    c->pid = rc;
    rc = 0;
    close(report[1]);
    report[1] = -1;
    hear_report(report[0], ret_failure);
    oom_watch_begin(&c->oom,
                    opts->rights->group); /* what has just begun is not dead for that yet */
out:
    close_all(write_ends, 2);
    close_all(report, 2);
    if (rc < 0)
        close_all(c->out, 2);
    return rc;
}

void child_signal(const struct child *c, int number)
{
    if (c->own_group)
        kill(-c->pid, number);
    else if (!c->dead)
        kill(c->pid, number);
}

void child_stop(struct child *c, uint32_t grace_ms, int64_t now_us)
{
    child_signal(c, SIGTERM);
    child_signal(c, SIGCONT); /* a suspended child could not act on it */
    int64_t kill_at_us = now_us + (int64_t)grace_ms * 1000;
    if (c->kill_at_us == 0 || kill_at_us < c->kill_at_us)
        c->kill_at_us = kill_at_us; /* asked again, patience does not begin anew */
}

/* The parent of a process; 0 when it is gone. */
static pid_t parent_of(const char *pid)
{
    char path[64], text[512];

    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *name_end = strrchr(text, ')'); /* the name itself may hold anything */
    return name_end && strlen(name_end) > 4 ? (pid_t)strtol(name_end + 4, NULL, 10) : 0;
}

static void signal_left_behind(int number)
{
    DIR *proc = opendir("/proc");

    if (!proc)
        return;
    for (struct dirent *entry; (entry = readdir(proc));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            parent_of(entry->d_name) == getpid())
            kill((pid_t)strtol(entry->d_name, NULL, 10), number);
    closedir(proc);
}

void child_kill(struct child *c, int64_t now_us)
{
    child_signal(c, SIGKILL);
    signal_left_behind(SIGKILL);
    c->kill_at_us = now_us + KILL_AGAIN_US;
}

bool child_leaves_any(void)
{
    siginfo_t unused;

    return waitid(P_ALL, 0, &unused, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void child_stop_left_behind(void)
{
    signal_left_behind(SIGTERM);
    signal_left_behind(SIGCONT);
}

static uint64_t time_us(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static void note_death(struct child *c, int status, const struct rusage *usage)
{
    bool killed = WIFSIGNALED(status);

    c->dead = true;
    c->end = (struct frame_exit){
        .ended_us = clock_wall_us(),
        .code = killed ? -1 : WEXITSTATUS(status),
        .signal = killed ? WTERMSIG(status) : 0,
        .core = killed && WCOREDUMP(status),
        .oom = killed && WTERMSIG(status) == SIGKILL ? oom_verdict(&c->oom) : OOM_NO,
        .max_rss_kb = (uint32_t)usage->ru_maxrss,
        .user_us = time_us(usage->ru_utime),
        .system_us = time_us(usage->ru_stime),
    };
}

bool child_reap(struct child *c)
{
    struct rusage usage;
    bool was_it = false;
    int status;

    for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &usage)) > 0;) {
        if (pid != c->pid || c->dead)
            continue;
        note_death(c, status, &usage);
        was_it = true;
    }
    return was_it;
}
