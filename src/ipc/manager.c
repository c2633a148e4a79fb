/* SPDX-License-Identifier: MIT
 *
 * manager.c - a manager's life, its channels, and the steps in which it works.
 *
 * Everything happens in a step: bytes of a peer, due timers, an answer given from outside. Steps
 * nest (a handler answers within the step that called it); at the end of the outermost one every
 * peer gets what was written for it in one write, and the clock is set for whatever is due next.
 */
#include "ipc/manager_impl.h"

#include "base/clock.h"
#include "ipc/cache_disk.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* --- steps --- */

void manager_enter(struct lm_manager *m)
{
    if (m->depth++ == 0)
        m->now_us = clock_mono_us();
}

void manager_leave(struct lm_manager *m)
{
    if (m->depth == 1)
        LIST_FOR_EACH_SAFE (link, &m->dirty)
            peer_flush(LIST_ITEM(link, struct peer, dirty));
    if (--m->depth == 0)
        server_alarm(m->server, list_empty(&m->ready) ? timers_next(&m->timers) : 0);
}

void manager_debug(struct lm_manager *m, const char *format, ...)
{
    char line[512];
    va_list args;

    if (!m->opts.on_debug)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    m->opts.on_debug(line, m->opts.ctx);
}

/* --- life --- */

static void set_default_u64(uint64_t *value, uint64_t otherwise)
{
    if (!*value)
        *value = otherwise;
}

static void set_default(uint32_t *value, uint32_t otherwise)
{
    if (!*value)
        *value = otherwise;
}

static void set_defaults(struct lm_manager_opts *o)
{
    set_default_u64(&o->cache_bytes, 64 << 20);
    set_default_u64(&o->cache_disk_bytes, 256 << 20);
    set_default_u64(&o->result_max, 16 << 20);
    set_default(&o->frame_max, FRAME_MAX);
    set_default(&o->clients_max, 1024);
    set_default(&o->open_calls_max, 4096);
}

static bool debugging(void)
{
    const char *value = getenv("DEBUG_IPC");
    return value && strcmp(value, "true") == 0;
}

int lm_manager_new(struct lm_manager **ret, const struct lm_manager_opts *opts)
{
    struct lm_manager *m = calloc(1, sizeof *m);

    if (!m)
        return -ENOMEM;
    if (opts)
        m->opts = *opts;
    set_defaults(&m->opts);
    list_init(&m->peers);
    list_init(&m->dirty);
    list_init(&m->ready);
    list_init(&m->round);
    list_init(&m->free_calls);
    cache_init(&m->cache, m->opts.cache_bytes);
    m->debug = debugging();
    int err = server_new(&m->server, m);
    if (err == 0 && m->opts.cache_dir)
        err = disk_open(&m->cache.disk, m->opts.cache_dir, m->opts.cache_disk_bytes);
    if (err < 0) {
        lm_manager_free(m);
        return err;
    }
    *ret = m;
    return 0;
}

static void channel_free(struct channel *c)
{
    schema_free(c->schema);
    free(c->name);
    free(c);
}

void channel_unuse(struct channel *c)
{
    if (--c->jobs == 0 && c->unregistered)
        channel_free(c);
}

static void free_jobs(struct lm_manager *m)
{
    for (uint32_t i = 0; i < m->job_count; i++) {
        struct job *j = m->jobs[i];
        buf_fini(&j->own);
        buf_fini(&j->key);
        buf_fini(&j->tags);
        free(j);
    }
    free(m->jobs);
    buf_fini(&m->free_jobs);
    LIST_FOR_EACH_SAFE (link, &m->free_calls)
        free(LIST_ITEM(link, struct call, in_peer));
}

/* Open calls get their answer while their peers still take bytes. */
static void say_goodbye(struct lm_manager *m)
{
    manager_enter(m);
    LIST_FOR_EACH (link, &m->peers) {
        struct peer *p = LIST_ITEM(link, struct peer, link);
        while (!list_empty(&p->calls))
            call_fail(LIST_ITEM(p->calls.next, struct call, in_peer), LM_DISCONNECTED,
                      STR("the server is stopping"), STR_NONE);
    }
    manager_leave(m);
}

void lm_manager_free(struct lm_manager *m)
{
    if (!m)
        return;
    if (m->server)
        say_goodbye(m);
    server_free(m->server);
    LIST_FOR_EACH_SAFE (link, &m->peers)
        lm_peer_detach(peer_public(LIST_ITEM(link, struct peer, link)));
    for (struct map_slot *s = map_next(&m->channels, NULL); s; s = map_next(&m->channels, s))
        channel_free(s->value);
    map_fini(&m->channels);
    map_fini(&m->in_flight);
    cache_fini(&m->cache);
    free_jobs(m);
    timers_fini(&m->timers);
    buf_fini(&m->key);
    buf_fini(&m->path);
    buf_fini(&m->reason);
    free(m);
}

/* --- channels --- */

static const char *reason_against(const char *channel, const struct lm_handler *h)
{
    if (!call_channel_ok(str_from(channel)))
        return "a channel is 1 to 64 characters of A-Z a-z 0-9 : . _ -";
    if ((h->call != NULL) + (h->batch != NULL) + (h->stream != NULL) != 1)
        return "set exactly one of call, batch and stream";
    if (h->stream && (!h->stream->open || !h->stream->next || !h->stream->close))
        return "a stream needs open, next and close";
    if (h->stream && h->cacheable)
        return "a stream cannot be cached";
    if (h->batch_size > BATCH_SIZE_MAX)
        return "batch_size is at most 1024";
    return NULL;
}

static char *copy_text(char **at, const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = memcpy(*at, text, n);

    *at += n;
    return copy;
}

/* Name and texts of the handler in one piece. */
static int copy_texts(struct channel *c, const char *name)
{
    struct lm_handler *h = &c->handler;
    size_t n = strlen(name) + 1 + (h->cache_tags ? strlen(h->cache_tags) + 1 : 0) +
               (h->batch_by ? strlen(h->batch_by) + 1 : 0);
    char *at = malloc(n);

    if (!at)
        return -ENOMEM;
    c->name = at;
    c->name_n = strlen(name);
    copy_text(&at, name);
    if (h->cache_tags)
        c->tags = str_from(copy_text(&at, h->cache_tags));
    if (h->batch_by)
        c->batch_by = str_from(copy_text(&at, h->batch_by));
    return 0;
}

static void channel_defaults(struct channel *c)
{
    struct lm_handler *h = &c->handler;

    set_default(&h->batch_size, 10);
    set_default(&h->batch_delay_ms, 50);
    set_default(&h->chunk_size, 1000);
    set_default(&h->cache_ttl_ms, 300000);
    set_default(&h->timeout_ms, 30000);
    set_default(&h->stream_timeout_ms, 60000);
    c->shares = !h->stream && h->sharing != LM_SHARE_NEVER &&
                (h->sharing == LM_SHARE_ALWAYS || h->cacheable || h->batch);
}

int lm_manager_register(struct lm_manager *m, const char *channel, const struct lm_handler *handler,
                        const char **ret_reason)
{
    const char *ignored, **reason = ret_reason ? ret_reason : &ignored;

    *reason = reason_against(channel, handler);
    if (*reason)
        return -EINVAL;
    if (map_find(&m->channels, str_from(channel))) {
        *reason = "this channel has a handler already";
        return -EEXIST;
    }
    struct channel *c = calloc(1, sizeof *c);
    int err = c ? 0 : -ENOMEM;
    if (err == 0) {
        c->manager = m;
        c->handler = *handler;
        list_init(&c->batches);
        channel_defaults(c);
        err = copy_texts(c, channel);
    }
    if (err == 0 && handler->schema)
        err = schema_new(&c->schema, str_from(handler->schema), reason);
    if (err == 0)
        err = map_put(&m->channels, str_from(channel), c);
    if (err < 0) {
        if (c)
            channel_free(c);
        *reason = *reason ? *reason : "no memory";
        return err == -LM_E_INVALID ? -EINVAL : err;
    }
    c->index = m->channel_count++;
    return 0;
}

int lm_manager_unregister(struct lm_manager *m, const char *channel)
{
    struct channel *c = map_remove(&m->channels, str_from(channel));

    if (!c)
        return -ENOENT;
    c->unregistered = true;
    if (c->jobs == 0)
        channel_free(c);
    return 0;
}
