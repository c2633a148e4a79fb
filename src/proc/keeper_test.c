/* SPDX-License-Identifier: MIT
 *
 * keeper_test.c - the real keeper with real children, against a hub played by this program.
 *
 * The fake hub acknowledges whole lines only, as the real one does, and may hang up at any moment:
 * then it forgets what it has not acknowledged, so every byte that the keeper fails to send again
 * is missed and every byte it sends twice is seen. The children are this program as well, started
 * with --child.
 *
 * Nothing here sleeps for a fixed time: every wait has a condition and a deadline.
 */
#include "ipc/frame.h"
#include "proc/runs.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 20000, LINES = 10000 };

static char self_path[512];

/* ---- children ---- */

static void write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, n);
        if (w < 0)
            _exit(99);
        p += w;
        n -= (size_t)w;
    }
}

/* The same bytes on both sides of the test. */
static void add_lines(struct buf *out, const char *stream, int count)
{
    for (int i = 0; i < count; i++)
        buf_printf(out, "%s line %06d of a child with something to say\n", stream, i);
    buf_printf(out, "last words of %s", stream);
}

/* 10,000 lines on each pipe, one write per line, an unfinished last one, and death. */
static int child_lines_then(const char *death)
{
    for (int i = 0; i < LINES; i++)
        for (int fd = 1; fd <= 2; fd++) {
            char line[128];
            int n = snprintf(line, sizeof line, "%s line %06d of a child with something to say\n",
                             fd == 1 ? "stdout" : "stderr", i);
            write_all(fd, line, (size_t)n);
        }
    write_all(1, "last words of stdout", 20);
    write_all(2, "last words of stderr", 20);
    if (strcmp(death, "abort") == 0)
        abort();
    if (strcmp(death, "segv") == 0) {
        signal(SIGSEGV, SIG_DFL); /* a sanitizer would write a report of its own */
        raise(SIGSEGV);
    }
    if (strcmp(death, "kill") == 0)
        raise(SIGKILL);
    return 7;
}

/* Numbered lines of 100 bytes, in blocks, until `bytes` are written. */
static void add_numbered(struct buf *out, size_t bytes)
{
    for (unsigned i = 0; out->n < bytes; i++)
        buf_printf(out, "%010u %088u\n", i, i);
}

static int child_numbered(const char *bytes)
{
    struct buf out = {0};

    add_numbered(&out, strtoul(bytes, NULL, 10));
    write_all(1, out.p, out.n);
    buf_fini(&out);
    return 0;
}

static volatile sig_atomic_t got_signal;

static void on_child_signal(int number)
{
    got_signal = number;
}

/* Says "ready", waits for a signal and ends with its number. */
static int child_wait_for_signal(void)
{
    static const int numbers[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGINT};
    sigset_t all, before;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        signal(numbers[i], on_child_signal);
    write_all(1, "ready\n", 6);
    while (!got_signal)
        sigsuspend(&before);
    return got_signal;
}

/* Ignores SIGTERM, and so does what it started. */
static void __attribute__((noreturn)) child_stubborn(void)
{
    signal(SIGTERM, SIG_IGN);
    if (fork() == 0)
        setsid(); /* leaves the process group */
    write_all(1, "ready\n", 6);
    for (;;)
        pause();
}

/* Makes a daemon, which has a session of its own, holds no pipe and says that it lives by holding
 * the FIFO. */
static int child_with_daemon(const char *fifo)
{
    if (fork() == 0) {
        setsid();
        if (fork() > 0)
            _exit(0);
        signal(SIGTERM, SIG_IGN);
        (void)!open(fifo, O_WRONLY);
        close(1);
        close(2);
        for (;;)
            pause();
    }
    wait(NULL);
    write_all(1, "ready\n", 6);
    return pause();
}

/* Leaves a grandchild that holds the pipes until its stdin closes. */
static int child_with_heir(const char *fifo)
{
    if (fork() == 0) {
        char c;
        int fd = open(fifo, O_RDONLY);
        write_all(1, read(fd, &c, 1) == 1 ? "late\n" : "none\n", 5);
        _exit(0);
    }
    write_all(1, "early\n", 6);
    return 5;
}

/* Says what it is and what it may. */
static int child_rights(void)
{
    struct rlimit files, core;
    char text[256];
    gid_t groups[8];
    int n = getgroups(8, groups);

    getrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_CORE, &core);
    int size =
        snprintf(text, sizeof text, "uid %u gid %u groups %d last %u files %lu core %lu tty %d%d\n",
                 getuid(), getgid(), n, n > 0 ? groups[n - 1] : 0, files.rlim_cur, core.rlim_max,
                 isatty(1), isatty(2));
    write_all(1, text, (size_t)size);
    write_all(2, "both\n", 5);
    return 0;
}

static int child_main(const char *what, const char *arg)
{
    if (strcmp(what, "rights") == 0)
        return child_rights();
    if (strcmp(what, "lines") == 0)
        return child_lines_then(arg);
    if (strcmp(what, "numbered") == 0)
        return child_numbered(arg);
    if (strcmp(what, "signal") == 0)
        return child_wait_for_signal();
    if (strcmp(what, "stubborn") == 0)
        child_stubborn();
    if (strcmp(what, "daemon") == 0)
        return child_with_daemon(arg);
    if (strcmp(what, "heir") == 0)
        return child_with_heir(arg);
    return 98;
}

/* ---- the hub ---- */

struct hub {
    char dir[64], socket[96], log[96], runs[96];
    int listener, conn;
    struct buf in;
    struct buf got[2]; /* what arrived, by offset; jumps are closed up */
    uint64_t at[2];    /* the next offset expected */
    uint64_t acked[2]; /* the end of the last whole line before it */
    uint64_t jumped[2];
    size_t sent_twice; /* bytes that came again although acknowledged */
    struct frame_exit exit;
    char last[2][FRAME_LAST_MAX + 1];
    int exits, ends, connections;
    bool acked_end;
    bool silent;          /* acknowledges nothing */
    size_t read_at_most;  /* bytes of one turn; 0 = what is there */
    bool stuck;           /* reads nothing */
    size_t hang_up_after; /* this many DATA frames; 0 = never */
    size_t frames;
    char notes[1024];
    int32_t keeper_pid, child_pid;
    uint16_t label_count;
};

static void hub_listen(struct hub *h)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    unlink(h->socket);
    memcpy(address.sun_path, h->socket, strlen(h->socket));
    h->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(h->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(h->listener, 8), 0);
}

static void hub_init(struct hub *h)
{
    *h = (struct hub){.listener = -1, .conn = -1};
    strcpy(h->dir, "/tmp/keeper_test.XXXXXX");
    assert_non_null(mkdtemp(h->dir));
    snprintf(h->socket, sizeof h->socket, "%s/hub.sock", h->dir);
    snprintf(h->log, sizeof h->log, "%s/logs/demo.log", h->dir);
    snprintf(h->runs, sizeof h->runs, "%s/runs", h->dir);
}

/* Goes away and forgets what it has not acknowledged. */
static void hub_hang_up(struct hub *h)
{
    if (h->conn >= 0)
        close(h->conn);
    h->conn = -1;
    buf_clear(&h->in);
    for (int i = 0; i < 2; i++) {
        h->got[i].n -= (size_t)(h->at[i] - h->acked[i]);
        h->at[i] = h->acked[i];
    }
}

static void hub_fini(struct hub *h)
{
    char command[128];

    if (h->conn >= 0)
        close(h->conn);
    if (h->listener >= 0)
        close(h->listener);
    buf_fini(&h->in);
    buf_fini(&h->got[0]);
    buf_fini(&h->got[1]);
    snprintf(command, sizeof command, "rm -rf %s", h->dir);
    assert_int_equal(system(command), 0);
}

static void hub_say(struct hub *h, struct buf *out)
{
    (void)!send(h->conn, out->p, out->n, MSG_NOSIGNAL);
    buf_fini(out);
}

static void hub_ack(struct hub *h, enum frame_type type)
{
    struct buf out = {0};
    uint32_t flags = (h->exits ? FRAME_ACK_EXIT : 0) | (h->ends ? FRAME_ACK_END : 0);

    if (type == FRAME_ACK && h->silent)
        return;
    for (int i = 0; i < 2; i++) {
        const char *end = h->got[i].n ? memrchr(h->got[i].p, '\n', h->got[i].n) : NULL;
        if (end)
            h->acked[i] = h->at[i] - (uint64_t)(h->got[i].p + h->got[i].n - end - 1);
        if (h->ends)
            h->acked[i] = h->at[i];
    }
    if (type == FRAME_RESUME)
        frame_add_hello(&out, &(struct frame_hello){1, 0, FRAME_MAX});
    frame_add_ack(&out, type, &(struct frame_ack){h->acked[0], h->acked[1], flags, 0});
    h->acked_end = h->ends > 0;
    hub_say(h, &out);
}

static void hub_on_data(struct hub *h, const struct frame_data *data)
{
    size_t i = data->stream - FRAME_STDOUT;

    assert_true(data->offset >= h->at[i]); /* nothing comes twice on one connection */
    if (data->offset < h->acked[i])
        h->sent_twice += data->bytes.n;
    h->jumped[i] += data->offset - h->at[i];
    h->at[i] = data->offset + data->bytes.n;
    buf_add_str(&h->got[i], data->bytes);
    h->frames++;
    hub_ack(h, FRAME_ACK);
}

static void hub_on_frame(struct hub *h, const struct frame *f)
{
    struct frame_run run;
    struct frame_data data;
    struct frame_note note;
    struct frame_exit ex;
    uint64_t end[2];

    switch (f->type) {
    case FRAME_HELLO:
        break;
    case FRAME_RUN:
        assert_int_equal(frame_get_run(f->payload, &run), 0);
        h->keeper_pid = run.keeper_pid;
        h->child_pid = run.child_pid;
        h->label_count = run.label_count;
        hub_ack(h, FRAME_RESUME);
        break;
    case FRAME_DATA:
        assert_int_equal(frame_get_data(f->payload, &data), 0);
        hub_on_data(h, &data);
        break;
    case FRAME_EXIT:
        assert_int_equal(frame_get_exit(f->payload, &ex), 0);
        assert_true(ex.stdout_n <= h->at[0] && ex.stderr_n <= h->at[1]);
        h->exit = ex;
        for (int i = 0; i < 2; i++)
            snprintf(h->last[i], sizeof h->last[i], "%.*s", STR_FMT(ex.last[i]));
        h->exits++;
        hub_ack(h, FRAME_ACK);
        break;
    case FRAME_END:
        assert_int_equal(frame_get_end(f->payload, &end[0], &end[1]), 0);
        assert_true(end[0] == h->at[0] && end[1] == h->at[1] && h->exits > 0);
        h->ends++;
        hub_ack(h, FRAME_ACK);
        break;
    case FRAME_NOTE:
        assert_int_equal(frame_get_note(f->payload, &note), 0);
        snprintf(h->notes, sizeof h->notes, "%.*s", STR_FMT(note.text));
        break;
    default:
        fail_msg("a keeper does not send type %d", f->type);
    }
}

static void hub_read(struct hub *h)
{
    struct frame f;
    size_t at = 0;
    int64_t taken;

    assert_int_equal(buf_reserve(&h->in, 65536), 0);
    ssize_t n = read(h->conn, h->in.p + h->in.n, h->read_at_most ? h->read_at_most : 65536);
    if (n <= 0) {
        hub_hang_up(h);
        return;
    }
    h->in.n += (size_t)n;
    while ((taken = frame_read(str_of(h->in.p + at, h->in.n - at), FRAME_MAX, &f)) > 0) {
        hub_on_frame(h, &f);
        at += (size_t)taken;
        if (h->hang_up_after && h->frames >= h->hang_up_after) {
            h->frames = 0;
            hub_hang_up(h);
            return;
        }
    }
    assert_true(taken == 0);
    buf_consume(&h->in, at);
}

/* One turn: waits up to 50 ms for something to happen. */
static void hub_turn(struct hub *h)
{
    struct pollfd polls[2] = {{.fd = h->listener, .events = POLLIN},
                              {.fd = h->stuck ? -1 : h->conn, .events = POLLIN}};

    poll(polls, 2, 50);
    if (polls[0].revents && h->conn < 0) {
        h->conn = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC);
        h->connections++;
    } else if (polls[1].revents) {
        hub_read(h);
    }
}

#define HUB_UNTIL(h, condition)                                                                    \
    do {                                                                                           \
        int64_t until = clock_mono_us() + DEADLINE_MS * 1000ll;                                    \
        while (!(condition)) {                                                                     \
            if (clock_mono_us() > until)                                                           \
                fail_msg("waited too long for: %s", #condition);                                   \
            hub_turn(h);                                                                           \
        }                                                                                          \
    } while (0)

/* ---- starting keepers ---- */

struct how {
    const char *options[12]; /* further options of the keeper, ends with NULL */
    int output;              /* its stdout; 0 = /dev/null */
};

static pid_t start(struct hub *h, const struct how *how, const char *const *command)
{
    const char *argv[48] = {
        KEEPER_BINARY, "--name",  "demo",  "--run", "00112233445566778899aabbccddeeff",
        "--socket",    h->socket, "--log", h->log,  "--runs",
        h->runs,       NULL};
    size_t n = 11;

    for (size_t i = 0; how->options[i]; i++)
        argv[n++] = how->options[i];
    argv[n++] = "--";
    while (*command)
        argv[n++] = *command++;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        union {
            const char **from;
            char **to;
        } words = {.from = argv}; /* execv() takes no const */
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(how->output ? how->output : null, 1);
        dup2(null, 2);
        execv(KEEPER_BINARY, words.to);
        _exit(97);
    }
    assert_true(pid > 0);
    return pid;
}

/* The child is this program. */
static pid_t start_self(struct hub *h, const struct how *how, const char *what, const char *arg)
{
    return start(h, how, (const char *const[]){self_path, "--child", what, arg, NULL});
}

static const struct how by_hand = {.options = {"--foreground", "--quiet", NULL}};
static const struct how by_hub = {.options = {NULL}};

static bool has_ended(pid_t pid, int *ret_status)
{
    static int status;
    static pid_t seen;

    if (seen != pid && waitpid(pid, &status, WNOHANG) == pid)
        seen = pid;
    *ret_status = status;
    return seen == pid;
}

static int wait_for(struct hub *h, pid_t pid)
{
    int status = 0;
    HUB_UNTIL(h, has_ended(pid, &status));
    return status;
}

static void read_file(const char *path, struct buf *ret)
{
    int fd = open(path, O_RDONLY);
    ssize_t n;

    assert_true(fd >= 0);
    do {
        assert_int_equal(buf_reserve(ret, 65536), 0);
        n = read(fd, ret->p + ret->n, 65536);
        ret->n += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    close(fd);
}

static void assert_bytes(const struct buf *got, const struct buf *want)
{
    assert_int_equal(got->n, want->n);
    assert_memory_equal(got->p, want->p, want->n);
}

/* The lines of the plain file that begin with this word, and an unfinished last one. */
static void pick_lines(const struct buf *file, const char *stream, struct buf *out)
{
    char last[32];
    struct str rest = buf_str(file);

    snprintf(last, sizeof last, "last words of %s", stream);
    while (rest.n > 0) {
        struct str line = str_cut(rest, '\n', &rest);
        if (str_eq(line, str_from(last)))
            buf_add_str(out, line);
        else if (str_starts(line, str_from(stream)))
            buf_printf(out, "%.*s\n", STR_FMT(line));
    }
}

/* ---- tests ---- */

static void check_death(const char *death, int code, int signal_number)
{
    struct hub h;
    struct buf want[2] = {0}, file = {0}, picked[2] = {0};

    hub_init(&h);
    hub_listen(&h);
    pid_t keeper = start_self(&h, &by_hand, "lines", death);
    int status = wait_for(&h, keeper);
    add_lines(&want[0], "stdout", LINES);
    add_lines(&want[1], "stderr", LINES);
    read_file(h.log, &file);
    pick_lines(&file, "stdout", &picked[0]);
    pick_lines(&file, "stderr", &picked[1]);
    for (int i = 0; i < 2; i++) {
        assert_bytes(&h.got[i], &want[i]);
        assert_bytes(&picked[i], &want[i]);
    }
    /* Nothing else is in the file but one line end before the other stream's last words. */
    assert_int_equal(file.n, want[0].n + want[1].n + 1);
    assert_int_equal(h.exits, 1);
    assert_int_equal(h.ends, 1);
    assert_int_equal(h.exit.code, code);
    assert_int_equal(h.exit.signal, signal_number);
    assert_true(h.exit.stdout_n == want[0].n && h.exit.stderr_n == want[1].n);
    for (int i = 0; i < 2; i++) {
        size_t n = strlen(h.last[i]);
        assert_true(n > FRAME_LAST_MAX - 80);
        assert_memory_equal(h.last[i], want[i].p + want[i].n - n, n);
        assert_int_equal(want[i].p[want[i].n - n - 1], '\n'); /* whole lines */
    }
    if (signal_number)
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signal_number);
    else
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == code);
    for (int i = 0; i < 2; i++) {
        buf_fini(&want[i]);
        buf_fini(&picked[i]);
    }
    buf_fini(&file);
    hub_fini(&h);
}

static void a_dying_child_loses_no_byte_and_its_end_is_told_once(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        check_death("exit", 7, 0);
        check_death("abort", -1, SIGABRT);
        check_death("segv", -1, SIGSEGV);
        check_death("kill", -1, SIGKILL);
    }
}

static void check_numbered(struct hub *h, const struct how *how, size_t bytes)
{
    struct buf want = {0}, file = {0};
    char number[24];

    snprintf(number, sizeof number, "%zu", bytes);
    add_numbered(&want, bytes);
    pid_t keeper = start_self(h, how, "numbered", number);
    assert_int_equal(wait_for(h, keeper), 0);
    assert_bytes(&h->got[0], &want);
    assert_int_equal(h->sent_twice, 0);
    assert_int_equal(h->exits, 1);
    read_file(h->log, &file);
    assert_bytes(&file, &want);
    buf_fini(&want);
    buf_fini(&file);
}

static void a_hub_that_hangs_up_again_and_again_gets_every_byte_once(void **state)
{
    (void)state;
    struct hub h;

    hub_init(&h);
    hub_listen(&h);
    h.hang_up_after = 7;
    check_numbered(&h, &by_hand, 3000000);
    assert_true(h.connections > 3);
    hub_fini(&h);
}

static void what_was_written_while_no_hub_was_there_comes_from_the_spool(void **state)
{
    (void)state;
    struct hub h;
    struct buf want = {0};

    hub_init(&h);
    pid_t keeper = start_self(&h, &by_hub, "numbered", "20000000");
    struct stat st;
    HUB_UNTIL(&h, stat(h.log, &st) == 0 && st.st_size == 20000000);
    hub_listen(&h);
    h.hang_up_after = 100;
    assert_int_equal(wait_for(&h, keeper), 0);
    add_numbered(&want, 20000000);
    assert_bytes(&h.got[0], &want);
    assert_int_equal(h.exits, 1);
    assert_int_equal(h.jumped[0], 0);
    buf_fini(&want);
    hub_fini(&h);
}

static void a_full_spool_gives_up_the_oldest_and_says_how_much(void **state)
{
    (void)state;
    static const struct how small = {.options = {"--memory", "524288", "--spool", "1048576", NULL}};
    struct hub h;
    struct buf want = {0};
    struct stat st;

    hub_init(&h);
    pid_t keeper = start_self(&h, &small, "numbered", "5000000");
    HUB_UNTIL(&h, stat(h.log, &st) == 0 && st.st_size == 5000000);
    hub_listen(&h);
    assert_int_equal(wait_for(&h, keeper), 0);
    add_numbered(&want, 5000000);
    assert_true(h.jumped[0] > 3000000 && h.jumped[0] < 4600000);
    assert_int_equal(h.got[0].n + h.jumped[0], want.n);
    assert_memory_equal(h.got[0].p, want.p + h.jumped[0], h.got[0].n);
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)h.jumped[0]);
    assert_non_null(strstr(h.notes, number));
    buf_fini(&want);
    hub_fini(&h);
}

static void a_hub_that_is_slower_than_the_child_loses_nothing(void **state)
{
    (void)state;
    static const struct how small = {
        .options = {"--foreground", "--quiet", "--memory", "524288", "--spool", "4194304", NULL}};
    struct hub h;

    hub_init(&h);
    hub_listen(&h);
    h.read_at_most = 8192;
    check_numbered(&h, &small, 16000000);
    assert_int_equal(h.jumped[0], 0);
    hub_fini(&h);
}

static void a_hub_that_stops_acknowledging_does_not_hold_up_the_child(void **state)
{
    (void)state;
    static const struct how small = {.options = {"--memory", "524288", "--spool", "1048576", NULL}};
    struct hub h;
    struct stat st;

    hub_init(&h);
    hub_listen(&h);
    pid_t keeper = start_self(&h, &small, "numbered", "8000000");
    HUB_UNTIL(&h, h.frames > 0);
    h.stuck = true;
    HUB_UNTIL(&h, stat(h.log, &st) == 0 && st.st_size == 8000000);
    h.stuck = false;
    hub_hang_up(&h);
    assert_int_equal(wait_for(&h, keeper), 0);
    assert_true(h.jumped[0] > 0);
    assert_int_equal(h.got[0].n + h.jumped[0], 8000000);
    hub_fini(&h);
}

static void a_keeper_of_the_hub_waits_for_the_last_acknowledgement(void **state)
{
    (void)state;
    struct hub h;
    int status;

    hub_init(&h);
    hub_listen(&h);
    h.silent = true;
    pid_t keeper = start(&h, &by_hub, (const char *const[]){"echo", "done", NULL});
    HUB_UNTIL(&h, h.ends == 1);
    assert_false(has_ended(keeper, &status));
    hub_hang_up(&h);
    h.exits = h.ends = 0; /* it was never in the journal */
    h.silent = false;
    assert_int_equal(wait_for(&h, keeper), 0);
    assert_int_equal(h.exits, 1);
    assert_int_equal(h.ends, 1);
    assert_memory_equal(h.got[0].p, "done\n", 5);
    hub_fini(&h);
}

static void count_alive(const struct run_file *run, void *ctx)
{
    int *alive = ctx;
    assert_string_equal(run->name, "demo");
    *alive += run->alive ? 1 : 100;
}

static int alive_runs(const char *dir)
{
    int alive = 0;
    assert_int_equal(runs_each(dir, count_alive, &alive), 0);
    return alive;
}

static void the_run_file_lives_as_long_as_its_keeper(void **state)
{
    (void)state;
    struct hub h;
    struct buf out = {0};

    hub_init(&h);
    hub_listen(&h);
    assert_int_equal(alive_runs(h.runs), 0);
    pid_t keeper = start_self(&h, &by_hub, "signal", "");
    HUB_UNTIL(&h, h.got[0].n == 6);
    assert_int_equal(alive_runs(h.runs), 1);
    frame_add_signal(&out, SIGUSR1);
    hub_say(&h, &out);
    assert_int_equal(wait_for(&h, keeper), 0);
    assert_int_equal(h.exit.code, SIGUSR1);
    assert_int_equal(alive_runs(h.runs), 0);
    keeper = start_self(&h, &by_hub, "signal", "");
    h.exits = h.ends = 0;
    h.at[0] = h.acked[0] = h.got[0].n = 0;
    HUB_UNTIL(&h, h.got[0].n == 6);
    assert_int_equal(kill(keeper, SIGKILL), 0);
    wait_for(&h, keeper);
    assert_int_equal(alive_runs(h.runs), 100); /* left behind, and nobody holds it */
    kill(h.child_pid, SIGKILL);
    hub_fini(&h);
}

static void a_grandchild_that_holds_the_pipe_delays_the_end_but_not_the_exit(void **state)
{
    (void)state;
    struct hub h;
    char fifo[96];

    hub_init(&h);
    hub_listen(&h);
    snprintf(fifo, sizeof fifo, "%s/fifo", h.dir);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    pid_t keeper = start_self(&h, &by_hub, "heir", fifo);
    HUB_UNTIL(&h, h.exits == 1);
    assert_int_equal(h.exit.code, 5);
    assert_int_equal(h.exit.stdout_n, 6);
    assert_int_equal(h.ends, 0);
    int fd = open(fifo, O_WRONLY);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    assert_int_equal(wait_for(&h, keeper), 0);
    assert_memory_equal(h.got[0].p, "early\nlate\n", 11);
    assert_int_equal(h.ends, 1);
    hub_fini(&h);
}

static void a_stop_ends_even_a_child_that_ignores_it_and_what_it_left(void **state)
{
    (void)state;
    struct hub h;
    struct buf out = {0};

    hub_init(&h);
    hub_listen(&h);
    pid_t keeper = start_self(&h, &by_hub, "stubborn", "");
    HUB_UNTIL(&h, h.got[0].n == 12);
    int64_t before = clock_mono_us();
    frame_add_stop(&out, 100);
    hub_say(&h, &out);
    hub_hang_up(&h); /* the keeper goes on by itself */
    assert_int_equal(wait_for(&h, keeper), 0);
    assert_int_equal(h.exit.signal, SIGKILL);
    assert_int_equal(h.exit.oom, 0);
    assert_true(clock_mono_us() - before < 2000000);
    hub_fini(&h);
}

static void a_stop_ends_a_daemon_that_left_group_and_pipes(void **state)
{
    (void)state;
    struct hub h;
    struct buf out = {0};
    char fifo[128], byte;

    hub_init(&h);
    hub_listen(&h);
    snprintf(fifo, sizeof fifo, "%s/fifo", h.dir);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    int reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    pid_t keeper = start_self(&h, &by_hub, "daemon", fifo);
    HUB_UNTIL(&h, h.got[0].n == 6);
    HUB_UNTIL(&h, read(reader, &byte, 1) < 0); /* EAGAIN: the daemon is there; else end of file */
    frame_add_stop(&out, 100);
    hub_say(&h, &out);
    HUB_UNTIL(&h, h.ends == 1);
    assert_int_equal(h.exit.signal, SIGTERM);
    assert_int_equal(read(reader, &byte, 1), 0); /* it died before the end was told */
    assert_int_equal(wait_for(&h, keeper), 0);
    close(reader);
    unlink(fifo);
    hub_fini(&h);
}

static void check_forwarding(int number)
{
    struct hub h;

    hub_init(&h);
    hub_listen(&h);
    pid_t keeper = start_self(&h, &by_hand, "signal", "");
    HUB_UNTIL(&h, h.got[0].n == 6);
    assert_int_equal(kill(keeper, number), 0);
    int status = wait_for(&h, keeper);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == number);
    hub_fini(&h);
}

static void signals_reach_the_child_and_its_status_comes_back(void **state)
{
    (void)state;
    static const int numbers[] = {SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        check_forwarding(numbers[i]);
}

static void without_any_hub_file_and_status_are_the_same(void **state)
{
    (void)state;
    struct hub h;
    struct buf file = {0};

    hub_init(&h);
    int64_t before = clock_mono_us();
    pid_t keeper = start(&h, &by_hand, (const char *const[]){"sh", "-c", "echo one; exit 3", NULL});
    int status = wait_for(&h, keeper);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    assert_true(clock_mono_us() - before < 1000000);
    read_file(h.log, &file);
    assert_int_equal(file.n, 4);
    buf_fini(&file);
    hub_fini(&h);
}

static void output_is_passed_on_and_a_closed_reader_harms_nobody(void **state)
{
    (void)state;
    struct hub h;
    struct buf want = {0};
    char passed[16];
    int ends[2];

    hub_init(&h);
    hub_listen(&h);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct how how = {.options = {"--foreground", NULL}, .output = ends[1]};
    pid_t keeper = start_self(&h, &how, "numbered", "1000000");
    close(ends[1]);
    assert_int_equal(read(ends[0], passed, sizeof passed), sizeof passed);
    assert_memory_equal(passed, "0000000000 00000", sizeof passed);
    close(ends[0]);
    assert_int_equal(wait_for(&h, keeper), 0);
    add_numbered(&want, 1000000);
    assert_bytes(&h.got[0], &want);
    buf_fini(&want);
    hub_fini(&h);
}

static void a_slow_reader_of_the_output_slows_the_child_and_loses_nothing(void **state)
{
    (void)state;
    struct hub h;
    struct buf want = {0}, passed = {0};
    struct stat st;
    int ends[2];

    hub_init(&h);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct how how = {.options = {"--foreground", NULL}, .output = ends[1]};
    pid_t keeper = start_self(&h, &how, "numbered", "4000000");
    close(ends[1]);
    HUB_UNTIL(&h, stat(h.log, &st) == 0 && st.st_size > 65536);
    assert_true(st.st_size < 4000000);
    ssize_t n;
    do {
        assert_int_equal(buf_reserve(&passed, 65536), 0);
        n = read(ends[0], passed.p + passed.n, 65536);
        passed.n += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    close(ends[0]);
    assert_int_equal(wait_for(&h, keeper), 0);
    add_numbered(&want, 4000000);
    assert_bytes(&passed, &want);
    buf_fini(&want);
    buf_fini(&passed);
    hub_fini(&h);
}

static void a_command_that_is_not_there_is_explained_as_last_words(void **state)
{
    (void)state;
    struct hub h;

    hub_init(&h);
    hub_listen(&h);
    pid_t keeper = start(&h, &by_hand, (const char *const[]){"no-such-command", NULL});
    int status = wait_for(&h, keeper);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 127);
    assert_int_equal(h.exit.code, 127);
    assert_int_equal(h.exit.stderr_n, h.got[1].n);
    buf_add_char(&h.got[1], '\0');
    assert_non_null(strstr(h.got[1].p, "cannot run 'no-such-command': command not found"));
    hub_fini(&h);
    hub_init(&h);
    hub_listen(&h);
    keeper = start(&h, &by_hand, (const char *const[]){"/", NULL});
    status = wait_for(&h, keeper);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 126);
    hub_fini(&h);
}

static void a_child_gets_the_user_and_the_limits_it_is_given(void **state)
{
    (void)state;
    static const struct how limited = {
        .options = {"--user", "65534:65533:65533,7", "--limit", "7:64", "--limit", "4:0", NULL}};
    struct hub h;

    if (getuid() != 0)
        skip(); /* only root may */
    hub_init(&h);
    hub_listen(&h);
    wait_for(&h, start_self(&h, &limited, "rights", ""));
    buf_add_char(&h.got[0], '\0');
    assert_string_equal(h.got[0].p,
                        "uid 65534 gid 65533 groups 2 last 65533 files 64 core 0 tty 00\n");
    hub_fini(&h);
}

static void rights_that_cannot_be_had_are_its_last_words(void **state)
{
    (void)state;
    static const struct how greedy = {.options = {"--limit", "7:9223372036854775807", NULL}};
    struct hub h;

    hub_init(&h);
    hub_listen(&h);
    wait_for(&h, start_self(&h, &greedy, "rights", ""));
    assert_int_equal(h.exit.code, 126);
    buf_add_char(&h.got[1], '\0');
    assert_non_null(strstr(h.got[1].p, "': its limits: Operation not permitted"));
    hub_fini(&h);
}

static void on_a_terminal_both_streams_are_one_and_bytes_stay_as_they_are(void **state)
{
    (void)state;
    static const struct how terminal = {.options = {"--pty", NULL}};
    struct hub h;

    hub_init(&h);
    hub_listen(&h);
    wait_for(&h, start_self(&h, &terminal, "rights", ""));
    assert_int_equal(h.exits, 1);
    assert_int_equal(h.ends, 1);
    assert_int_equal(h.got[1].n, 0);
    buf_add_char(&h.got[0], '\0');
    assert_non_null(strstr(h.got[0].p, " tty 11\nboth\n"));
    hub_fini(&h);
    hub_init(&h);
    hub_listen(&h);
    pid_t keeper = start_self(&h, &terminal, "stubborn", "");
    HUB_UNTIL(&h, h.got[0].n >= 6);
    struct buf stop = {0};
    frame_add_stop(&stop, 100);
    hub_say(&h, &stop);
    wait_for(&h, keeper);
    assert_int_equal(h.exit.signal, SIGKILL);
    hub_fini(&h);
}

static void an_unfinished_prompt_does_not_hold_back_the_other_stream(void **state)
{
    (void)state;
    static const struct how small = {
        .options = {"--memory", "524288", "--spool", "0", "--label", "job_run_id=j1", NULL}};
    static const char script[] = "sleep 100 & trap : USR1; printf 'password: '; wait; head -c "
                                 "8000000 /dev/zero | tr '\\0' '\\n' >&2";
    struct hub h;
    struct buf out = {0};

    hub_init(&h);
    hub_listen(&h);
    pid_t keeper = start(&h, &small, (const char *const[]){"sh", "-c", script, NULL});
    HUB_UNTIL(&h, h.got[0].n == 10); /* it has arrived, but is not acknowledged */
    frame_add_signal(&out, SIGUSR1); /* ends the sleep */
    hub_say(&h, &out);
    assert_int_equal(wait_for(&h, keeper), 0);
    assert_int_equal(h.label_count, 1);
    assert_int_equal(h.got[0].n, 10);
    assert_int_equal(h.got[1].n + h.jumped[1], 8000000);
    assert_int_equal(h.jumped[0], 0);
    hub_fini(&h);
}

static void a_hub_that_talks_nonsense_is_left_and_called_again(void **state)
{
    (void)state;
    struct hub h;
    struct buf out = {0};

    hub_init(&h);
    hub_listen(&h);
    pid_t keeper = start_self(&h, &by_hub, "signal", "");
    HUB_UNTIL(&h, h.got[0].n == 6);
    BUF_LIT(&out, "HTTP/1.1 400 Bad Request\r\n\r\n");
    hub_say(&h, &out);
    HUB_UNTIL(&h, h.connections == 2);
    assert_int_equal(kill(h.child_pid, SIGTERM), 0);
    assert_int_equal(wait_for(&h, keeper), 0);
    assert_int_equal(h.exit.code, SIGTERM);
    hub_fini(&h);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--child") == 0)
        return child_main(argv[2], argv[3]);
    ssize_t n = readlink("/proc/self/exe", self_path, sizeof self_path - 1);
    if (n <= 0)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_any_hub_file_and_status_are_the_same),
        cmocka_unit_test(a_dying_child_loses_no_byte_and_its_end_is_told_once),
        cmocka_unit_test(a_hub_that_hangs_up_again_and_again_gets_every_byte_once),
        cmocka_unit_test(what_was_written_while_no_hub_was_there_comes_from_the_spool),
        cmocka_unit_test(a_full_spool_gives_up_the_oldest_and_says_how_much),
        cmocka_unit_test(a_hub_that_is_slower_than_the_child_loses_nothing),
        cmocka_unit_test(a_hub_that_stops_acknowledging_does_not_hold_up_the_child),
        cmocka_unit_test(a_keeper_of_the_hub_waits_for_the_last_acknowledgement),
        cmocka_unit_test(the_run_file_lives_as_long_as_its_keeper),
        cmocka_unit_test(a_grandchild_that_holds_the_pipe_delays_the_end_but_not_the_exit),
        cmocka_unit_test(a_stop_ends_even_a_child_that_ignores_it_and_what_it_left),
        cmocka_unit_test(a_stop_ends_a_daemon_that_left_group_and_pipes),
        cmocka_unit_test(signals_reach_the_child_and_its_status_comes_back),
        cmocka_unit_test(output_is_passed_on_and_a_closed_reader_harms_nobody),
        cmocka_unit_test(a_slow_reader_of_the_output_slows_the_child_and_loses_nothing),
        cmocka_unit_test(a_command_that_is_not_there_is_explained_as_last_words),
        cmocka_unit_test(a_child_gets_the_user_and_the_limits_it_is_given),
        cmocka_unit_test(rights_that_cannot_be_had_are_its_last_words),
        cmocka_unit_test(on_a_terminal_both_streams_are_one_and_bytes_stay_as_they_are),
        cmocka_unit_test(an_unfinished_prompt_does_not_hold_back_the_other_stream),
        cmocka_unit_test(a_hub_that_talks_nonsense_is_left_and_called_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
