/* SPDX-License-Identifier: MIT
 *
 * probe.c - a connection or a command, and a timer beside it; whatever comes first ends both.
 */
#include "proc/probe.h"

#include "base/buf.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MAX = 64, STATUS_AT = 9 /* "HTTP/1.1 200" */ };

struct probe {
    struct probe_opts opts;
    uv_timer_t timer;
    union {
        uv_tcp_t tcp;
        uv_process_t process;
    } uv;
    bool has_handle; /* uv is a handle that must be closed */
    uv_connect_t connect;
    uv_write_t write;
    struct buf request;
    char answer[ANSWER_MAX];
    size_t answer_n;
    char why[120];
    bool over;
    int open; /* handles that are not closed yet */
};

static void on_closed(uv_handle_t *handle)
{
    struct probe *p = handle->data;

    if (--p->open > 0)
        return;
    buf_fini(&p->request);
    free(p);
}

static void close_all(struct probe *p)
{
    bool runs = p->has_handle && p->opts.check->kind == CHECK_COMMAND;

    p->over = true;
    if (runs && uv_is_active((uv_handle_t *)&p->uv.process))
        kill(-p->uv.process.pid, SIGKILL);
    if (p->has_handle)
        uv_close((uv_handle_t *)&p->uv, on_closed);
    uv_close((uv_handle_t *)&p->timer, on_closed);
}

/* why: NULL for yes, else a text that is copied. */
static void answer(struct probe *p, const char *why)
{
    if (p->over)
        return;
    close_all(p);
    if (why && why != p->why)
        snprintf(p->why, sizeof p->why, "%s", why);
    p->opts.done(p->opts.ctx, why ? p->why : NULL);
}

static void on_timeout(uv_timer_t *timer)
{
    struct probe *p = timer->data;

    if (!p->why[0])
        snprintf(p->why, sizeof p->why, "no answer within %u ms", p->opts.timeout_ms);
    answer(p, p->why);
}

/* An answer that is known before probe_start() has returned. */
static void answer_soon(struct probe *p, const char *why)
{
    snprintf(p->why, sizeof p->why, "%s", why);
    uv_timer_start(&p->timer, on_timeout, 0, 0);
}

/* ---- command ---- */

static void on_command_end(uv_process_t *process, int64_t status, int signal)
{
    struct probe *p = process->data;

    if (signal)
        snprintf(p->why, sizeof p->why, "%s was ended by signal %d", p->opts.check->argv[0],
                 signal);
    else
        snprintf(p->why, sizeof p->why, "%s ended with code %d", p->opts.check->argv[0],
                 (int)status);
    answer(p, status == 0 && signal == 0 ? NULL : p->why);
}

static void ask_command(struct probe *p)
{
    union {
        char *const *from;
        char **to;
    } env = {.from = p->opts.env};
    uv_process_options_t options = {
        .exit_cb = on_command_end,
        .file = p->opts.check->argv[0],
        .args = p->opts.check->argv,
        .env = env.to,
        .cwd = p->opts.directory,
        .flags = UV_PROCESS_DETACHED,
    };
    int rc = uv_spawn(&p->opts.loop->uv, &p->uv.process, &options);

    p->uv.process.data = p;
    p->has_handle = true;
    p->open++;
    if (rc < 0) {
        char why[100];
        snprintf(why, sizeof why, "%.60s cannot be run: %s", options.file, err_text(rc));
        answer_soon(p, why);
    }
}

/* ---- connection ---- */

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct probe *p = handle->data;

    (void)suggested;
    *ret = uv_buf_init(p->answer + p->answer_n, (unsigned)(ANSWER_MAX - p->answer_n));
}

static void judge(struct probe *p)
{
    int status = strncmp(p->answer, "HTTP/1.", 7) == 0 ? atoi(p->answer + STATUS_AT) : 0;

    if (status == 0)
        snprintf(p->why, sizeof p->why, "its answer is no HTTP");
    else
        snprintf(p->why, sizeof p->why, "it answered %d", status);
    answer(p, status >= 200 && status < 400 ? NULL : p->why);
}

static void on_answer(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct probe *p = stream->data;

    (void)buf;
    if (p->over || n == 0)
        return;
    if (n < 0) {
        answer(p, n == UV_EOF ? "it closed the connection" : err_text((int)n));
        return;
    }
    p->answer_n += (size_t)n;
    p->answer[p->answer_n < ANSWER_MAX ? p->answer_n : ANSWER_MAX - 1] = '\0';
    if (p->answer_n >= STATUS_AT + 3)
        judge(p);
}

static void on_written(uv_write_t *write, int status)
{
    struct probe *p = write->data;

    if (status < 0)
        answer(p, err_text(status));
}

static void send_request(struct probe *p)
{
    const struct process_check *c = p->opts.check;
    bool v6 = strchr(c->host, ':') != NULL;

    buf_printf(&p->request,
               "GET %s HTTP/1.0\r\nHost: %s%s%s:%u\r\nUser-Agent: logmill/" LOGMILL_VERSION
               "\r\nConnection: close\r\n\r\n",
               c->text, v6 ? "[" : "", c->host, v6 ? "]" : "", c->port);
    if (buf_error(&p->request) < 0) {
        answer(p, err_text(-ENOMEM));
        return;
    }
    uv_buf_t bytes = uv_buf_init(p->request.p, (unsigned)p->request.n);
    p->write.data = p;
    int rc = uv_write(&p->write, (uv_stream_t *)&p->uv.tcp, &bytes, 1, on_written);
    if (rc == 0)
        rc = uv_read_start((uv_stream_t *)&p->uv.tcp, give_room, on_answer);
    if (rc < 0)
        answer(p, err_text(rc));
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct probe *p = connect->data;

    if (p->over)
        return;
    if (status < 0)
        answer(p, err_text(status));
    else if (p->opts.check->kind == CHECK_HTTP)
        send_request(p);
    else
        answer(p, NULL);
}

static void ask_address(struct probe *p)
{
    const struct process_check *c = p->opts.check;
    struct sockaddr_storage addr = {0};
    int rc = strchr(c->host, ':') ? uv_ip6_addr(c->host, c->port, (struct sockaddr_in6 *)&addr)
                                  : uv_ip4_addr(c->host, c->port, (struct sockaddr_in *)&addr);

    uv_tcp_init(&p->opts.loop->uv, &p->uv.tcp);
    p->uv.tcp.data = p;
    p->has_handle = true;
    p->open++;
    p->connect.data = p;
    if (rc == 0)
        rc = uv_tcp_connect(&p->connect, &p->uv.tcp, (struct sockaddr *)&addr, on_connected);
    if (rc < 0)
        answer_soon(p, err_text(rc));
}

/* ---- both ---- */

int probe_start(struct probe **ret, const struct probe_opts *opts)
{
    struct probe *p = calloc(1, sizeof *p);

    if (!p)
        return -ENOMEM;
    p->opts = *opts;
    uv_timer_init(&opts->loop->uv, &p->timer);
    p->timer.data = p;
    p->open = 1;
    uv_update_time(&opts->loop->uv);
    uv_timer_start(&p->timer, on_timeout, opts->timeout_ms, 0);
    if (opts->check->kind == CHECK_COMMAND)
        ask_command(p);
    else
        ask_address(p);
    *ret = p;
    return 0;
}

void probe_cancel(struct probe *p)
{
    if (p && !p->over)
        close_all(p);
}
