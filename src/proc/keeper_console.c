/* SPDX-License-Identifier: MIT
 *
 * keeper_console.c - a terminal, a pipe, or a file, without blocking on any of them.
 *
 * O_NONBLOCK belongs to the open file, which we share with the shell and with whoever else writes
 * there. So terminals and pipes are opened a second time through /proc: that open file is ours
 * alone.
 */
#include "proc/keeper_console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_own(int fd)
{
    struct stat st;
    char path[32];

    if (fstat(fd, &st) < 0)
        return -1;
    if (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        int own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (own >= 0)
            return own;
    }
    return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

void console_open(struct console *c)
{
    *c = (struct console){.fd = {open_own(STDOUT_FILENO), open_own(STDERR_FILENO)}};
}

static void drop(struct console *c, int stream)
{
    if (c->fd[stream] >= 0)
        close(c->fd[stream]);
    c->fd[stream] = -1;
    buf_fini(&c->rest[stream]);
}

void console_close(struct console *c)
{
    drop(c, 0);
    drop(c, 1);
}

/* Returns how many bytes went; a broken console swallows them all. */
static size_t put(struct console *c, int stream, struct str bytes)
{
    size_t done = 0;

    while (done < bytes.n && c->fd[stream] >= 0) {
        ssize_t n = write(c->fd[stream], bytes.p + done, bytes.n - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno == EAGAIN)
            return done;
        else if (errno != EINTR)
            drop(c, stream);
    }
    return bytes.n;
}

void console_write(struct console *c, int stream, struct str bytes)
{
    lm_assert(!console_blocked(c));
    size_t done = put(c, stream, bytes);
    buf_add(&c->rest[stream], bytes.p + done, bytes.n - done);
}

void console_flush(struct console *c, int stream)
{
    size_t done = put(c, stream, buf_str(&c->rest[stream]));
    buf_consume(&c->rest[stream], done < c->rest[stream].n ? done : c->rest[stream].n);
}

bool console_blocked(const struct console *c)
{
    return c->rest[0].n > 0 || c->rest[1].n > 0;
}
