/* SPDX-License-Identifier: MIT
 *
 * stats.c - GET /api/v1/stats: how much is stored, of whom, and what it takes on the disk.
 */
#include "api/search.h"

#include "api/tally_json.h"

#include <fts.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { TOP = 10, TOP_MAX = 1000 };

struct stats_search {
    struct search search; /* first */
    uint64_t top, shown;  /* sources */
    struct buf *list;     /* that add_one() writes to */
    struct buf sources, jobs;
    struct query_tallies source_sums, job_sums;
    uint64_t disk_bytes, bytes;
    int64_t min_us, max_us;
    bool any;
};

static struct stats_search *stats_of(struct search *s)
{
    return LIST_ITEM(s, struct stats_search, search);
}

static void stats_fini(struct search *s)
{
    buf_fini(&stats_of(s)->sources);
    buf_fini(&stats_of(s)->jobs);
}

/* What the files below path take, holes not counted. */
static uint64_t disk_bytes(const char *path)
{
    char *copy = strdup(path), *paths[] = {copy, NULL};
    FTS *walk = copy ? fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
    uint64_t sum = 0;

    for (FTSENT *e; walk && (e = fts_read(walk)) != NULL;)
        if (e->fts_info == FTS_F)
            sum += (uint64_t)e->fts_statp->st_blocks * 512;
    if (walk)
        fts_close(walk);
    free(copy);
    return sum;
}

static int add_one(const struct query_tally *t, void *ctx)
{
    struct stats_search *st = ctx;

    buf_add_str(st->list, st->list->n ? STR(",{") : STR("{"));
    tally_add_members(st->list, st->list == &st->sources ? "source" : "job_run_id", t);
    buf_printf(st->list, ",\"bytes\":%" PRIu64 "}", t->bytes);
    return buf_error(st->list);
}

/* Every record has a source, so these are all of them. */
static int add_source(const struct query_tally *t, void *ctx)
{
    struct stats_search *st = ctx;

    st->bytes += t->bytes;
    if (!st->any || t->min_time_us < st->min_us)
        st->min_us = t->min_time_us;
    if (!st->any || t->max_time_us > st->max_us)
        st->max_us = t->max_time_us;
    st->any = true;
    return st->shown++ < st->top ? add_one(t, ctx) : 0;
}

static int stats_work(struct search *s)
{
    struct stats_search *st = stats_of(s);

    st->list = &st->sources;
    s->query.bytes = true;
    int err = query_facets(&s->query, s->view, STR("source"), QUERY_TALLIES_MAX, add_source, st,
                           &st->source_sums);
    if (err < 0)
        return err;
    st->list = &st->jobs;
    st->disk_bytes = disk_bytes(s->api->settings->state_dir);
    return query_facets(&s->query, s->view, STR("job_run_id"), (uint32_t)st->top, add_one, st,
                        &st->job_sums);
}

static void stats_reply(struct search *s)
{
    struct stats_search *st = stats_of(s);

    buf_printf(&s->out, "{\"records\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"disk_bytes\":%" PRIu64,
               st->source_sums.records, st->bytes, st->disk_bytes);
    if (st->any) {
        BUF_LIT(&s->out, ",\"first\":");
        tally_add_time(&s->out, st->min_us);
        BUF_LIT(&s->out, ",\"last\":");
        tally_add_time(&s->out, st->max_us);
    }
    buf_printf(&s->out, ",\"source_count\":%" PRIu64 ",\"sources\":[", st->source_sums.distinct);
    buf_add_str(&s->out, buf_str(&st->sources));
    buf_printf(&s->out, "],\"job_run_count\":%" PRIu64 ",\"job_runs\":[", st->job_sums.distinct);
    buf_add_str(&s->out, buf_str(&st->jobs));
    BUF_LIT(&s->out, "]}\n");
    search_reply_json(s);
}

void stats_get(struct http_req *req, struct api *api)
{
    struct stats_search *st = search_new(req, api, sizeof *st);

    if (!st)
        return;
    st->search.fini = stats_fini;
    st->top = TOP;
    if (params_number(req, "limit", TOP_MAX, &st->top) && search_read_range(&st->search))
        search_start(&st->search, stats_work, stats_reply);
    else
        search_free(&st->search);
}
