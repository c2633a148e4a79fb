/* SPDX-License-Identifier: MIT
 *
 * fan_report.c - what was measured, as one line of JSON.
 *
 * secs, msgs, mb_s (of messages), wire_mb_s, frames, reads, lat_us, srv.cpu_s, cli and sys are of
 * the window. rx_…, missing_max (what the slowest client has less than the quickest), gaps (numbers
 * that were skipped) and reorder count from the beginning to the end.
 *
 * Threads: one. Owns: nothing.
 */
#include "fanload.h"

#include <inttypes.h>
#include <stdio.h>

static void report_messages(const struct load *l, double secs)
{
    const struct counts *n = &l->counts;

    printf("\"secs\":%.3f,\"msgs\":%" PRIu64 ",\"msgs_s\":%.0f,\"mb_s\":%.2f,\"wire_mb_s\":%.2f,"
           "\"frames\":%" PRIu64 ",\"reads\":%" PRIu64,
           secs, n->messages, (double)n->messages / secs, (double)n->bytes / secs / 1e6,
           (double)n->wire_bytes / secs / 1e6, n->frames, n->reads);
}

static void report_lag(const struct histogram *h)
{
    printf(",\"lat_us\":{\"n\":%" PRIu64 ",\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,"
           "\"max\":%.1f,\"mean\":%.1f}",
           h->n, histogram_at(h, .5) / 1e3, histogram_at(h, .9) / 1e3, histogram_at(h, .99) / 1e3,
           histogram_at(h, .999) / 1e3, (double)h->max / 1e3,
           h->n ? h->sum / (double)h->n / 1e3 : 0);
}

static void report_clients(const struct load *l)
{
    uint64_t least = UINT64_MAX, most = 0, total = 0;

    for (int i = 0; i < l->opts.clients; i++) {
        uint64_t n = l->clients[i].received;
        total += n;
        most = n > most ? n : most;
        if (l->clients[i].step == READY && n < least)
            least = n;
    }
    if (least == UINT64_MAX)
        least = most;
    printf(",\"rx_min\":%" PRIu64 ",\"rx_max\":%" PRIu64 ",\"rx_total\":%" PRIu64
           ",\"missing_max\":%" PRIu64 ",\"gaps\":%" PRIu64 ",\"reorder\":%" PRIu64,
           least, most, total, most - least, l->counts.gaps, l->counts.reordered);
}

static void report_server(const struct load *l, double secs, const struct usage *at_end)
{
    double user_s = l->end.server.user_s - l->begin.server.user_s;
    double system_s = l->end.server.system_s - l->begin.server.system_s;
    double cpu_s = user_s + system_s, million = (double)l->counts.messages / 1e6;

    printf(",\"srv\":{\"cpu_s\":%.2f,\"cpu_util\":%.3f,\"us_per_msg\":%.4f,\"user_s\":%.2f,"
           "\"sys_s\":%.2f,\"rss_kb_start\":%" PRIu64 ",\"rss_kb_conn\":%" PRIu64
           ",\"rss_kb_peak\":%" PRIu64 ",\"rss_kb_end\":%" PRIu64 ",\"kb_per_conn\":%.2f}",
           cpu_s, cpu_s / secs, million > 0 ? cpu_s / million : 0, user_s, system_s,
           l->before.rss_kb, l->connected.rss_kb, l->rss_peak_kb, at_end->rss_kb,
           ((double)l->connected.rss_kb - (double)l->before.rss_kb) / l->opts.clients);
}

void report(const struct load *l, const struct usage *at_end)
{
    double secs = (double)(l->end.mono_ns - l->begin.mono_ns) / 1e9;

    if (secs <= 0)
        secs = 1e-9;
    printf("{\"mode\":\"%s\",\"clients\":%d,\"connected\":%d,\"failed\":%d,\"closed\":%d,"
           "\"end\":\"%s\",",
           l->opts.mode_name, l->opts.clients, l->ready, l->failed, l->closed, l->why);
    report_messages(l, secs);
    report_lag(&l->lag_ns);
    report_clients(l);
    if (l->opts.pid_count)
        report_server(l, secs, at_end);
    printf(",\"cli\":{\"cpu_s\":%.2f},\"sys\":{\"busy_s\":%.2f,\"softirq_s\":%.2f}}\n",
           l->end.own_cpu_s - l->begin.own_cpu_s, l->end.busy_s - l->begin.busy_s,
           l->end.softirq_s - l->begin.softirq_s);
}
