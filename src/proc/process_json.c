/* SPDX-License-Identifier: MIT
 *
 * process_json.c - the object, and the one file of /proc behind its last two numbers.
 */
#include "proc/process_json.h"

#include "base/clock.h"
#include "proc/runs.h"
#include "record/json.h"
#include "record/utf8.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

bool process_usage(int32_t pid, struct process_usage *ret)
{
    char path[32], text[1024];
    uint64_t user, system;
    int64_t pages;

    if (pid <= 0)
        return false;
    snprintf(path, sizeof path, "/proc/%" PRId32 "/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *rest = strrchr(text, ')'); /* the name itself may hold anything */
    /* state, ten numbers, utime, stime, six numbers, start, size, rss: proc(5) */
    if (!rest || sscanf(rest,
                        ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                        " %*d %*d %*d %*d %*d %*d %*u %*u %" SCNd64,
                        &user, &system, &pages) != 3)
        return false;
    ret->cpu_ms = (user + system) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
    ret->rss_kb = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
    return true;
}

/* Paths and what callers over the socket say need not be UTF-8. */
static void add_text(struct buf *out, const char *text)
{
    struct buf clean = {0};

    utf8_add_clean(&clean, str_from(text));
    json_add_string(out, buf_str(&clean));
    buf_fini(&clean);
}

static void add_time(struct buf *out, int64_t wall_us)
{
    char text[27];

    if (wall_us)
        json_add_string(out, str_of(text, clock_rfc3339(wall_us, text)));
    else
        BUF_LIT(out, "null");
}

/* "pid":4712, and null for what is not known. */
static void add_pid(struct buf *out, const char *name, int32_t pid)
{
    buf_printf(out, ",\"%s\":", name);
    if (pid > 0)
        buf_add_u64(out, (uint64_t)pid);
    else
        BUF_LIT(out, "null");
}

static void add_labels(struct buf *out, const struct process *p)
{
    BUF_LIT(out, ",\"labels\":{");
    for (size_t i = 0; i < p->label_count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        add_text(out, p->labels[i].name);
        buf_add_char(out, ':');
        add_text(out, p->labels[i].value);
    }
    buf_add_char(out, '}');
}

static const char *bool_text(bool value)
{
    return value ? "true" : "false";
}

static void add_exit(struct buf *out, const struct process_exit *ex)
{
    const char *name = sigabbrev_np(ex->signal);

    BUF_LIT(out, ",\"exit\":");
    if (!ex->known) {
        BUF_LIT(out, "null");
        return;
    }
    if (ex->signal == 0)
        buf_printf(out, "{\"code\":%" PRId32 ",\"signal\":null", ex->code);
    else
        buf_printf(out, "{\"code\":null,\"signal\":\"%s%.*s\"", name ? "SIG" : "", 16,
                   name ? name : "unknown");
    buf_printf(out, ",\"core\":%s,\"oom\":%s,\"ended_at\":", bool_text(ex->core),
               ex->oom == 2 ? "\"unknown\"" : bool_text(ex->oom == 1));
    add_time(out, ex->ended_us);
    buf_printf(out,
               ",\"max_rss_kb\":%" PRIu32 ",\"user_ms\":%" PRIu64 ",\"system_ms\":%" PRIu64 "}",
               ex->max_rss_kb, ex->user_us / 1000, ex->system_us / 1000);
}

static void add_metrics(struct buf *out, const struct process *p)
{
    const struct process_counts *c = &p->counts;
    struct process_usage usage = {.cpu_ms = (p->exit.user_us + p->exit.system_us) / 1000};
    bool known = process_usage(p->child_pid, &usage) || p->exit.known;

    buf_printf(out,
               ",\"metrics\":{\"lines\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"errors\":%" PRIu64
               ",\"suppressed\":%" PRIu64,
               c->lines, c->bytes, c->errors, c->suppressed);
    if (known)
        buf_printf(out, ",\"cpu_ms\":%" PRIu64 ",\"rss_kb\":%" PRIu64 "}", usage.cpu_ms,
                   usage.rss_kb);
    else
        BUF_LIT(out, ",\"cpu_ms\":null,\"rss_kb\":null}");
}

void process_add_json(struct buf *out, const struct process *p)
{
    char run[RUN_HEX];

    BUF_LIT(out, "{\"name\":");
    add_text(out, p->name);
    buf_printf(out, ",\"state\":\"%s\",\"reason\":", process_state_name(p->state));
    add_text(out, p->reason);
    add_pid(out, "pid", p->child_pid);
    add_pid(out, "keeper_pid", p->keeper_pid);
    run_to_hex(p->run, run);
    buf_printf(out, ",\"run\":\"%s\",\"started_at\":", run);
    add_time(out, p->started_us);
    buf_printf(out, ",\"restarts\":%" PRIu32 ",\"log_file\":", p->restarts);
    add_text(out, p->log_file);
    buf_printf(out, ",\"configured\":%s,\"orphan_writers\":%s", bool_text(p->configured),
               bool_text(p->orphan_writers));
    add_labels(out, p);
    add_exit(out, &p->exit);
    add_metrics(out, p);
    buf_add_char(out, '}');
}
