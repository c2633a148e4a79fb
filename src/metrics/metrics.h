/* SPDX-License-Identifier: MIT
 *
 * metrics.h - what the hub counts about itself, and how Prometheus reads it.
 *
 * One line in metrics.def makes a field here, a line on GET /metrics and a row in docs/metrics.md,
 * so a number cannot exist without a sentence. Modules get a pointer to the one struct and add to
 * its fields; nothing else is needed:
 *
 *     m->records_total += n;
 *     m->records_by_level_total[level] += n;
 *
 * Threads: loop thread only; plain integers.
 * Owns:    nothing. A zeroed struct is a fresh start.
 */
#ifndef LM_METRICS_METRICS_H
#define LM_METRICS_METRICS_H

#include "base/buf.h"

/* unknown, trace, debug, info, warn, error, fatal: indexed by the level of a record. */
enum { METRIC_LEVELS = 7 };

/* Upper ends of the buckets of every histogram, in microseconds; beyond the last is one more. */
#define METRIC_BUCKETS_US                                                                          \
    {                                                                                              \
        100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000              \
    }
enum { METRIC_BUCKETS = 12 };

struct metric_times {
    uint64_t buckets[METRIC_BUCKETS + 1]; /* not cumulative */
    uint64_t sum_us;
};

/* `count` things took so long each. */
void metrics_observe(struct metric_times *t, int64_t us, uint64_t count);

struct metrics {
#define METRIC(name, type, sentence)          uint64_t name;
#define METRIC_BY_LEVEL(name, type, sentence) uint64_t name[METRIC_LEVELS];
#define METRIC_HISTOGRAM(name, sentence)      struct metric_times name;
#include "metrics/metrics.def"
};

enum process_metric {
#define METRIC_BY_PROCESS(name, ...) METRIC_##name,
#include "metrics/metrics.def"
    PROCESS_METRIC_COUNT
};

/* The two lines before the samples of one metric by process, then each of these. `process` is a
 * name of the configuration, which needs no escaping. */
void metrics_process_head(struct buf *b, enum process_metric metric);
void metrics_process_value(struct buf *b, enum process_metric metric, const char *process,
                           uint64_t value);

/* Appends everything but those by process in the Prometheus text format 0.0.4. Lack of memory shows
 * in buf_error(b). */
void metrics_write(const struct metrics *m, struct buf *b);

/* Appends docs/metrics.md as it must be. */
void metrics_write_docs(struct buf *b);

#endif
