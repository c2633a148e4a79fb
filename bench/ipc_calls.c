/* SPDX-License-Identifier: MIT
 *
 * ipc_calls.c - what a call costs: one process answers, this one asks.
 *
 *   ipc_calls [SECONDS]        each line measured for SECONDS (default 2)
 *
 * Server CPU is that of the operating system's accounting (the server's process clock).
 */
#include <logmill/client.h>
#include <logmill/manager.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OUTSTANDING = 64, SAMPLES = 1 << 20, BLOCK = 256 * 1024 };

static const char text64[] = "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"";
static const char json200[] =
    "{\"id\":123456,\"name\":\"a name of some "
    "length\",\"level\":\"info\",\"labels\":{\"job_run_id\":"
    "\"nightly-42\",\"task_run_id\":\"compile\"},\"values\":[1,2,3,4,5,6,7,8,9,10],\"flag\":true,"
    "\"text\":\"padding padding padding\"}";
static const char schema[] =
    "{\"type\":\"object\",\"required\":[\"id\",\"name\"],\"properties\":{\"id\":{\"type\":"
    "\"integer\"},"
    "\"name\":{\"type\":\"string\",\"maxLength\":100},\"level\":{\"enum\":[\"info\",\"warn\"]},"
    "\"values\":{\"type\":\"array\",\"items\":{\"type\":\"number\"}}}}";

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- the server --- */

static void empty(struct lm_call call, void *ctx)
{
    (void)ctx;
    lm_reply(call, (struct lm_str){0});
}

static void echo(struct lm_call call, void *ctx)
{
    (void)ctx;
    lm_reply(call, lm_call_args(call));
}

static void echo_all(const struct lm_call *calls, size_t n, void *ctx)
{
    for (size_t i = 0; i < n; i++)
        echo(calls[i], ctx);
}

static char block[BLOCK];
static uint64_t left;

static int blocks_open(struct lm_call call, void *ctx, void **ret_state)
{
    (void)call;
    (void)ctx;
    left = 1 << 30;
    *ret_state = &left;
    return 0;
}

static enum lm_next blocks_next(struct lm_call call, void *state)
{
    uint64_t *n = state;

    if (*n == 0)
        return LM_NEXT_END;
    if (lm_stream_chunk(call, (struct lm_str){0}, (struct lm_str){block, BLOCK}) == 0)
        *n -= BLOCK;
    return LM_NEXT_MORE;
}

static void blocks_close(void *state)
{
    (void)state;
}

static _Noreturn void serve(const char *path, uint32_t spin_us)
{
    static const struct lm_stream_ops blocks = {blocks_open, blocks_next, blocks_close};
    struct lm_manager *m;

    if (lm_manager_new(&m, &(struct lm_manager_opts){.spin_us = spin_us}) < 0 ||
        lm_manager_register(m, "b:empty", &(struct lm_handler){.call = empty}, NULL) < 0 ||
        lm_manager_register(m, "b:echo", &(struct lm_handler){.call = echo}, NULL) < 0 ||
        lm_manager_register(m, "b:json", &(struct lm_handler){.call = echo, .schema = schema},
                            NULL) < 0 ||
        lm_manager_register(m, "b:cached", &(struct lm_handler){.call = echo, .cacheable = true},
                            NULL) < 0 ||
        lm_manager_register(m, "b:batch",
                            &(struct lm_handler){.batch = echo_all,
                                                 .batch_size = OUTSTANDING,
                                                 .batch_delay_ms = 1,
                                                 .sharing = LM_SHARE_NEVER},
                            NULL) < 0 ||
        lm_manager_register(m, "b:stream", &(struct lm_handler){.stream = &blocks}, NULL) < 0 ||
        lm_manager_listen(m, path) < 0)
        _exit(1);
    while (lm_manager_dispatch(m, -1) >= 0)
        ;
    _exit(1);
}

struct server {
    pid_t pid;
    char path[64];
    clockid_t clock;
    struct lm_client *client;
};

static void start(struct server *s, uint32_t spin_us)
{
    snprintf(s->path, sizeof s->path, "/tmp/ipc-calls-%d.sock", getpid());
    s->pid = fork();
    if (s->pid == 0)
        serve(s->path, spin_us);
    clock_getcpuclockid(s->pid, &s->clock);
    for (int i = 0; i < 1000; i++) {
        struct lm_client_opts opts = {.socket = s->path, .spin_us = spin_us, .no_retry = true};
        if (lm_client_open(&s->client, &opts) == 0)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    fprintf(stderr, "ipc_calls: no server\n");
    exit(1);
}

static void stop(struct server *s)
{
    lm_client_close(s->client);
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    unlink(s->path);
}

/* --- one at a time --- */

static float samples[SAMPLES];

static int by_size(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void one_by_one(const char *what, const char *channel, struct lm_str args, uint32_t spin_us,
                       double seconds)
{
    struct server s;
    struct lm_answer a;
    size_t n = 0;

    start(&s, spin_us);
    double cpu = seconds_of(s.clock), end = seconds_of(CLOCK_MONOTONIC) + seconds;
    for (double t = 0; n < SAMPLES && t < end;) {
        double before = seconds_of(CLOCK_MONOTONIC);
        if (lm_client_call(s.client, channel, args, &a) < 0 || a.code != LM_OK)
            exit(1);
        t = seconds_of(CLOCK_MONOTONIC);
        samples[n++] = (float)((t - before) * 1e6);
    }
    cpu = seconds_of(s.clock) - cpu;
    qsort(samples, n, sizeof *samples, by_size);
    printf("%-44s p50 %6.1f us  p99 %6.1f us  server CPU %.2f us a call\n", what,
           (double)samples[n / 2], (double)samples[n - 1 - n / 100], cpu / (double)n * 1e6);
    stop(&s);
}

/* --- many outstanding --- */

struct many {
    struct lm_ask ask;
    uint64_t answered;
    bool over;
};

static void again(struct lm_client *c, const struct lm_answer *a, void *ctx)
{
    struct many *m = ctx;

    if (m->over)
        return; /* the client is being closed */
    if (a->code != LM_OK) {
        fprintf(stderr, "%s: %.*s\n", lm_code_name(a->code), (int)a->message.n, a->message.p);
        exit(1);
    }
    m->answered++;
    int err = lm_client_ask(c, &m->ask, NULL);
    if (err < 0) {
        fprintf(stderr, "asking: %s\n", strerror(-err));
        exit(1);
    }
}

static double pipelined(const char *what, const char *channel, struct lm_str args, int outstanding,
                        double seconds)
{
    struct server s;
    struct many m = {.ask = {.channel = channel, .args = args, .on_answer = again, .ctx = &m}};

    start(&s, 0);
    lm_client_hold(s.client);
    for (int i = 0; i < outstanding; i++)
        if (lm_client_ask(s.client, &m.ask, NULL) < 0)
            exit(1);
    lm_client_flush(s.client);
    double cpu = seconds_of(s.clock), own = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    double begin = seconds_of(CLOCK_MONOTONIC), now = begin;
    while ((now = seconds_of(CLOCK_MONOTONIC)) < begin + seconds)
        if (lm_client_dispatch(s.client, 1000) < 0)
            exit(1);
    cpu = seconds_of(s.clock) - cpu;
    own = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - own;
    m.over = true;
    double n = (double)m.answered;
    printf("%-44s %6.0f k/s  server CPU %.3f us, client CPU %.3f us a call\n", what,
           n / (now - begin) / 1e3, cpu / n * 1e6, own / n * 1e6);
    stop(&s);
    return cpu / n * 1e6;
}

/* --- a gigabyte --- */

struct flood {
    uint64_t bytes;
    double first;
};

static void take(struct lm_client *c, const struct lm_chunk *chunk, void *ctx)
{
    struct flood *f = ctx;

    (void)c;
    if (!f->bytes)
        f->first = seconds_of(CLOCK_MONOTONIC);
    f->bytes += chunk->attachments.bytes.n;
}

/* What a stream costs, the first of a connection and one that comes later (buffers are there
 * then). */
static void gigabyte(const char *what, struct server *s)
{
    struct flood f = {0};
    struct rusage before, after;
    struct lm_answer a;
    struct lm_ask ask = {.channel = "b:stream", .window = 2 << 20, .on_chunk = take, .ctx = &f};

    getrusage(RUSAGE_SELF, &before);
    double begin = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(s->clock);
    double own = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    if (lm_client_call_with(s->client, &ask, &a) < 0 || a.code != LM_OK)
        exit(1);
    double took = seconds_of(CLOCK_MONOTONIC) - begin;
    cpu = seconds_of(s->clock) - cpu;
    own = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - own;
    getrusage(RUSAGE_SELF, &after);
    printf("%-44s %6.2f GB/s  first data after %.2f ms  receiver +%.1f MiB  CPU s: server %.2f, "
           "client %.2f\n",
           what, (double)f.bytes / took / 1e9, (f.first - begin) * 1e3,
           (double)(after.ru_maxrss - before.ru_maxrss) / 1024, cpu, own);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 2;
    struct lm_str s64 = {text64, sizeof text64 - 1}, s200 = {json200, sizeof json200 - 1};

    signal(SIGPIPE, SIG_IGN);
    one_by_one("64 bytes, one outstanding", "b:echo", s64, 0, seconds);
    one_by_one("64 bytes, one outstanding, spinning", "b:echo", s64, 100, seconds);
    double base =
        pipelined("empty, 64 outstanding", "b:empty", (struct lm_str){0}, OUTSTANDING, seconds);
    pipelined("64 bytes, 64 outstanding", "b:echo", s64, OUTSTANDING, seconds);
    pipelined("JSON of 240 bytes with schema, 64 outstanding", "b:json", s200, OUTSTANDING,
              seconds);
    pipelined("64 bytes, batches of 64", "b:batch", s64, OUTSTANDING, seconds);
    pipelined("64 bytes, batches of 64, 1024 outstanding", "b:batch", s64, 1024, seconds);
    double cached = pipelined("64 bytes, cached", "b:cached", s64, OUTSTANDING, seconds);
    printf("%-44s %+.3f us of server CPU\n", "cached over empty", cached - base);
    struct server s;
    start(&s, 0);
    gigabyte("1 GiB streamed, a new connection", &s);
    gigabyte("1 GiB streamed, once more", &s);
    stop(&s);
    return 0;
}
