/* SPDX-License-Identifier: MIT
 *
 * grant.c - a reference-counted answer to "who is asking".
 */
#include "net/grant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { REVOKED_LINGER_MS = 200 };

/* One connection that asked with a grant. */
struct holder {
    struct conn_watch watch;
    struct list link; /* in the grant */
    struct grant *grant;
    struct conn *conn;
};

static size_t text_size(const struct conf_label *labels, size_t n)
{
    size_t size = 1;

    for (size_t i = 0; i < n; i++)
        size += strlen(labels[i].name) + strlen(labels[i].value);
    return size;
}

static struct str put(char **at, const char *text)
{
    struct str s = str_of(*at, strlen(text));

    memcpy(*at, text, s.n);
    *at += s.n;
    return s;
}

int grant_new(struct grant **ret, enum grant_kind kind, enum scope scope, const char *name,
              const struct conf_label *labels, size_t label_count)
{
    struct grant *g = calloc(1, sizeof *g);
    char *at;

    lm_assert(label_count <= TOKEN_LABELS_MAX);
    if (g)
        g->texts = malloc(text_size(labels, label_count));
    if (!g || !g->texts) {
        free(g);
        return -ENOMEM;
    }
    g->refs = 1;
    list_init(&g->holders);
    g->kind = kind;
    g->scope = scope;
    snprintf(g->name, sizeof g->name, "%s", name);
    at = g->texts;
    for (size_t i = 0; i < label_count; i++)
        g->labels[g->label_count++] =
            (struct label){put(&at, labels[i].name), put(&at, labels[i].value)};
    *ret = g;
    return 0;
}

struct grant *grant_ref(struct grant *g)
{
    g->refs++;
    return g;
}

void grant_unref(struct grant *g)
{
    if (!g || --g->refs > 0)
        return;
    free(g->texts);
    free(g);
}

static void on_holder_gone(struct conn_watch *watch)
{
    struct holder *h = LIST_ITEM(watch, struct holder, watch);

    list_remove(&h->link);
    grant_unref(h->grant);
    free(h);
}

static bool is_held_by(const struct grant *g, const struct conn *c)
{
    LIST_FOR_EACH (link, &c->watches) {
        struct conn_watch *watch = LIST_ITEM(link, struct conn_watch, link);
        if (watch->gone == on_holder_gone && LIST_ITEM(watch, struct holder, watch)->grant == g)
            return true;
    }
    return false;
}

void grant_hold(struct grant *g, struct conn *c)
{
    struct holder *h;

    if (is_held_by(g, c))
        return;
    h = malloc(sizeof *h);
    if (!h) {
        conn_close(c, 0);
        return;
    }
    *h = (struct holder){.watch.gone = on_holder_gone, .grant = grant_ref(g), .conn = c};
    conn_watch(c, &h->watch);
    list_push(&g->holders, &h->link);
}

void grant_revoke(struct grant *g)
{
    g->revoked = true;
    LIST_FOR_EACH (link, &g->holders)
        conn_close(LIST_ITEM(link, struct holder, link)->conn, REVOKED_LINGER_MS);
}

int grant_limit(const struct grant *g, struct filter *f, struct errinfo *info)
{
    int err = 0;

    for (uint32_t i = 0; g && i < g->label_count && err == 0; i++)
        err = filter_demand(f, g->labels[i].name, g->labels[i].value, info);
    return err;
}

void grant_describe(const struct grant *g, char out[96])
{
    static const char *const kinds[] = {
        [GRANT_NOBODY] = "nobody", [GRANT_LOOPBACK] = "loopback", [GRANT_OWNER] = "owner"};

    if (g && g->kind == GRANT_TOKEN)
        snprintf(out, 96, "token %s", g->name);
    else
        snprintf(out, 96, "%s", kinds[g ? g->kind : GRANT_NOBODY]);
}
