/* SPDX-License-Identifier: MIT
 *
 * fanpub.c - a producer of records that say when they were sent, at a steady rate or as fast as
 * they are read.
 *
 *     fanpub --mode stdout|lines|http|nats --url URL [options]
 *       stdout            a record a line, to standard output
 *       lines tcp://H:P   the same to a socket
 *       http  http://H:P/PATH   a POST a record, pipelined
 *       nats  tcp://H:P   PUB log
 *       --rate R          records a second, on a schedule that does not drift (1000); 0: closed loop
 *       --window W        closed loop: at most W records ahead of the slowest reader (1024),
 *       --progress FILE   which fanload writes down here; without it nothing holds the flood back
 *       --size B          bytes of a record, to 16,000 (200)
 *       --burst K         K records at each tick of R/K a second (1)
 *       --runs N          over so many values of job_run_id in turn (1)
 *       --duration S      stop after so many seconds (until SIGTERM)
 *
 * Says on stderr at the end how many were sent, and how often the readers stood still for 3 s: then
 * what was ahead of them is taken for lost.
 *
 * Threads: one. Owns: everything.
 */
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SIZE_LIMIT = 16000, BATCH_MAX = 200, FLOOD_BATCH = 64, OUT_MAX = 1000 * 1000 };
#define SECOND_NS  UINT64_C(1000000000)
#define STALLED_NS (3 * SECOND_NS)

enum mode { MODE_STDOUT, MODE_LINES, MODE_HTTP, MODE_NATS };

struct options {
    enum mode mode;
    const char *url, *progress;
    double rate, duration_s;
    uint64_t window;
    uint64_t burst, runs;
    size_t size;
};

struct producer {
    struct options opts;
    char path[512];
    int fd;
    const uint64_t *progress; /* NULL: nobody tells */
    struct buf out;
    uint64_t begin_ns, sent;
    uint64_t read, read_ns; /* what the slowest reader had last, and since when */
    uint64_t lost, stalls;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "fanpub: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* --- writing --- */

/* Answers are thrown away; a server of NATS wants one to its PING. */
static void take_answers(const struct producer *p)
{
    char bytes[64 * 1024];
    ssize_t n;

    if (p->opts.mode == MODE_STDOUT)
        return;
    while ((n = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        if (p->opts.mode == MODE_NATS && memmem(bytes, (size_t)n, "PING", 4))
            (void)!write(p->fd, "PONG\r\n", 6);
}

static void write_out(struct producer *p)
{
    for (size_t at = 0; at < p->out.n && !stopped;) {
        struct pollfd ready = {p->fd, POLLIN | POLLOUT, 0};
        ssize_t n = write(p->fd, p->out.p + at, p->out.n - at);
        if (n > 0) {
            at += (size_t)n;
        } else if (errno == EAGAIN || errno == EINTR) {
            poll(&ready, 1, 100);
            take_answers(p);
        } else {
            fail("write");
        }
    }
    buf_clear(&p->out);
}

static void add_record(struct buf *out, uint64_t number, const struct options *o)
{
    static const char filling[] =
        "GET /api/v1/items?page=3&limit=50 200 12ms cache=miss user=4711 region=eu-west worker "
        "pool resized to 8 threads after backlog of jobs; ";
    size_t begin = out->n;

    buf_printf(out,
               "{\"sent_ns\":%" PRIu64 ",\"seq\":%" PRIu64
               ",\"level\":\"%s\",\"stream\":\"stdout\",\"job_run_id\":\"run-%06d\","
               "\"message\":\"",
               now_ns(CLOCK_REALTIME), number, number % 50 == 49 ? "warn" : "info",
               (int)(number % o->runs));
    while (out->n - begin + 2 < o->size) {
        size_t left = o->size - 2 - (out->n - begin);
        buf_add(out, filling, left < sizeof filling - 1 ? left : sizeof filling - 1);
    }
    buf_add(out, "\"}", 2);
}

/* The record as the server wants it. */
static void add_message(struct producer *p, uint64_t number)
{
    static struct buf record;

    buf_clear(&record);
    add_record(&record, number, &p->opts);
    if (p->opts.mode == MODE_HTTP)
        buf_printf(&p->out, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", p->path,
                   record.n);
    else if (p->opts.mode == MODE_NATS)
        buf_printf(&p->out, "PUB log %zu\r\n", record.n);
    buf_add_str(&p->out, buf_str(&record));
    if (p->opts.mode == MODE_NATS)
        buf_add(&p->out, "\r\n", 2);
    else if (p->opts.mode != MODE_HTTP)
        buf_add_char(&p->out, '\n');
}

/* --- how many are due --- */

/* Sleeps until the next record is due. How many are by then. */
static uint64_t due_by_rate(const struct producer *p)
{
    uint64_t at_ns = p->begin_ns + (uint64_t)((double)p->sent * 1e9 / p->opts.rate);
    struct timespec at = {(time_t)(at_ns / SECOND_NS), (long)(at_ns % SECOND_NS)};

    while (!stopped && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
    double passed_s = (double)(now_ns(CLOCK_MONOTONIC) - p->begin_ns) / 1e9;
    uint64_t due = (uint64_t)(passed_s * p->opts.rate) + 1;
    uint64_t n = due > p->sent + p->opts.burst ? due - p->sent : p->opts.burst;
    return n < BATCH_MAX ? n : BATCH_MAX;
}

/* Room in the window, a quarter of it at least; 0 after a short sleep: the readers are not that
 * far. */
static uint64_t due_by_readers(struct producer *p)
{
    uint64_t read = __atomic_load_n(p->progress, __ATOMIC_ACQUIRE), now = now_ns(CLOCK_MONOTONIC);

    if (read != p->read) {
        p->read = read;
        p->read_ns = now;
        if (read + p->lost > p->sent) /* they were late, not lost */
            p->lost = p->sent > read ? p->sent - read : 0;
    }
    uint64_t ahead = p->sent > read + p->lost ? p->sent - read - p->lost : 0;
    if (ahead + (p->opts.window + 3) / 4 <= p->opts.window)
        return p->opts.window - ahead;
    if (now - p->read_ns > STALLED_NS && ahead) {
        p->lost += ahead;
        p->stalls++;
        p->read_ns = now;
    }
    nanosleep(&(struct timespec){0, 50000}, NULL);
    return 0;
}

static uint64_t due_now(struct producer *p)
{
    if (p->opts.rate > 0)
        return due_by_rate(p);
    return p->progress ? due_by_readers(p) : FLOOD_BATCH;
}

/* --- the beginning and the end --- */

static void take_mode(struct options *o, const char *word)
{
    static const char *const words[] = {"stdout", "lines", "http", "nats"};

    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0) {
            o->mode = (enum mode)i;
            return;
        }
    errno = EINVAL;
    fail(word);
}

static void take_options(struct options *o, int argc, char **argv)
{
    static const struct option names[] = {{"mode", 1, NULL, 'm'},     {"url", 1, NULL, 'u'},
                                          {"rate", 1, NULL, 'r'},     {"window", 1, NULL, 'w'},
                                          {"size", 1, NULL, 's'},     {"duration", 1, NULL, 'd'},
                                          {"progress", 1, NULL, 'p'}, {"burst", 1, NULL, 'b'},
                                          {"runs", 1, NULL, 'n'},     {NULL, 0, NULL, 0}};
    int name;

    *o = (struct options){
        .url = "", .rate = 1000, .window = 1024, .burst = 1, .runs = 1, .size = 200};
    while ((name = getopt_long(argc, argv, "", names, NULL)) != -1)
        switch (name) {
        case 'm':
            take_mode(o, optarg);
            break;
        case 'u':
            o->url = optarg;
            break;
        case 'r':
            o->rate = atof(optarg);
            break;
        case 'w':
            o->window = strtoull(optarg, NULL, 10);
            break;
        case 's':
            o->size = strtoul(optarg, NULL, 10);
            break;
        case 'd':
            o->duration_s = atof(optarg);
            break;
        case 'b':
            o->burst = strtoull(optarg, NULL, 10);
            break;
        case 'n':
            o->runs = strtoull(optarg, NULL, 10);
            break;
        case 'p':
            o->progress = optarg;
            break;
        default:
            exit(2);
        }
    if (o->size > SIZE_LIMIT)
        o->size = SIZE_LIMIT;
    if (o->burst == 0 || o->runs == 0)
        exit(2);
}

static void connect_to(struct producer *p)
{
    const char *at = strstr(p->opts.url, "://");
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    char host[256], port[8];
    int on = 1;

    strcpy(p->path, "/");
    errno = EINVAL;
    if (!at || sscanf(at, "://%255[^:/]:%7[0-9]%511s", host, port, p->path) < 2 ||
        getaddrinfo(host, port, &hints, &found) != 0)
        fail(p->opts.url);
    p->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || connect(p->fd, found->ai_addr, found->ai_addrlen) < 0)
        fail(p->opts.url);
    freeaddrinfo(found);
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (p->opts.mode == MODE_NATS)
        buf_printf(&p->out, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n");
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
}

static void open_progress(struct producer *p)
{
    int fd = open(p->opts.progress, O_RDONLY | O_CLOEXEC);
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

    if (map == MAP_FAILED)
        fail(p->opts.progress);
    close(fd);
    p->progress = map;
}

static void produce(struct producer *p)
{
    p->begin_ns = p->read_ns = now_ns(CLOCK_MONOTONIC);
    while (!stopped) {
        double passed_s = (double)(now_ns(CLOCK_MONOTONIC) - p->begin_ns) / 1e9;
        if (p->opts.duration_s > 0 && passed_s >= p->opts.duration_s)
            break;
        for (uint64_t n = due_now(p); n > 0 && p->out.n < OUT_MAX; n--)
            add_message(p, p->sent++);
        write_out(p);
        take_answers(p);
    }
}

int main(int argc, char **argv)
{
    static struct producer p = {.fd = STDOUT_FILENO};

    take_options(&p.opts, argc, argv);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_signal}, NULL);
    sigaction(SIGINT, &(struct sigaction){.sa_handler = on_signal}, NULL);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1);
    if (p.opts.mode != MODE_STDOUT)
        connect_to(&p);
    if (p.opts.progress)
        open_progress(&p);
    produce(&p);
    double passed_s = (double)(now_ns(CLOCK_MONOTONIC) - p.begin_ns) / 1e9;
    fprintf(stderr,
            "{\"pub_sent\":%" PRIu64 ",\"secs\":%.3f,\"rate\":%.0f,\"stalls\":%" PRIu64 "}\n",
            p.sent, passed_s, (double)p.sent / passed_s, p.stalls);
    if (p.opts.mode != MODE_STDOUT)
        shutdown(p.fd, SHUT_WR);
    return 0;
}
