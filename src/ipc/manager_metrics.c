/* SPDX-License-Identifier: MIT
 *
 * manager_metrics.c - the figures, under the names they are known by, and the cache by hand.
 */
#include "ipc/manager_impl.h"

#include "base/clock.h"
#include "ipc/normal.h"
#include "record/json.h"

#include <inttypes.h>
#include <stdlib.h>

static double ratio(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static double mean_ms(uint64_t us, uint64_t n)
{
    return ratio(us, n) / 1000;
}

static void add_totals(struct buf *out, const struct totals *t)
{
    buf_printf(out,
               "\"totalRequests\":%" PRIu64 ",\"totalResponses\":%" PRIu64
               ",\"totalErrors\":%" PRIu64 ",\"averageResponseTime\":%.3f,\"cacheHitRate\":%.4f,"
               "\"batchedRequests\":%" PRIu64 ",\"streamedRequests\":%" PRIu64
               ",\"sharedRequests\":%" PRIu64,
               t->requests, t->responses, t->errors, mean_ms(t->response_us, t->responses),
               ratio(t->hits, t->hits + t->misses), t->batched, t->streamed, t->shared);
}

static void add_slowest(struct buf *out, const struct channel *c)
{
    char stamp[27];

    BUF_LIT(out, ",\"slowest\":[");
    for (int i = 0; i < SLOWEST && c->slowest[i].us; i++) {
        size_t n = clock_rfc3339(c->slowest[i].wall_us, stamp);
        buf_printf(out, "%s{\"ms\":%.3f,\"requestId\":\"%" PRIu64 "\",\"timestamp\":\"%.*s\"}",
                   i ? "," : "", (double)c->slowest[i].us / 1000, c->slowest[i].request, (int)n,
                   stamp);
    }
    BUF_LIT(out, "]");
}

/* Only buckets that hold something: [largest ms of the bucket, calls]. */
static void add_latency(struct buf *out, const struct histogram *h)
{
    const char *before = "";

    buf_printf(out, ",\"latency\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"histogram\":[",
               (double)histogram_quantile(h, 0.5) / 1000, (double)histogram_quantile(h, 0.9) / 1000,
               (double)histogram_quantile(h, 0.99) / 1000);
    for (uint32_t b = 0; b < HISTOGRAM_BUCKETS; b++)
        if (h->buckets[b]) {
            buf_printf(out, "%s[%.3f,%" PRIu64 "]", before, (double)histogram_limit_us(b) / 1000,
                       h->buckets[b]);
            before = ",";
        }
    BUF_LIT(out, "]}");
}

static void add_channels(struct buf *out, const struct lm_manager *m)
{
    char before = '{';

    for (struct map_slot *s = map_next(&m->channels, NULL); s; s = map_next(&m->channels, s)) {
        const struct channel *c = s->value;
        buf_add_char(out, before);
        before = ',';
        json_add_string(out, str_of(c->name, c->name_n));
        BUF_LIT(out, ":{");
        add_totals(out, &c->totals);
        add_latency(out, &c->latency);
        add_slowest(out, c);
        BUF_LIT(out, "}");
    }
    if (before == '{')
        BUF_LIT(out, "{");
    BUF_LIT(out, "}");
}

char *lm_manager_metrics(struct lm_manager *m)
{
    struct buf out = {0};
    const struct batch_totals *b = &m->batches;
    const struct stream_totals *s = &m->streams;

    BUF_LIT(&out, "{\"manager\":{");
    add_totals(&out, &m->totals);
    buf_printf(&out,
               ",\"clients\":%u,\"cacheBytes\":%" PRIu64 ",\"cacheEntries\":%zu,"
               "\"cacheEvictions\":%" PRIu64 ",\"cacheDiskHits\":%" PRIu64 "}",
               m->peer_count, m->cache.bytes, m->cache.by_key.count, m->cache.evictions,
               m->cache.disk_hits);
    buf_printf(&out,
               ",\"batches\":{\"totalBatches\":%" PRIu64 ",\"totalRequests\":%" PRIu64
               ",\"averageBatchSize\":%.2f,\"averageProcessingTime\":%.3f,"
               "\"failedBatches\":%" PRIu64 "}",
               b->batches, b->requests, ratio(b->requests, b->batches),
               mean_ms(b->processing_us, b->batches), b->failed);
    buf_printf(&out,
               ",\"streams\":{\"totalStreams\":%" PRIu64 ",\"totalChunks\":%" PRIu64
               ",\"totalBytes\":%" PRIu64 ",\"averageChunkSize\":%.1f,"
               "\"averageStreamTime\":%.3f,\"failedStreams\":%" PRIu64 "}",
               s->streams, s->chunks, s->bytes, ratio(s->bytes, s->chunks),
               mean_ms(s->stream_us, s->streams), s->failed);
    BUF_LIT(&out, ",\"channels\":");
    add_channels(&out, m);
    buf_add(&out, "}", 2); /* and the terminator */
    if (out.failed) {
        buf_fini(&out);
        return NULL;
    }
    return out.p;
}

uint32_t lm_manager_invalidate(struct lm_manager *m, const char *channel, struct lm_str args)
{
    struct buf key = {0};
    uint32_t n = 0;

    if (args.n && !json_valid(str_in(args)))
        return 0;
    buf_add_str(&key, str_from(channel));
    buf_add_char(&key, ' ');
    normal_add(&key, str_in(args));
    if (!key.failed) {
        n = cache_drop(&m->cache, buf_str(&key));
        buf_add_char(&key, '\n'); /* the same of every caller */
        if (!key.failed)
            n += cache_drop_prefix(&m->cache, buf_str(&key));
    }
    buf_fini(&key);
    return n;
}

uint32_t lm_manager_invalidate_prefix(struct lm_manager *m, struct lm_str prefix)
{
    return cache_drop_prefix(&m->cache, str_in(prefix));
}

uint32_t lm_manager_invalidate_tag(struct lm_manager *m, const char *tag)
{
    return cache_drop_tag(&m->cache, str_from(tag));
}
