/* SPDX-License-Identifier: MIT
 *
 * feed_index.c - which feeds there are, and which of them could want a record.
 *
 * A feed is found by its key (form and filter), so that equal subscriptions share one, and by the
 * first label it demands, so that a record is only compared with feeds that may match.
 */
#include "stream/fanout_impl.h"

#include <errno.h>
#include <stdlib.h>

static int bucket_key(const struct filter *filter, struct buf *out)
{
    buf_add_str(out, filter->labels[0].name);
    buf_add_char(out, '=');
    buf_add_str(out, filter->labels[0].value);
    return buf_error(out);
}

/* A feed that demands labels is filed under the first of them; records look only there. */
static int file_feed(struct fanout *s, struct feed *f)
{
    struct feed_bucket *bucket = &s->open_feeds;
    struct buf key = {0};
    int err = 0;

    if (f->filter->label_count > 0) {
        err = bucket_key(f->filter, &key);
        bucket = err == 0 ? map_find(&s->by_label, buf_str(&key)) : NULL;
        if (err == 0 && !bucket) {
            bucket = calloc(1, sizeof *bucket);
            err = bucket ? map_put(&s->by_label, buf_str(&key), bucket) : -ENOMEM;
            if (err < 0)
                free(bucket);
            else
                list_init(&bucket->feeds);
        }
    }
    if (err == 0)
        list_push(&bucket->feeds, &f->link);
    buf_fini(&key);
    return err;
}

static void unfile_feed(struct fanout *s, struct feed *f)
{
    struct buf key = {0};

    list_remove(&f->link);
    if (f->filter->label_count == 0 || bucket_key(f->filter, &key) < 0)
        goto out;
    struct feed_bucket *bucket = map_find(&s->by_label, buf_str(&key));
    if (bucket && list_empty(&bucket->feeds)) {
        map_remove(&s->by_label, buf_str(&key));
        free(bucket);
    }
out:
    buf_fini(&key);
}

static int make_feed(struct fanout *s, struct filter *filter, const struct form *form,
                     struct str key, struct feed **ret)
{
    struct feed *f = NULL;
    int err = s->by_key.count < CANDIDATES_MAX ? feed_new(&f, filter, form, &s->pool) : -LM_E_FULL;

    if (err < 0)
        return err;
    f->key = malloc(key.n);
    f->key_n = key.n;
    if (f->key) {
        memcpy(f->key, key.p, key.n);
        f->form.name = str_of(f->key, form->name.n); /* which the key begins with */
    }
    err = f->key ? map_put(&s->by_key, key, f) : -ENOMEM;
    if (err == 0)
        err = file_feed(s, f);
    if (err < 0) {
        map_remove(&s->by_key, key);
        free(f->key);
        free(f);
        return err;
    }
    s->opts.metrics->feeds++;
    *ret = f;
    return 0;
}

int fanout_join_feed(struct fanout *s, struct filter *filter, const struct form *form,
                     struct feed **ret)
{
    struct buf key = {0};
    int err;

    buf_add_str(&key, form->name);
    buf_printf(&key, " %s %d%d %u ", form->wire->name, form->basic_levels, form->compressed,
               form->batch_ms);
    filter_add_key(filter, &key);
    err = buf_error(&key);
    if (err < 0)
        goto out;
    struct feed *f = map_find(&s->by_key, buf_str(&key));
    if (f) {
        filter_fini(filter);
        free(filter);
    } else {
        err = make_feed(s, filter, form, buf_str(&key), &f);
    }
    if (err == 0) {
        f->subs++;
        *ret = f;
    }
out:
    buf_fini(&key);
    return err;
}

void fanout_leave_feed(struct fanout *s, struct feed *f)
{
    if (--f->subs > 0) {
        feed_trim(f);
        return;
    }
    map_remove(&s->by_key, str_of(f->key, f->key_n));
    unfile_feed(s, f);
    flush_forget(s, f);
    feed_free(f);
    s->opts.metrics->feeds--;
}

/* --- which feeds want a record --- */

static void add_candidates(struct candidates *c, const struct feed_bucket *bucket,
                           const struct labels *l)
{
    LIST_FOR_EACH (link, &bucket->feeds) {
        struct candidate *next = &c->at[c->count];
        next->feed = LIST_ITEM(link, struct feed, link);
        if (list_empty(&next->feed->live))
            continue;
        filter_decide(next->feed->filter, l, &next->verdict);
        c->count += next->verdict.truth != TRUTH_NO;
    }
}

void fanout_find_candidates(const struct fanout *s, struct candidates *c, const struct labels *l)
{
    char key[LABEL_NAME_MAX + LABEL_VALUE_MAX + 1];

    c->count = 0;
    add_candidates(c, &s->open_feeds, l);
    if (s->by_label.count == 0)
        return;
    for (uint16_t i = 0; i < l->count; i++) {
        struct str name = l->pairs[i].name, value = l->pairs[i].value;
        if (!filter_is_label(name))
            continue;
        memcpy(key, name.p, name.n);
        key[name.n] = '=';
        memcpy(key + name.n + 1, value.p, value.n);
        const struct feed_bucket *b = map_find(&s->by_label, str_of(key, name.n + 1 + value.n));
        if (b)
            add_candidates(c, b, l);
    }
}
