/* SPDX-License-Identifier: MIT
 *
 * supervise_children.c - the keepers that are children of this process, and the collecting of their
 * ends.
 *
 * After an upgrade that includes keepers which this program did not start. What becomes of their
 * processes their connections tell; they are only collected, so that no zombie stays.
 */
#include "proc/supervise_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

/* Outlives the supervisor until its handle is closed. */
struct children {
    uv_signal_t signal;
    struct supervise *supervise;
};

static void free_children(uv_handle_t *handle)
{
    free(handle->data);
}

static void collect(uv_signal_t *signal, int number)
{
    struct supervise *s = ((struct children *)signal->data)->supervise;
    int status;

    (void)number;
    LIST_FOR_EACH_SAFE (link, &s->handles) {
        struct keeper_handle *h = LIST_ITEM(link, struct keeper_handle, link);
        pid_t pid = waitpid(h->pid, &status, WNOHANG);
        if (pid == 0)
            continue;
        list_remove(&h->link);
        if (h->pid == s->spare.pid)
            spare_drop(&s->spare);
        if (h->process && pid > 0)
            life_on_keeper_end(s, h, status);
        free(h);
    }
}

int children_begin(struct supervise *s)
{
    struct children *c = calloc(1, sizeof *c);

    if (!c)
        return -ENOMEM;
    c->supervise = s;
    c->signal.data = c;
    s->children = c;
    uv_signal_init(&s->opts.loop->uv, &c->signal);
    uv_unref((uv_handle_t *)&c->signal);
    return uv_signal_start(&c->signal, collect, SIGCHLD);
}

void children_end(struct supervise *s)
{
    if (s->spare.pid) {
        kill(s->spare.pid, SIGKILL); /* it does nothing, and leaves no zombie to the next program */
        waitpid(s->spare.pid, NULL, 0);
        spare_drop(&s->spare);
    }
    LIST_FOR_EACH_SAFE (link, &s->handles) {
        list_remove(link);
        free(LIST_ITEM(link, struct keeper_handle, link));
    }
    if (s->children)
        uv_close((uv_handle_t *)&s->children->signal, free_children);
    s->children = NULL;
}

void children_put(struct supervise *s, struct keeper_handle *h, pid_t pid)
{
    LIST_FOR_EACH_SAFE (link, &s->handles) {
        struct keeper_handle *other = LIST_ITEM(link, struct keeper_handle, link);
        if (other->pid != pid)
            continue;
        list_remove(link);
        free(other);
    }
    h->pid = pid;
    list_push(&s->handles, &h->link);
}

/* Without memory a zombie stays until the hub ends. */
void children_adopt(struct supervise *s, pid_t pid)
{
    if (waitpid(pid, NULL, WNOHANG) != 0) /* not ours, or collected just now */
        return;
    struct keeper_handle *h = calloc(1, sizeof *h);
    if (h)
        children_put(s, h, pid);
}
