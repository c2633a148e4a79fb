/* SPDX-License-Identifier: MIT
 *
 * keeper.c - the beginning and the end of a keeper. What happens in between is keeper_loop.c.
 */
#include "proc/keeper.h"

#include "base/clock.h"
#include "proc/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* Signals come through a descriptor, all in one place and with their sender. */
static int open_signals(struct keeper *k)
{
    static const int watched[] = {SIGCHLD, SIGTERM, SIGHUP,   SIGINT, SIGQUIT,
                                  SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, plain = {.sa_handler = SIG_DFL};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        sigaddset(&set, watched[i]);
    sigprocmask(SIG_BLOCK, &set, &k->mask_before);
    sigaction(SIGCHLD, &plain, NULL); /* ignored, the kernel would throw the exit status away */
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
    k->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return k->signals < 0 ? -errno : 0;
}

static void fill_run(struct keeper *k)
{
    memcpy(k->run.run, k->opts.run, RUN_ID);
    k->run.keeper_pid = getpid();
    k->run.started_us = clock_wall_us();
    k->run.flags = k->opts.foreground ? FRAME_RUN_BY_HAND : FRAME_RUN_CONFIGURED;
    k->run.name = str_from(k->opts.name);
    k->run.log_file = k->file.fd >= 0 ? str_from(k->opts.log) : STR_NONE;
    k->run.command = str_from(k->opts.command);
    k->run.label_count = k->opts.label_count;
    memcpy(k->run.labels, k->opts.labels, sizeof k->run.labels);
}

/* So that a new hub knows of us before we call. Without it everything else still works. */
static void leave_word(struct keeper *k)
{
    struct run_file f = {
        .keeper_pid = k->run.keeper_pid,
        .started_us = k->run.started_us,
        .by_hand = k->opts.foreground,
    };

    memcpy(f.run, k->run.run, RUN_ID);
    snprintf(f.name, sizeof f.name, "%s", k->opts.name);
    snprintf(f.log, sizeof f.log, "%s", k->run.log_file.n ? k->opts.log : "");
    snprintf(f.command, sizeof f.command, "%s", k->opts.command);
    k->run_file = runs_create(k->opts.runs, &f);
    if (k->run_file < 0)
        link_note(&k->link, NOTE_WARN,
                  "a hub that starts later cannot know of this run until it calls: %s: %s",
                  k->opts.runs, err_text(k->run_file));
}

/* The child's last words, for everybody who reads its output. */
static void report_exec(struct keeper *k, const char *what, int rc)
{
    char text[512];
    const char *hint = rc == -ENOENT   ? "command not found. Is it installed and on PATH?"
                       : rc == -EACCES ? "permission denied. Is it executable (chmod +x)?"
                                       : err_text(rc);
    struct stat st;

    bool found = strchr(k->opts.argv[0], '/') && stat(k->opts.argv[0], &st) == 0;
    if (rc == -ENOENT && found)
        hint = "the interpreter named in its first line was not found.";
    if (rc == -EACCES && found && S_ISDIR(st.st_mode))
        hint = "it is a folder, not a program.";
    int n = what ? snprintf(text, sizeof text, "logmill: cannot run '%.200s': %s: %s\n",
                            k->opts.argv[0], what, err_text(rc))
                 : snprintf(text, sizeof text, "logmill: cannot run '%.200s': %s\n",
                            k->opts.argv[0], hint);
    pump_add_last_words(&k->pump, str_of(text, (size_t)n));
    if (k->opts.foreground && k->opts.quiet)
        dprintf(STDERR_FILENO, "%s", text);
}

static int start_child(struct keeper *k, struct errinfo *info)
{
    struct child_opts how = {
        .argv = k->opts.argv,
        .rights = &k->opts.rights,
        .pty = k->opts.pty,
        .foreground = k->opts.foreground,
        .mask = &k->mask_before,
        .umask = k->umask_before,
    };
    struct child_failure failure;

    fill_run(k);
    leave_word(k);
    setenv("LOGMILL_RUN", k->opts.run_hex, 1);
    int rc = child_start(&k->child, &how, &failure);
    if (rc < 0)
        return err_set(info, rc, "cannot start a process: %s", err_text(rc));
    k->run.child_pid = k->child.pid;
    if (k->run_file >= 0)
        runs_set_child(k->run_file, k->child.pid);
    pump_init(&k->pump, k->child.out);
    if (failure.rc < 0)
        report_exec(k, failure.what, failure.rc);
    return 0;
}

static void open_outputs(struct keeper *k)
{
    struct errinfo info;

    k->link.loud = k->opts.foreground;
    if (file_open(&k->file, k->opts.log, &k->opts.file, &info) < 0)
        link_note(&k->link, NOTE_WARN, "%s; lines go to the hub only until it can be opened",
                  info.text);
    k->pump.file = &k->file;
    k->pump.lines = k->opts.lines ? &k->lines : NULL;
    k->pump.queue = &k->queue;
    k->pump.link = &k->link;
    if (k->opts.foreground && !k->opts.quiet) {
        console_open(&k->console);
        k->pump.console = &k->console;
    }
}

/* The hub raised its own limit; children get the one that was meant for them. */
static void set_descriptor_limit(size_t n)
{
    struct rlimit limit;

    if (n == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = n;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int keeper_open(struct keeper *k, int argc, char **argv, struct errinfo *info)
{
    *k = (struct keeper){
        .signals = -1,
        .run_file = -1,
        .file = {.fd = -1, .dir = -1},
        .console.fd = {-1, -1},
        .pump.streams = {{.fd = -1}, {.fd = -1}},
        .queue.spool.fd = -1,
        .link.fd = -1,
    };
    int rc = keeper_opts_parse(&k->opts, argc, argv, info);
    if (rc < 0)
        return rc;
    set_descriptor_limit(k->opts.nofile);
    if (!k->opts.foreground) {
        close_range(3, ~0u, 0); /* what the hub forgot to close */
        setsid();
    }
    k->umask_before = umask(027); /* the log file is for the group, too, whoever started us */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if ((rc = open_signals(k)) < 0 ||
        (rc = queue_init(&k->queue, k->opts.memory_bytes, k->opts.runs, k->opts.spool_bytes)) < 0)
        return err_set(info, rc, "cannot start: %s", err_text(rc));
    link_init(&k->link, k->opts.socket, &k->run, &k->queue);
    open_outputs(k);
    return start_child(k, info);
}

void keeper_close(struct keeper *k)
{
    if (k->run_file >= 0) {
        runs_remove(k->opts.runs, k->opts.run);
        close(k->run_file);
    }
    cgroup_remove(k->opts.rights.group);
    if (k->signals >= 0)
        close(k->signals);
    pump_close(&k->pump);
    console_close(&k->console);
    keeper_lines_fini(&k->lines);
    file_close(&k->file);
    link_fini(&k->link);
    queue_fini(&k->queue);
}

int keeper_end_like_child(const struct keeper *k)
{
    const struct rlimit no_core = {0, 0};
    struct sigaction plain = {.sa_handler = SIG_DFL};
    int number = k->child.end.signal;
    sigset_t set;

    if (!k->opts.foreground)
        return 0;
    if (number == 0)
        return k->child.end.code;
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0);
    sigaction(number, &plain, NULL);
    sigemptyset(&set);
    sigaddset(&set, number);
    kill(getpid(), number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return 128 + number; /* a signal that does not end a process */
}
