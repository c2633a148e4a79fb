/* SPDX-License-Identifier: MIT
 *
 * supervise_adopt.c - what earlier hubs left: keepers that live, and files of processes that are
 * gone.
 */
#include "base/diag.h"
#include "proc/supervise_impl.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

enum { FILES_SHOWN_MAX = 200 };

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
    children_adopt(s, file->keeper_pid);
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
