/* SPDX-License-Identifier: MIT
 *
 * spare.c - the hub's side of a keeper in reserve. The keeper's is keeper_spare.c.
 */
#include "proc/spare.h"

#include "base/buf.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int spare_start(struct spare *s, char *runs_dir)
{
    char word[] = "--spare", *argv[4] = {NULL, word, runs_dir, NULL};
    struct spawn_program program = {.argv = argv, .env = environ, .input = -1};
    struct arena arena = {0};
    struct errinfo info;
    int pair[2] = {-1, -1};

    if (s->pid)
        return 0;
    int rc = spawn_find_keeper(&arena, &argv[0], &info);
    if (rc < 0)
        goto out;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        rc = -errno;
        goto out;
    }
    program.input = pair[1];
    rc = spawn_execute(&program, &s->pid);
    if (rc == 0)
        s->to = pair[0];
    else
        close(pair[0]);
    close(pair[1]);
out:
    arena_fini(&arena);
    return rc;
}

void spare_drop(struct spare *s)
{
    if (s->pid)
        close(s->to);
    s->pid = 0;
}

static void add_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text) + 1);
}

static int write_message(const struct spawn_program *p, struct buf *out)
{
    uint64_t n = 0;
    size_t words = 0;

    while (p->argv[words])
        words++;
    buf_add(out, &n, sizeof n);
    add_text(out, p->directory ? p->directory : "");
    buf_printf(out, "%zu", words);
    buf_add(out, "", 1);
    for (char **at = p->argv; *at; at++)
        add_text(out, *at);
    for (char **at = p->env; *at; at++)
        add_text(out, *at);
    int rc = buf_error(out);
    if (rc < 0)
        return rc;
    n = out->n - sizeof n;
    memcpy(out->p, &n, sizeof n);
    return out->n <= SPARE_MESSAGE_MAX ? 0 : -E2BIG;
}

bool spare_use(struct spare *s, const struct spawn_program *p, pid_t *ret_pid)
{
    struct buf message = {0};

    if (!s->pid || (p->directory && access(p->directory, X_OK) < 0))
        return false;
    bool fits = write_message(p, &message) == 0;
    bool sent = fits && send(s->to, message.p, message.n, MSG_DONTWAIT | MSG_NOSIGNAL) ==
                            (ssize_t)message.n;
    buf_fini(&message);
    if (!fits) /* it stays for another one */
        return false;
    *ret_pid = s->pid;
    spare_drop(s); /* half a message means nothing to it: it ends */
    return sent;
}
