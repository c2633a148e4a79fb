/* SPDX-License-Identifier: MIT
 *
 * upgrade.c - the check in a process of its own, and execve.
 */
#include "proc/upgrade.h"

#include "base/buf.h"
#include "proc/self.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_MAX = 300 };

static const char variable[] = "_LOGMILL_HAND_OVER";

/* ---- the check ---- */

struct check {
    uv_process_t process;
    uv_pipe_t said;
    char text[SAID_MAX];
    size_t text_n;
    bool ended, closed; /* both must have come */
    bool fine;
    int open;
    void (*done)(void *ctx, const char *why);
    void *ctx;
};

static void free_check(uv_handle_t *handle)
{
    struct check *c = handle->data;

    if (--c->open == 0)
        free(c);
}

static void finish_check(struct check *c)
{
    if (!c->ended || !c->closed)
        return;
    c->text[strcspn(c->text, "\n")] = '\0';
    c->done(c->ctx, c->fine ? NULL : c->text[0] ? c->text : "it ended without a word");
    uv_close((uv_handle_t *)&c->process, free_check);
    uv_close((uv_handle_t *)&c->said, free_check);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    static char unwanted[4096];
    struct check *c = handle->data;
    size_t left = SAID_MAX - 1 - c->text_n;

    (void)suggested;
    *ret = left ? uv_buf_init(c->text + c->text_n, (unsigned)left)
                : uv_buf_init(unwanted, sizeof unwanted);
}

static void on_said(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct check *c = stream->data;

    if (n < 0) {
        uv_read_stop(stream);
        c->closed = true;
        finish_check(c);
    } else if (buf->base == c->text + c->text_n) {
        c->text_n += (size_t)n;
    }
}

static void on_ended(uv_process_t *process, int64_t status, int signal)
{
    struct check *c = process->data;

    c->ended = true;
    c->fine = status == 0 && signal == 0;
    finish_check(c);
}

/* `logmill serve --x` becomes `logmill config check --x`. */
static char **check_command(struct arena *arena)
{
    static char config[] = "config", check[] = "check";
    int argc;
    char **own = self_argv(arena, &argc);
    char **argv = own ? arena_alloc(arena, ((size_t)argc + 3) * sizeof *argv) : NULL;

    if (!argv || argc < 1)
        return NULL;
    argv[0] = own[0];
    argv[1] = config;
    argv[2] = check;
    int skip = argc > 1 ? 2 : 1; /* the name of the subcommand */
    memcpy(argv + 3, own + skip, ((size_t)(argc - skip) + 1) * sizeof *argv);
    return argv;
}

int upgrade_check(struct loop *loop, void (*done)(void *ctx, const char *why), void *ctx,
                  struct errinfo *info)
{
    struct arena arena = {0};
    struct check *c = calloc(1, sizeof *c);
    uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE}};
    uv_process_options_t options = {.exit_cb = on_ended, .stdio_count = 3, .stdio = stdio};
    int rc = -ENOMEM;

    options.file = self_path(&arena);
    options.args = check_command(&arena);
    if (!c || !options.file || !options.args)
        goto out;
    c->done = done;
    c->ctx = ctx;
    c->open = 2;
    c->process.data = c->said.data = c;
    uv_pipe_init(&loop->uv, &c->said, 0);
    stdio[2].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
    stdio[2].data.stream = (uv_stream_t *)&c->said;
    rc = uv_spawn(&loop->uv, &c->process, &options);
    if (rc == 0) {
        uv_read_start((uv_stream_t *)&c->said, give_room, on_said);
    } else {
        uv_close((uv_handle_t *)&c->process, free_check);
        uv_close((uv_handle_t *)&c->said, free_check);
    }
    c = NULL;
out:
    if (rc < 0)
        err_set(info, rc, "%s cannot be run: %s", options.file ? options.file : "this program",
                err_text(rc));
    free(c);
    arena_fini(&arena);
    return rc;
}

/* ---- the change ---- */

static void keep_open(int fd)
{
    if (fd >= 0)
        fcntl(fd, F_SETFD, 0);
}

int upgrade_exec(const struct hand_over *what)
{
    struct arena arena = {0};
    struct buf text = {0};
    int argc, rc = -ENOMEM;
    char *path = self_path(&arena), **argv = self_argv(&arena, &argc);

    buf_printf(&text, "%d %d %d %" PRIu64 "%s", what->lock, what->local, what->tcp, what->nofile,
               what->at_rest ? what->at_rest : "");
    buf_add_char(&text, '\0');
    if (!path || !argv || buf_error(&text) < 0 || setenv(variable, text.p, 1) < 0)
        goto out;
    keep_open(what->lock);
    keep_open(what->local);
    keep_open(what->tcp);
    execv(path, argv);
    rc = -errno;
out:
    buf_fini(&text);
    arena_fini(&arena);
    return rc;
}

static int take(int fd)
{
    return fd > 2 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1;
}

void upgrade_take_over(struct hand_over *ret)
{
    const char *text = getenv(variable);
    struct hand_over got;
    int n = 0;

    *ret = (struct hand_over){.lock = -1, .local = -1, .tcp = -1};
    if (!text)
        return;
    if (sscanf(text, "%d %d %d %" SCNu64 "%n", &got.lock, &got.local, &got.tcp, &got.nofile, &n) ==
        4)
        *ret = (struct hand_over){take(got.lock), take(got.local), take(got.tcp), got.nofile,
                                  strdup(text + n)};
    unsetenv(variable);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}
