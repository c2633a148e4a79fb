/* SPDX-License-Identifier: MIT
 *
 * supervise_adopt.c - what earlier hubs left: keepers that live, and files of processes that are gone.
 *
 * After an upgrade the keepers are children of this process, though this program did not start them.
 * libuv does not know them; their ends are collected here, so that no zombie stays.
 */
#include "base/diag.h"
#include "proc/supervise_private.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { FILES_SHOWN_MAX = 200 };

/* ---- children of the program before this one ---- */

struct adopted {
    uv_signal_t signal;
    size_t count, cap;
    pid_t *pids;
};

static void free_adopted(uv_handle_t *handle)
{
    struct adopted *a = handle->data;

    free(a->pids);
    free(a);
}

static void collect(uv_signal_t *signal, int number)
{
    struct adopted *a = signal->data;

    (void)number;
    for (size_t i = 0; i < a->count;)
        if (waitpid(a->pids[i], NULL, WNOHANG) != 0)
            a->pids[i] = a->pids[--a->count];
        else
            i++;
}

static struct adopted *new_adopted(struct supervise *s)
{
    struct adopted *a = calloc(1, sizeof *a);

    if (!a)
        return NULL;
    uv_signal_init(&s->opts.loop->uv, &a->signal);
    a->signal.data = a;
    uv_signal_start(&a->signal, collect, SIGCHLD);
    uv_unref((uv_handle_t *)&a->signal);
    return a;
}

/* Without memory a zombie stays until the hub ends. */
static void remember_child(struct supervise *s, pid_t pid)
{
    if (waitpid(pid, NULL, WNOHANG) != 0) /* not ours, or collected just now */
        return;
    if (!s->adopted && !(s->adopted = new_adopted(s)))
        return;
    struct adopted *a = s->adopted;
    if (a->count == a->cap) {
        size_t cap = a->cap ? 2 * a->cap : 16;
        pid_t *more = realloc(a->pids, cap * sizeof *more);
        if (!more)
            return;
        a->pids = more;
        a->cap = cap;
    }
    a->pids[a->count++] = pid;
}

void adopt_end(struct supervise *s)
{
    if (s->adopted)
        uv_close((uv_handle_t *)&s->adopted->signal, free_adopted);
    s->adopted = NULL;
}

/* ---- runs/ ---- */

/* The configured process of this name, or a new entry: a job, or a process no longer configured. */
static struct process *entry_of(struct supervise *s, const struct run_file *file)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->processes[i]->name, file->name) == 0 && !s->processes[i]->priv->keeper_runs)
            return s->processes[i];
    return s->count < PROCESS_COUNT_MAX ? process_add(s, file->name) : NULL;
}

static void on_run_file(const struct run_file *file, void *ctx)
{
    struct supervise *s = ctx;

    if (!file->alive) {
        diag_warn("the keeper of %s was killed; what it had captured is in %s", file->name,
                  file->log[0] ? file->log : "no file");
        runs_remove(s->runs_dir, file->run);
        return;
    }
    struct process *p = file->by_hand ? NULL : entry_of(s, file);
    if (!p)
        return;
    memcpy(p->run, file->run, RUN_ID);
    p->keeper_pid = file->keeper_pid;
    p->child_pid = file->child_pid;
    p->started_us = file->started_us;
    snprintf(p->log_file, sizeof p->log_file, "%s", file->log);
    p->priv->keeper_runs = p->priv->by_hub = true;
    remember_child(s, file->keeper_pid);
}

/* ---- files of processes that are gone ---- */

static bool has_entry(const struct supervise *s, struct str name)
{
    return process_find(s, name) != NULL;
}

/* "application-2026-01-15": a file of the hub's own, one a day. */
static bool ends_with_day(struct str name)
{
    static const char shape[] = "-0000-00-00";
    size_t n = sizeof shape - 1;

    for (size_t i = 0; i < n && name.n > n; i++) {
        char c = name.p[name.n - n + i];
        if (shape[i] == '-' ? c != '-' : c < '0' || c > '9')
            return false;
    }
    return name.n > n;
}

/* "web.log" is the file of web. */
static bool name_of_file(const char *file, struct str *ret_name)
{
    size_t n = strlen(file), tail = strlen(".log");

    if (n <= tail || strcmp(file + n - tail, ".log") != 0)
        return false;
    *ret_name = str_of(file, n - tail);
    return conf_name_ok(*ret_name) && !ends_with_day(*ret_name);
}

static void add_file(struct supervise *s, DIR *dir, const char *file)
{
    char name_text[PROCESS_NAME_MAX + 1];
    struct stat st;
    struct str name;

    if (!name_of_file(file, &name) || has_entry(s, name) || s->count >= PROCESS_COUNT_MAX ||
        fstatat(dirfd(dir), file, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return;
    snprintf(name_text, sizeof name_text, "%.*s", STR_FMT(name));
    struct process *p = process_add(s, name_text);
    if (!p)
        return;
    int n = snprintf(p->log_file, sizeof p->log_file, "%s/%s", s->opts.settings->log_dir, file);
    if (n < 0 || (size_t)n >= sizeof p->log_file)
        p->log_file[0] = '\0';
    snprintf(p->reason, sizeof p->reason, "ran before this hub was started; its file is left");
}

static void find_files(struct supervise *s)
{
    DIR *dir = opendir(s->opts.settings->log_dir);
    size_t before = s->count;

    if (!dir)
        return; /* no process has run yet */
    for (struct dirent *entry; (entry = readdir(dir)) && s->count - before < FILES_SHOWN_MAX;)
        add_file(s, dir, entry->d_name);
    closedir(dir);
}

int adopt_find(struct supervise *s, struct errinfo *info)
{
    int rc = runs_each(s->runs_dir, on_run_file, s);

    if (rc < 0)
        return err_set(info, rc, "%s cannot be read: %s", s->runs_dir, err_text(rc));
    find_files(s);
    return 0;
}
