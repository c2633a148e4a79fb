/* SPDX-License-Identifier: MIT
 *
 * grant.c - a reference-counted answer to "who is asking".
 */
#include "net/grant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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
