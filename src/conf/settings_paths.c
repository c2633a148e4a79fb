/* SPDX-License-Identifier: MIT
 *
 * settings_paths.c - the defaults that depend on who is asking.
 *
 * The directories are those of the XDG base directory rules. Root without HOME is a service of the
 * machine and gets /var/lib/logmill.
 */
#include "conf/settings_paths.h"

#include "conf/settings_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *env_find(char *const *env, const char *name)
{
    size_t n = strlen(name);

    for (; *env; env++)
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
            return (*env)[n + 1] ? *env + n + 1 : NULL;
    return NULL;
}

/* XDG says that relative values are to be ignored. */
static const char *env_directory(char *const *env, const char *name)
{
    const char *value = env_find(env, name);

    return value && value[0] == '/' ? value : NULL;
}

static int join(char **ret, const char *directory, const char *rest, struct errinfo *err)
{
    char *path;

    if (asprintf(&path, "%s/%s", directory, rest) < 0)
        return err_set(err, -ENOMEM, "no memory for the settings");
    free(*ret);
    *ret = path;
    return 0;
}

static int expand(char **path, char *const *env, struct errinfo *err)
{
    const char *home = env_directory(env, "HOME");

    if (!*path || (*path)[0] == '/')
        return 0;
    if (strcmp(*path, "~") != 0 && strncmp(*path, "~/", 2) != 0) {
        char *cwd = getcwd(NULL, 0);
        if (!cwd)
            return err_set(err, -errno, "'%s' is relative and the present directory is gone",
                           quote(str_from(*path)).text);
        int rc = join(path, cwd, *path, err);
        free(cwd);
        return rc;
    }
    if (!home)
        return err_set(err, -LM_E_INVALID, "'%s' cannot be found because HOME is not set",
                       quote(str_from(*path)).text);
    return join(path, home, (*path)[1] ? *path + 2 : "", err);
}

static int default_state_dir(struct settings *s, char *const *env, struct errinfo *err)
{
    const char *state = env_directory(env, "XDG_STATE_HOME");
    const char *home = env_directory(env, "HOME");

    if (state)
        return join(&s->state_dir, state, "logmill", err);
    if (home)
        return join(&s->state_dir, home, ".local/state/logmill", err);
    if (getuid() == 0)
        return join(&s->state_dir, "/var/lib", "logmill", err);
    return err_set(err, -LM_E_INVALID,
                   "HOME is not set: say where the state goes with --state-dir or "
                   "LOGMILL_STATE_DIR");
}

static int default_socket(struct settings *s, char *const *env, struct errinfo *err)
{
    const char *runtime = env_directory(env, "XDG_RUNTIME_DIR");

    /* The variable often outlives the directory, as after `su`. */
    if (runtime && access(runtime, W_OK | X_OK) == 0)
        return join(&s->socket, runtime, "logmill.sock", err);
    return join(&s->socket, s->state_dir, "logmill.sock", err);
}

static int check_lengths(const struct settings *s, struct errinfo *err)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *info = &setting_table[i];
        struct buf value = {0};
        if (info->kind != KIND_PATH)
            continue;
        setting_write_value(s, info, &value);
        bool fits = value.n <= strtoul(info->max, NULL, 10);
        int rc = fits ? 0
                      : err_set(err, -LM_E_INVALID,
                                "'%s' is longer than %s bytes: '%s'; choose a shorter path",
                                info->name, info->max, quote(buf_str(&value)).text);
        buf_fini(&value);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* A path that has no default stays empty. */
static int expand_optional(char **path, char *const *env, struct errinfo *err)
{
    if (*path)
        return expand(path, env, err);
    *path = strdup("");
    return *path ? 0 : err_set(err, -ENOMEM, "no memory for the settings");
}

static int expand_as(char **path, const char *other, struct errinfo *err)
{
    *path = strdup(other);
    return *path ? 0 : err_set(err, -ENOMEM, "no memory for the settings");
}

/* The file that a process writes lies where the process starts. */
static int expand_follow(struct process_conf *p, char *const *env, struct errinfo *err)
{
    const char *path = p->follow;

    if (path && p->directory && path[0] != '/' && path[0] != '~')
        return join(&p->follow, p->directory, path, err);
    return expand(&p->follow, env, err);
}

static int expand_patterns(const struct file_conf *f, char *const *env, struct errinfo *err)
{
    int rc = 0;

    for (char **path = f->paths; *path && rc == 0; path++)
        rc = expand(path, env, err);
    for (char **path = f->exclude; path && *path && rc == 0; path++)
        if (strchr(*path, '/'))
            rc = expand(path, env, err);
    return rc;
}

int settings_fill_paths(struct settings *s, char *const *env, struct errinfo *err)
{
    int rc = s->state_dir ? expand(&s->state_dir, env, err) : default_state_dir(s, env, err);

    if (rc == 0)
        rc = s->log_dir ? expand(&s->log_dir, env, err)
                        : join(&s->log_dir, s->state_dir, "logs", err);
    if (rc == 0)
        rc = s->application_dir ? expand(&s->application_dir, env, err)
                                : expand_as(&s->application_dir, s->log_dir, err);
    if (rc == 0)
        rc = s->socket ? expand(&s->socket, env, err) : default_socket(s, env, err);
    if (rc == 0)
        rc = expand_optional(&s->tls_cert, env, err);
    if (rc == 0)
        rc = expand_optional(&s->tls_key, env, err);
    for (size_t i = 0; i < s->process_count && rc == 0; i++)
        if ((rc = expand(&s->processes[i].directory, env, err)) == 0)
            rc = expand_follow(&s->processes[i], env, err);
    for (size_t i = 0; i < s->file_count && rc == 0; i++)
        rc = expand_patterns(&s->files[i], env, err);
    return rc == 0 ? check_lengths(s, err) : rc;
}

/* Remembers the path when there is such a file, readable or not. */
static int try_file(char **ret_path, const char *directory, const char *name)
{
    char *path;

    if (*ret_path || !directory)
        return 0;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        return -ENOMEM;
    if (access(path, F_OK) == 0)
        *ret_path = path;
    else
        free(path);
    return 0;
}

int settings_find_file(char *const *env, const char *flag, char **ret_path)
{
    const char *asked = flag ? flag : env_find(env, "LOGMILL_CONFIG");
    const char *config = env_directory(env, "XDG_CONFIG_HOME");
    char *path = NULL;
    int rc;

    if (asked) {
        path = strdup(asked);
        rc = path ? 0 : -ENOMEM;
        goto out;
    }
    rc = config ? try_file(&path, config, "logmill/logmill.yaml")
                : try_file(&path, env_directory(env, "HOME"), ".config/logmill/logmill.yaml");
    if (rc == 0)
        rc = try_file(&path, "/etc", "logmill/logmill.yaml");
out:
    if (rc == 0)
        *ret_path = path;
    return rc;
}
