/* SPDX-License-Identifier: MIT
 *
 * ipc_others.c - the same questions as ipc_calls.c, put to others: a bare epoll server, ZeroMQ,
 * nng.
 *
 *   ipc_others [SECONDS]
 *
 * 64 bytes there and back over a Unix socket; one outstanding, then 64. Those whose library is not
 * installed when this is built are left out (libzmq3-dev, libnng-dev).
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef BENCH_ZMQ
#include <zmq.h>
#endif
#ifdef BENCH_NNG
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#endif

enum { BYTES = 64, OUTSTANDING = 64, SAMPLES = 1 << 20 };

static char path[64], url[80];
static float samples[SAMPLES];

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* What is measured: a server that never returns, and a client that opens, sends one question and
 * takes one answer. */
struct contestant {
    const char *name;
    void (*serve)(void);
    int (*open)(void);
    void (*send)(void);
    void (*receive)(void);
    void (*close)(void);
    int in_order; /* many may be outstanding on one socket */
};

static void measure(const struct contestant *c, double seconds)
{
    size_t n = 0;
    clockid_t clock;
    pid_t pid = fork();

    if (pid == 0) {
        c->serve();
        _exit(0);
    }
    clock_getcpuclockid(pid, &clock);
    for (int i = 0; i < 1000 && c->open() < 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    double cpu = seconds_of(clock), end = seconds_of(CLOCK_MONOTONIC) + seconds;
    for (double t = 0; n < SAMPLES && t < end;) {
        double before = seconds_of(CLOCK_MONOTONIC);
        c->send();
        c->receive();
        t = seconds_of(CLOCK_MONOTONIC);
        samples[n++] = (float)((t - before) * 1e6);
    }
    cpu = seconds_of(clock) - cpu;
    qsort(samples, n, sizeof *samples, by_size);
    printf("%-12s one outstanding: p50 %6.1f us  p99 %6.1f us  server CPU %.2f us a call\n",
           c->name, (double)samples[n / 2], (double)samples[n - 1 - n / 100],
           cpu / (double)n * 1e6);
    if (c->in_order) {
        uint64_t calls = 0;
        for (int i = 0; i < OUTSTANDING; i++)
            c->send();
        double begin = seconds_of(CLOCK_MONOTONIC), now = begin;
        cpu = seconds_of(clock);
        for (; now < begin + seconds; now = seconds_of(CLOCK_MONOTONIC), calls += 64)
            for (int i = 0; i < 64; i++) {
                c->receive();
                c->send();
            }
        cpu = seconds_of(clock) - cpu;
        printf("%-12s 64 outstanding: %6.0f k/s  server CPU %.3f us a call\n", c->name,
               (double)calls / (now - begin) / 1e3, cpu / (double)calls * 1e6);
    }
    c->close();
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    unlink(path);
}

/* --- bare epoll: what the machine can do --- */

static int fd = -1;
static char out[BYTES * OUTSTANDING], in[BYTES * OUTSTANDING];
static size_t out_n, in_n, in_at;

static void raw_serve(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char bytes[65536];

    memcpy(a.sun_path, path, sizeof path);
    int l = socket(AF_UNIX, SOCK_STREAM, 0), e = epoll_create1(0);
    if (bind(l, (struct sockaddr *)&a, sizeof a) < 0 || listen(l, 1) < 0)
        _exit(1);
    int c = accept(l, NULL, NULL);
    struct epoll_event ev = {.events = EPOLLIN};
    epoll_ctl(e, EPOLL_CTL_ADD, c, &ev);
    for (;;) {
        epoll_wait(e, &ev, 1, -1);
        ssize_t n = recv(c, bytes, sizeof bytes, 0);
        if (n <= 0 || send(c, bytes, (size_t)n, MSG_NOSIGNAL) != n)
            _exit(0);
    }
}

static int raw_open(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    memcpy(a.sun_path, path, sizeof path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return 0;
    close(fd);
    return -1;
}

static void raw_flush(void)
{
    if (out_n && send(fd, out, out_n, 0) != (ssize_t)out_n)
        exit(1);
    out_n = 0;
}

static void raw_send(void)
{
    memset(out + out_n, 'a', BYTES);
    out_n += BYTES;
    if (out_n == sizeof out)
        raw_flush();
}

static void raw_receive(void)
{
    while (in_n - in_at < BYTES) {
        raw_flush();
        memmove(in, in + in_at, in_n - in_at);
        in_n -= in_at;
        in_at = 0;
        ssize_t n = recv(fd, in + in_n, sizeof in - in_n, 0);
        if (n <= 0)
            exit(1);
        in_n += (size_t)n;
    }
    in_at += BYTES;
}

static void raw_close(void)
{
    close(fd);
}

#ifdef BENCH_ZMQ
static void *context, *sock;

static void zmq_serve(void)
{
    char bytes[BYTES + 300];
    void *c = zmq_ctx_new(), *s = zmq_socket(c, ZMQ_ROUTER);

    zmq_bind(s, url);
    for (;;) { /* identity, then the body */
        int id_n = zmq_recv(s, bytes, 256, 0), n = zmq_recv(s, bytes + 256, BYTES, 0);
        zmq_send(s, bytes, (size_t)id_n, ZMQ_SNDMORE);
        zmq_send(s, bytes + 256, (size_t)n, 0);
    }
}

static int zmq_open(void)
{
    context = zmq_ctx_new();
    sock = zmq_socket(context, ZMQ_DEALER);
    return zmq_connect(sock, url);
}

static void zmq_ask(void)
{
    zmq_send(sock, samples, BYTES, 0);
}

static void zmq_take(void)
{
    char bytes[BYTES];
    zmq_recv(sock, bytes, BYTES, 0);
}

static void zmq_end(void)
{
    zmq_close(sock);
    zmq_ctx_term(context);
}
#endif

#ifdef BENCH_NNG
static nng_socket req;

static void nng_serve(void)
{
    nng_socket rep;

    if (nng_rep0_open(&rep) != 0 || nng_listen(rep, url, NULL, 0) != 0)
        _exit(1);
    for (nng_msg *m; nng_recvmsg(rep, &m, 0) == 0;)
        nng_sendmsg(rep, m, 0);
}

static int nng_open(void)
{
    if (nng_req0_open(&req) != 0)
        return -1;
    if (nng_dial(req, url, NULL, 0) == 0)
        return 0;
    nng_close(req);
    return -1;
}

static void nng_ask(void)
{
    char bytes[BYTES] = {0};
    nng_send(req, bytes, sizeof bytes, 0);
}

static void nng_take(void)
{
    char bytes[BYTES];
    size_t n = sizeof bytes;
    nng_recv(req, bytes, &n, 0);
}

static void nng_end(void)
{
    nng_close(req);
}
#endif

int main(int argc, char **argv)
{
    static const struct contestant all[] = {
        {"bare epoll", raw_serve, raw_open, raw_send, raw_receive, raw_close, 1},
#ifdef BENCH_ZMQ
        {"ZeroMQ", zmq_serve, zmq_open, zmq_ask, zmq_take, zmq_end, 1},
#endif
#ifdef BENCH_NNG
        {"nng", nng_serve, nng_open, nng_ask, nng_take, nng_end, 0},
#endif
    };

    snprintf(path, sizeof path, "/tmp/ipc-others-%d.sock", getpid());
    snprintf(url, sizeof url, "ipc://%s", path);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        measure(&all[i], argc > 1 ? atof(argv[1]) : 2);
    return 0;
}
