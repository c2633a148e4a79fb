/* SPDX-License-Identifier: MIT
 *
 * log_ring.c - what a log record costs the program that writes it.
 *
 *   log_ring [SOCKET]      with a hub that reads meanwhile; without one the ring is large enough
 *
 * CPU time of the calling thread, and rate by the clock on the wall.
 */
#include <logmill/log.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ROUND = 200 * 1000 };

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct lm_str text = {NULL, 200};

static void write_it(struct lm_log *log, const struct lm_scope *scope, int i)
{
    (void)i;
    (void)lm_log_write(log, scope, LM_INFO, text);
}

static void print_it(struct lm_log *log, const struct lm_scope *scope, int i)
{
    (void)lm_logf(log, scope, LM_INFO, "request %d of %s took %d us: %.160s", i, "client-7",
                  i % 1000, text.p);
}

static void batch_it(struct lm_log *log, const struct lm_scope *scope, int i)
{
    struct lm_entry entries[20];

    if (i % 20)
        return;
    for (int k = 0; k < 20; k++)
        entries[k] = (struct lm_entry){.scope = scope, .level = LM_INFO, .message = text};
    (void)lm_log_batch(log, entries, 20);
}

static void measure(const char *socket, const char *what,
                    void (*fn)(struct lm_log *, const struct lm_scope *, int))
{
    struct lm_log_opts opts = {.socket = socket, .ring_bytes = 64u << 20};
    struct lm_log_stats stats;
    struct lm_log *log;

    if (lm_log_open(&log, &opts) < 0)
        exit(1);
    struct lm_scope *scope =
        lm_log_scope(log, &(struct lm_labels){.campaign_id = "c1", .session_id = "s1"});
    double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID), wall = seconds_of(CLOCK_MONOTONIC);
    for (int i = 0; i < ROUND; i++)
        fn(log, scope, i);
    cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    wall = seconds_of(CLOCK_MONOTONIC) - wall;
    lm_log_get_stats(log, &stats);
    double flush = seconds_of(CLOCK_MONOTONIC);
    int err = lm_log_flush(log, 30000);
    flush = seconds_of(CLOCK_MONOTONIC) - flush;
    printf("%-24s %5.0f ns of CPU a call, %5.2f M/s, dropped %" PRIu64 ", all in the hub: %s", what,
           cpu / ROUND * 1e9, ROUND / wall / 1e6, stats.dropped, err == 0 ? "" : "no\n");
    if (err == 0)
        printf("after %.2f s\n", flush);
    lm_scope_free(scope);
    lm_log_close(log);
}

int main(int argc, char **argv)
{
    const char *socket = argc > 1 ? argv[1] : "/tmp/no-hub-here";
    static char bytes[201];

    memset(bytes, 'x', 200);
    text.p = bytes;
    measure(socket, "200 bytes", write_it);
    measure(socket, "200 bytes, printf", print_it);
    measure(socket, "200 bytes, by twenty", batch_it);
    return 0;
}
