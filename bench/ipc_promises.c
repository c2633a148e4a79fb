/* SPDX-License-Identifier: MIT
 *
 * ipc_promises.c - what batching, the cache and streams save, one against the other in one run.
 *
 *   ipc_promises
 *
 * Batching: 200 questions at random moments (seeded) to a handler that goes somewhere for its
 * answers; how often it goes, with and without batches of 10 within 5 ms. What matters is how many
 * questions come within the delay, so the lines say that, too. Cache: the median time of a call
 * whose handler works for so long, answered by it and from the cache. Streams: 64 MiB of records as
 * one answer and in chunks; by how much server and client grow at most (VmHWM), each in a process
 * of its own.
 */
#include <logmill/client.h>
#include <logmill/manager.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { QUESTIONS = 200, CALLS = 4000, DELAY_MS = 5, RECORDS = 65536, RECORD = 1024 };
enum { LARGE = RECORDS * RECORD + (1 << 20) };

static char path[64];
static uint64_t *trips; /* shared with the server: how often the handlers ran */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int err, const char *what)
{
    if (err < 0) {
        fprintf(stderr, "ipc_promises: %s: %s\n", what, strerror(-err));
        exit(1);
    }
}

/* --- the server --- */

static void one(struct lm_call call, void *ctx)
{
    (void)ctx;
    ++*trips;
    lm_reply(call, lm_call_args(call));
}

static void several(const struct lm_call *calls, size_t n, void *ctx)
{
    (void)ctx;
    ++*trips;
    for (size_t i = 0; i < n; i++)
        lm_reply(calls[i], lm_call_args(calls[i]));
}

/* The arguments say for how many microseconds, and which of many questions it is. */
static void work(struct lm_call call, void *ctx)
{
    int64_t us = 0;

    (void)ctx;
    (void)lm_json_get_int(lm_call_args(call), "us", &us);
    for (double end = now() + (double)us / 1e6; now() < end;)
        continue;
    lm_reply(call, lm_call_args(call));
}

static char record[RECORD];

static void whole(struct lm_call call, void *ctx)
{
    char *all = malloc(LARGE), *at = all;

    (void)ctx;
    for (int i = 0; i < RECORDS; i++, at += RECORD) {
        memcpy(at, record, RECORD);
        at[RECORD - 1] = ',';
    }
    at[-1] = ']';
    all[0] = '[';
    all[1] = '"';
    lm_reply(call, (struct lm_str){all, (size_t)(at - all)});
    free(all);
}

static int records_open(struct lm_call call, void *ctx, void **ret)
{
    static int left;

    (void)call;
    (void)ctx;
    left = RECORDS;
    *ret = &left;
    return 0;
}

static enum lm_next records_next(struct lm_call call, void *state)
{
    int *left = state;

    while (*left && lm_stream_item(call, (struct lm_str){record + 1, RECORD - 2}) == 0)
        --*left;
    return *left ? LM_NEXT_MORE : LM_NEXT_END;
}

static void records_close(void *state)
{
    (void)state;
}

static _Noreturn void serve(void)
{
    static const struct lm_stream_ops records = {records_open, records_next, records_close};
    const struct {
        const char *channel;
        struct lm_handler handler;
    } table[] = {
        {"p:one", {.call = one}},     {"p:batch", {.batch = several, .batch_delay_ms = DELAY_MS}},
        {"p:work", {.call = work}},   {"p:cached", {.call = work, .cacheable = true}},
        {"p:whole", {.call = whole}}, {"p:stream", {.stream = &records}}};
    struct lm_manager *m;

    must(lm_manager_new(&m, &(struct lm_manager_opts){.result_max = LARGE}), "manager");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        must(lm_manager_register(m, table[i].channel, &table[i].handler, NULL), "register");
    must(lm_manager_listen(m, path), "listen");
    while (lm_manager_dispatch(m, -1) >= 0)
        ;
    _exit(1);
}

static pid_t start(void)
{
    pid_t pid = fork();

    if (pid == 0)
        serve();
    return pid;
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    unlink(path);
}

static struct lm_client *client(void)
{
    struct lm_client_opts opts = {.socket = path, .no_retry = true, .frame_max = LARGE};
    struct lm_client *c;

    for (int i = 0; i < 1000; i++) {
        if (lm_client_open(&c, &opts) == 0)
            return c;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    fprintf(stderr, "ipc_promises: no server\n");
    exit(1);
}

/* --- batching --- */

static void count(struct lm_client *c, const struct lm_answer *a, void *ctx)
{
    (void)c;
    *(int *)ctx += a->code == LM_OK;
}

/* Questions with gaps that average 1 / per_s; how often the handler ran. */
static uint64_t ask_at_random(const char *channel, double per_s)
{
    pid_t pid = start();
    struct lm_client *c = client();
    int answers = 0;
    double due = now();

    *trips = 0;
    srand48(42);
    for (int i = 0; i < QUESTIONS; i++) {
        char args[16];
        int n = snprintf(args, sizeof args, "%d", i);
        due += -log(1 - drand48()) / per_s;
        while (now() < due)
            (void)lm_client_dispatch(c, 1);
        struct lm_ask ask = {
            .channel = channel, .args = {args, (size_t)n}, .on_answer = count, .ctx = &answers};
        must(lm_client_ask(c, &ask, NULL), "ask");
    }
    while (answers < QUESTIONS)
        must(lm_client_dispatch(c, 1000), "dispatch");
    lm_client_close(c);
    stop(pid);
    return *trips;
}

static void batching(void)
{
    static const double within[] = {0.25, 1, 2, 5, 20};

    for (size_t i = 0; i < sizeof within / sizeof *within; i++) {
        double per_s = within[i] * 1000 / DELAY_MS;
        uint64_t alone = ask_at_random("p:one", per_s), together = ask_at_random("p:batch", per_s);
        printf("batching: %5.2f questions within the delay: %3" PRIu64 " trips instead of %" PRIu64
               ", %.0f %% fewer\n",
               within[i], together, alone, 100 * (1 - (double)together / (double)alone));
    }
}

/* --- the cache --- */

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The median of calls that all ask the same. */
static double median_us(struct lm_client *c, const char *channel, int us)
{
    static double took[CALLS];
    char args[32];
    int n = snprintf(args, sizeof args, "{\"us\":%d}", us);
    struct lm_answer a;

    for (int i = 0; i < CALLS; i++) {
        double before = now();
        must(lm_client_call(c, channel, (struct lm_str){args, (size_t)n}, &a), "call");
        took[i] = (now() - before) * 1e6;
    }
    qsort(took, CALLS, sizeof *took, by_size);
    return took[CALLS / 2];
}

static void caching(void)
{
    static const int works[] = {0, 10, 50, 200};
    pid_t pid = start();
    struct lm_client *c = client();

    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        double fresh = median_us(c, "p:work", works[i]),
               cached = median_us(c, "p:cached", works[i]);
        printf(
            "cache: a handler that works for %3d us: p50 %6.1f us, cached %5.1f us, %.0f %% less\n",
            works[i], fresh, cached, 100 * (1 - cached / fresh));
    }
    lm_client_close(c);
    stop(pid);
}

/* --- streams --- */

static double peak_mib(pid_t pid)
{
    char name[64], line[256];
    double kib = 0;

    snprintf(name, sizeof name, "/proc/%d/status", pid);
    FILE *f = fopen(name, "r");
    while (f && fgets(line, sizeof line, f))
        (void)!sscanf(line, "VmHWM: %lf", &kib);
    if (f)
        fclose(f);
    return kib / 1024;
}

static void take(struct lm_client *c, const struct lm_chunk *chunk, void *ctx)
{
    (void)c;
    *(uint64_t *)ctx += chunk->data.n;
}

/* By how much server and client grow for one answer; in a process of its own. */
static double grown_mib(const char *channel)
{
    double *sum =
        mmap(NULL, sizeof *sum, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t server = start(), asker = fork();

    if (asker == 0) {
        struct lm_client *c = client();
        double before = peak_mib(server) + peak_mib(getpid());
        uint64_t bytes = 0;
        struct lm_answer a;
        struct lm_ask ask = {.channel = channel, .on_chunk = take, .ctx = &bytes};
        must(lm_client_call_with(c, &ask, &a), "call");
        bytes += a.data.n;
        if (a.code != LM_OK || bytes < (uint64_t)RECORDS * (RECORD - 2))
            must(-EIO, "the answer");
        *sum = peak_mib(server) + peak_mib(getpid()) - before;
        _exit(0);
    }
    waitpid(asker, NULL, 0);
    stop(server);
    double mib = *sum;
    munmap(sum, sizeof *sum);
    return mib;
}

static void streaming(void)
{
    double at_once = grown_mib("p:whole"), in_chunks = grown_mib("p:stream");

    printf("streams: 64 MiB of records: server and client grow by %.1f MiB, in chunks by %.1f MiB, "
           "%.0f %% less\n",
           at_once, in_chunks, 100 * (1 - in_chunks / at_once));
}

int main(void)
{
    trips = mmap(NULL, sizeof *trips, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (trips == MAP_FAILED)
        return 1;
    memset(record, 'x', sizeof record);
    record[1] = record[RECORD - 2] = '"';
    snprintf(path, sizeof path, "/tmp/ipc-promises-%d.sock", getpid());
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    batching();
    caching();
    streaming();
    return 0;
}
