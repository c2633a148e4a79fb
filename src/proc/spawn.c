/* SPDX-License-Identifier: MIT
 *
 * spawn.c - from a description of a process to a running keeper.
 */
#include "proc/spawn.h"

#include "proc/cgroup.h"
#include "proc/spare.h"
#include "proc/spawn_user.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum { FIXED_WORDS = 32, PATH_BYTES = 4096 };

int spawn_new_run(uint8_t ret_run[RUN_ID])
{
    return getrandom(ret_run, RUN_ID, 0) == RUN_ID ? 0 : -EIO;
}

/* a + b + c, in the arena. */
static char *join(struct arena *arena, const char *a, const char *b, const char *c)
{
    size_t an = strlen(a), bn = strlen(b), cn = strlen(c);
    char *text = arena_alloc(arena, an + bn + cn + 1);

    if (text) {
        memcpy(text, a, an);
        memcpy(text + an, b, bn);
        memcpy(text + an + bn, c, cn + 1);
    }
    return text;
}

char *spawn_runs_dir(const struct settings *settings, struct arena *arena)
{
    return join(arena, settings->state_dir, "/runs", "");
}

static char *log_file(const struct settings *settings, const char *name, struct arena *arena)
{
    char *base = join(arena, "/", name, ".log");
    return base ? join(arena, settings->log_dir, base, "") : NULL;
}

/* ---- the command line ---- */

int spawn_find_keeper(struct arena *arena, char **ret_path, struct errinfo *info)
{
    static const char *const places[] = {"/keeper", "/../libexec/logmill/keeper"};
    const char *named = getenv("LOGMILL_KEEPER");
    char here[PATH_BYTES];

    if (named && *named) {
        *ret_path = join(arena, named, "", "");
        return *ret_path ? 0 : -ENOMEM;
    }
    ssize_t n = readlink("/proc/self/exe", here, sizeof here - 1);
    here[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(here, '/');
    if (slash)
        *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *path = join(arena, here, places[i], "");
        if (path && access(path, X_OK) == 0) {
            *ret_path = path;
            return 0;
        }
    }
    return err_set(info, -ENOENT,
                   "the keeper, which belongs to this program, is neither %s%s nor %s%s; install "
                   "again, or name it in LOGMILL_KEEPER",
                   here, places[0], here, places[1]);
}

/* A growing list of words; `failed` when memory was short for any of them. */
struct words {
    char **at;
    size_t n;
    bool failed;
};

static void add_word(struct words *w, char *word)
{
    w->failed |= word == NULL;
    w->at[w->n++] = word;
}

static void add_option(struct words *w, struct arena *arena, const char *name, const char *value)
{
    add_word(w, join(arena, name, "", ""));
    add_word(w, value ? join(arena, value, "", "") : NULL);
}

static void add_flag(struct words *w, struct arena *arena, bool wanted, const char *name)
{
    if (wanted)
        add_word(w, join(arena, name, "", ""));
}

static size_t count_words(char *const *words)
{
    size_t n = 0;
    while (words && words[n])
        n++;
    return n;
}

/* What the configuration says of how it is run and of its file. */
static void add_conf(struct words *w, struct arena *arena, const struct process_conf *conf)
{
    char text[64];

    add_flag(w, arena, conf->log != LOG_TRUNCATE, "--append");
    add_flag(w, arena, conf->format == FORMAT_LINE, "--lines");
    add_flag(w, arena, conf->pty, "--pty");
    if (conf->log == LOG_ROTATE) {
        snprintf(text, sizeof text, "%" PRIu64 ":%" PRIu32, conf->log_size, conf->log_count);
        add_option(w, arena, "--rotate", text);
    }
    for (size_t i = 0; i < conf->limit_count; i++) {
        snprintf(text, sizeof text, "%d:%" PRIu64, conf->limits[i].resource, conf->limits[i].value);
        add_option(w, arena, "--limit", text);
    }
}

int spawn_command(const struct spawn *what, struct arena *arena, char ***ret_argv,
                  struct errinfo *info)
{
    size_t argc = count_words(what->argv);
    struct words w = {0};
    char hex[RUN_HEX], number[24], *keeper;

    int rc = spawn_find_keeper(arena, &keeper, info);
    if (rc < 0)
        return rc;
    w.at = arena_alloc(arena,
                       (FIXED_WORDS + 2 * (what->label_count + LIMIT_COUNT) + argc) * sizeof *w.at);
    if (!w.at)
        return err_set(info, -ENOMEM, "memory is short");
    run_to_hex(what->run, hex);
    add_word(&w, keeper);
    add_option(&w, arena, "--name", what->name);
    add_option(&w, arena, "--run", hex);
    add_option(&w, arena, "--socket", what->settings->socket);
    add_option(&w, arena, "--log", log_file(what->settings, what->name, arena));
    add_option(&w, arena, "--runs", spawn_runs_dir(what->settings, arena));
    for (size_t i = 0; i < what->label_count; i++)
        add_option(&w, arena, "--label",
                   join(arena, what->labels[i].name, "=", what->labels[i].value));
    if (what->nofile) {
        snprintf(number, sizeof number, "%" PRIu64, what->nofile);
        add_option(&w, arena, "--nofile", number);
    }
    if (what->conf)
        add_conf(&w, arena, what->conf);
    if (what->user_ids)
        add_option(&w, arena, "--user", what->user_ids);
    if (what->group)
        add_option(&w, arena, "--cgroup", what->group);
    add_flag(&w, arena, what->foreground, "--foreground");
    add_flag(&w, arena, what->quiet, "--quiet");
    add_word(&w, join(arena, "--", "", ""));
    if (w.failed)
        return err_set(info, -ENOMEM, "memory is short");
    memcpy(w.at + w.n, what->argv, argc * sizeof *w.at);
    w.at[w.n + argc] = NULL;
    *ret_argv = w.at;
    return 0;
}

/* ---- the hub's way ---- */

static bool is_secret(const char *variable)
{
    return strncmp(variable, "LOGMILL_TOKEN=", strlen("LOGMILL_TOKEN=")) == 0;
}

static bool names_same(const char *a, const char *b)
{
    return strncmp(a, b, strcspn(a, "=") + 1) == 0;
}

/* HOME, USER and LOGNAME of another user. */
static size_t add_user(char **env, const struct spawn_user *user, struct arena *arena)
{
    size_t n = 0;

    if (user->home)
        env[n++] = join(arena, "HOME=", user->home, "");
    if (user->name)
        env[n++] = join(arena, "USER=", user->name, "");
    if (user->name)
        env[n++] = join(arena, "LOGNAME=", user->name, "");
    return n;
}

char **spawn_environment(char *const *more, const struct spawn_user *user, struct arena *arena)
{
    size_t more_n = count_words(more), n = 0;
    char **env = arena_alloc(arena, (count_words(environ) + more_n + 4) * sizeof *env);

    if (!env)
        return NULL;
    for (size_t i = 0; i < more_n; i++)
        env[n++] = more[i];
    if (user)
        n += add_user(env + n, user, arena);
    size_t own_n = n;
    for (char **at = environ; *at; at++) {
        bool replaced = is_secret(*at);
        for (size_t i = 0; i < own_n && !replaced; i++)
            replaced = !env[i] || names_same(*at, env[i]);
        if (!replaced)
            env[n++] = *at;
    }
    env[n] = NULL;
    return env;
}

/* The control group that the limits ask for, into `out`; *ret stays NULL when they ask for none. */
static int find_group(const struct process_conf *conf, char out[CGROUP_PATH_MAX], const char **ret,
                      struct errinfo *info)
{
    char own[CGROUP_PATH_MAX];
    bool asked = false;

    for (size_t i = 0; i < conf->limit_count; i++)
        asked |= cgroup_limits(conf->limits[i].resource);
    if (!asked)
        return 0;
    if (!cgroup_own(cgroup_root, own))
        snprintf(own, sizeof own, "%s", cgroup_root);
    int rc = cgroup_place(own, conf->name, conf->limits, conf->limit_count, out, info);
    if (rc == 0)
        *ret = out;
    return rc;
}

/* The keeper and how it is started, in the arena; borrows from `wanted`. */
static int prepare(const struct spawn *wanted, struct arena *arena, struct spawn_program *ret,
                   struct errinfo *info)
{
    const struct process_conf *conf = wanted->conf;
    struct spawn what = *wanted;
    struct spawn_user user;
    char group[CGROUP_PATH_MAX];

    *ret = (struct spawn_program){.directory = conf->directory, .input = -1};
    int rc = spawn_user(conf, arena, &user, info);
    what.user_ids = user.ids;
    if (rc == 0)
        rc = find_group(conf, group, &what.group, info);
    if (rc < 0 || (rc = spawn_command(&what, arena, &ret->argv, info)) < 0)
        return rc;
    ret->env = spawn_environment(conf->env, &user, arena);
    return ret->env ? 0 : err_set(info, -ENOMEM, "memory is short");
}

static int add_actions(posix_spawn_file_actions_t *actions, const struct spawn_program *p)
{
    int err = p->input < 0 ? posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null",
                                                              O_RDONLY, 0)
                           : posix_spawn_file_actions_adddup2(actions, p->input, STDIN_FILENO);

    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && !err; fd++)
        err = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_WRONLY, 0);
    if (!err && p->directory)
        err = posix_spawn_file_actions_addchdir_np(actions, p->directory);
    return err;
}

/* As a vfork does it: nothing of the hub is copied, which would take longer than everything else
 * here. */
int spawn_execute(const struct spawn_program *p, pid_t *ret_pid)
{
    const short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t how;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    int err = posix_spawn_file_actions_init(&actions);
    if (err)
        return -err;
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(&how, flags);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    err = add_actions(&actions, p);
    if (!err)
        err = posix_spawnp(ret_pid, p->argv[0], &actions, &how, p->argv, p->env);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&how);
    return -err;
}

int spawn_keeper(const struct spawn *what, struct spare *spare, pid_t *ret_pid,
                 struct errinfo *info)
{
    const char *directory = what->conf->directory;
    struct spawn_program program;
    struct arena arena = {0};

    int rc = prepare(what, &arena, &program, info);
    if (rc < 0 || spare_use(spare, &program, ret_pid))
        goto out;
    rc = spawn_execute(&program, ret_pid);
    if (rc < 0 && directory && access(directory, X_OK) < 0)
        err_set(info, rc, "its directory %s cannot be entered: %s; make it, or change `directory`",
                directory, err_text(rc));
    else if (rc < 0)
        err_set(info, rc, "%s cannot be started: %s", program.argv[0], err_text(rc));
out:
    arena_fini(&arena);
    return rc;
}
