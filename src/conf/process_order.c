/* SPDX-License-Identifier: MIT
 *
 * process_order.c - a walk along the dependencies that knows which way it came.
 */
#include "conf/process_order.h"

#include "base/buf.h"
#include "base/map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_SHOWN_MAX = 12 };

enum mark { UNSEEN, ON_THE_WAY, FINE };

struct step {
    size_t process;
    size_t next; /* which of its dependencies comes next */
};

struct walk {
    const struct process_conf *processes;
    size_t n;
    struct map by_name; /* name -> &processes[i] */
    unsigned char *marks;
    struct step *way;
    size_t depth;
    struct errinfo *info;
};

static int refuse_unknown(struct walk *w, const struct process_conf *p, const char *name)
{
    const char **names = calloc(w->n, sizeof *names);

    for (size_t i = 0; names && i < w->n; i++)
        names[i] = w->processes[i].name;
    const char *nearest = names ? err_nearest(name, names, w->n) : NULL;
    int rc =
        err_set(w->info, -LM_E_INVALID, "process '%s' depends on '%.64s', which is not there%s%s%s",
                p->name, name, nearest ? ": did you mean '" : "", nearest ? nearest : "",
                nearest ? "'?" : "");
    free(names);
    return rc;
}

/* The way from `to` back to `to`. */
static int refuse_circle(struct walk *w, size_t to)
{
    char text[240];
    size_t from = 0, n = 0, shown = 0;

    while (w->way[from].process != to)
        from++;
    for (size_t i = from; i < w->depth && n < sizeof text - 1 && shown < PATH_SHOWN_MAX;
         i++, shown++) {
        size_t next = i + 1 < w->depth ? w->way[i + 1].process : to;
        int more = snprintf(text + n, sizeof text - n, "%s%s needs %s", shown ? ", " : "",
                            w->processes[w->way[i].process].name, w->processes[next].name);
        n += more > 0 ? (size_t)more : 0;
    }
    return err_set(w->info, -LM_E_INVALID,
                   "processes wait for each other in a circle, so none could start: %s", text);
}

static int enter(struct walk *w, size_t i)
{
    if (w->marks[i] == ON_THE_WAY)
        return refuse_circle(w, i);
    if (w->marks[i] == UNSEEN) {
        w->marks[i] = ON_THE_WAY;
        w->way[w->depth++] = (struct step){.process = i};
    }
    return 0;
}

/* One step further, or back. */
static int go_on(struct walk *w)
{
    struct step *at = &w->way[w->depth - 1];
    const struct process_conf *p = &w->processes[at->process];
    const char *name = p->depends_on ? p->depends_on[at->next] : NULL;

    if (!name) {
        w->marks[at->process] = FINE;
        w->depth--;
        return 0;
    }
    at->next++;
    const struct process_conf *needed = map_find(&w->by_name, str_from(name));
    return needed ? enter(w, (size_t)(needed - w->processes)) : refuse_unknown(w, p, name);
}

int process_order_check(const struct process_conf *processes, size_t n, struct errinfo *info)
{
    struct walk w = {.processes = processes,
                     .n = n,
                     .marks = calloc(n + 1, 1),
                     .way = calloc(n + 1, sizeof *w.way),
                     .info = info};
    int rc = w.marks && w.way ? 0 : -ENOMEM;

    for (size_t i = 0; i < n && rc == 0; i++) {
        union {
            const struct process_conf *from;
            void *to;
        } p = {.from = &processes[i]};
        rc = map_put(&w.by_name, str_from(processes[i].name), p.to);
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = enter(&w, i);
        while (rc == 0 && w.depth > 0)
            rc = go_on(&w);
    }
    if (rc == -ENOMEM)
        err_set(info, rc, "no memory for the configuration");
    map_fini(&w.by_name);
    free(w.marks);
    free(w.way);
    return rc;
}
