/* SPDX-License-Identifier: MIT
 *
 * process_metrics.c - the processes as Prometheus reads them.
 */
#include "api/processes.h"
#include "metrics/metrics.h"
#include "proc/process_json.h"

static uint64_t metric_of(const struct process *p, enum process_metric metric,
                          const struct process_usage *usage)
{
    switch (metric) {
    case METRIC_process_up:
        return p->state == PROCESS_RUNNING;
    case METRIC_process_restarts_total:
        return p->restarts;
    case METRIC_process_lines_total:
        return p->counts.lines;
    case METRIC_process_bytes_total:
        return p->counts.bytes;
    case METRIC_process_errors_total:
        return p->counts.errors;
    case METRIC_process_suppressed_total:
        return p->counts.suppressed;
    case METRIC_process_cpu_milliseconds_total:
        return usage->cpu_ms;
    default:
        return usage->rss_kb;
    }
}

static bool asks_kernel(enum process_metric metric)
{
    return metric == METRIC_process_cpu_milliseconds_total ||
           metric == METRIC_process_resident_kilobytes;
}

void processes_add_metrics(const struct supervise *supervise, struct buf *out)
{
    const struct process *p;

    for (enum process_metric metric = 0; metric < PROCESS_METRIC_COUNT; metric++) {
        metrics_process_head(out, metric);
        for (size_t i = 0; (p = supervise_at(supervise, i)); i++) {
            struct process_usage usage = {0};
            if (supervise_find(supervise, str_from(p->name)) != p)
                continue; /* another run of the name; a sample may stand there once */
            if (asks_kernel(metric))
                (void)process_usage(p->child_pid, &usage);
            metrics_process_value(out, metric, p->name, metric_of(p, metric, &usage));
        }
    }
}
