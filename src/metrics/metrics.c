/* SPDX-License-Identifier: MIT
 *
 * metrics.c - the page that Prometheus reads.
 *
 * Each metric is a HELP line, a TYPE line and its samples, in the order of metrics.def. Sentences
 * in the table hold neither backslashes nor line ends, so nothing needs escaping; the test sees to
 * it.
 */
#include "metrics/metrics.h"

#define TYPE_COUNTER "counter"
#define TYPE_GAUGE   "gauge"

static const char *const level_labels[METRIC_LEVELS] = {
    "none", "trace", "debug", "info", "warn", "error", "fatal",
};

static void write_head(struct buf *b, const char *name, const char *type, const char *sentence)
{
    buf_printf(b, "# HELP logmill_%s %s\n# TYPE logmill_%s %s\n", name, sentence, name, type);
}

static void write_value(struct buf *b, const char *name, uint64_t value)
{
    buf_printf(b, "logmill_%s ", name);
    buf_add_u64(b, value);
    buf_add_char(b, '\n');
}

static void write_levels(struct buf *b, const char *name, const uint64_t values[METRIC_LEVELS])
{
    for (size_t i = 0; i < METRIC_LEVELS; i++) {
        buf_printf(b, "logmill_%s{level=\"%s\"} ", name, level_labels[i]);
        buf_add_u64(b, values[i]);
        buf_add_char(b, '\n');
    }
}

static const int64_t bucket_ends_us[METRIC_BUCKETS] = METRIC_BUCKETS_US;

void metrics_observe(struct metric_times *t, int64_t us, uint64_t count)
{
    int i = 0;

    while (i < METRIC_BUCKETS && us > bucket_ends_us[i])
        i++;
    t->buckets[i] += count;
    t->sum_us += (uint64_t)(us > 0 ? us : 0) * count;
}

static void write_times(struct buf *b, const char *name, const struct metric_times *t)
{
    uint64_t count = 0;

    for (int i = 0; i < METRIC_BUCKETS; i++) {
        count += t->buckets[i];
        buf_printf(b, "logmill_%s_bucket{le=\"%g\"} ", name, (double)bucket_ends_us[i] / 1e6);
        buf_add_u64(b, count);
        buf_add_char(b, '\n');
    }
    count += t->buckets[METRIC_BUCKETS];
    buf_printf(b, "logmill_%s_bucket{le=\"+Inf\"} ", name);
    buf_add_u64(b, count);
    buf_printf(b, "\nlogmill_%s_sum %.6f\nlogmill_%s_count ", name, (double)t->sum_us / 1e6, name);
    buf_add_u64(b, count);
    buf_add_char(b, '\n');
}

void metrics_write(const struct metrics *m, struct buf *b)
{
#define METRIC_HISTOGRAM(name, sentence)                                                           \
    write_head(b, #name, "histogram", sentence);                                                   \
    write_times(b, #name, &m->name);
#define METRIC(name, type, sentence)                                                               \
    write_head(b, #name, TYPE_##type, sentence);                                                   \
    write_value(b, #name, m->name);
#define METRIC_BY_LEVEL(name, type, sentence)                                                      \
    write_head(b, #name, TYPE_##type, sentence);                                                   \
    write_levels(b, #name, m->name);
#include "metrics/metrics.def"
}

static const struct {
    const char *name, *type, *sentence;
} by_process[] = {
#define METRIC_BY_PROCESS(name, type, sentence) {#name, TYPE_##type, sentence},
#include "metrics/metrics.def"
};

void metrics_process_head(struct buf *b, enum process_metric metric)
{
    write_head(b, by_process[metric].name, by_process[metric].type, by_process[metric].sentence);
}

void metrics_process_value(struct buf *b, enum process_metric metric, const char *process,
                           uint64_t value)
{
    buf_printf(b, "logmill_%s{process=\"%s\"} ", by_process[metric].name, process);
    buf_add_u64(b, value);
    buf_add_char(b, '\n');
}

void metrics_write_docs(struct buf *b)
{
    BUF_LIT(b,
            "# Metrics\n\n"
            "<!-- Printed by `logmill config docs metrics` from src/metrics/metrics.def. -->\n\n"
            "`GET /metrics` answers in the Prometheus text format. A counter starts at 0 with the\n"
            "hub and only rises; a gauge says how it is now.\n\n");
    BUF_LIT(b, "| name | type | meaning |\n| --- | --- | --- |\n");
#define METRIC(name, type, sentence)                                                               \
    buf_printf(b, "| `logmill_%s` | %s | %s |\n", #name, TYPE_##type, sentence);
#define METRIC_BY_LEVEL(name, type, sentence)                                                      \
    buf_printf(b, "| `logmill_%s{level}` | %s | %s |\n", #name, TYPE_##type, sentence);
#define METRIC_HISTOGRAM(name, sentence)                                                           \
    buf_printf(b, "| `logmill_%s` | histogram | %s |\n", #name, sentence);
#define METRIC_BY_PROCESS(name, type, sentence)                                                    \
    buf_printf(b, "| `logmill_%s{process}` | %s | %s |\n", #name, TYPE_##type, sentence);
#include "metrics/metrics.def"
}
