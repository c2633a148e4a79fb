/* SPDX-License-Identifier: MIT
 *
 * spawn_user.c - getpwnam and its relatives.
 */
#include "proc/spawn_user.h"

#include "base/buf.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

enum { GROUPS_MAX = 64 };

static const struct passwd *find_user(const char *text)
{
    const struct passwd *found = getpwnam(text);
    uint64_t number;

    if (!found && str_to_u64(str_from(text), &number) && number < UINT32_MAX)
        found = getpwuid((uid_t)number);
    return found;
}

static int find_group(const char *text, gid_t *ret, struct errinfo *info)
{
    const struct group *found = getgrnam(text);
    uint64_t number;

    if (found)
        *ret = found->gr_gid;
    else if (str_to_u64(str_from(text), &number) && number < UINT32_MAX)
        *ret = (gid_t)number;
    else
        return err_set(info, -LM_E_UNKNOWN,
                       "its group '%.64s' is not known here; `getent group` lists them", text);
    return 0;
}

static int add_groups(struct buf *out, const char *name, gid_t gid)
{
    gid_t groups[GROUPS_MAX];
    int n = GROUPS_MAX;

    if (!name || getgrouplist(name, gid, groups, &n) < 0) {
        groups[0] = gid;
        n = 1;
    }
    for (int i = 0; i < n; i++)
        buf_printf(out, "%s%u", i ? "," : "", groups[i]);
    return buf_error(out);
}

/* A copy with its terminator. */
static char *keep(struct arena *arena, const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = arena_alloc(arena, n);

    return copy ? memcpy(copy, text, n) : NULL;
}

int spawn_user(const struct process_conf *conf, struct arena *arena, struct spawn_user *ret,
               struct errinfo *info)
{
    const struct passwd *user = conf->user ? find_user(conf->user) : NULL;
    struct buf ids = {0};
    uid_t uid = user ? user->pw_uid : geteuid();
    gid_t gid = user ? user->pw_gid : getegid();
    int rc = 0;

    *ret = (struct spawn_user){0};
    if (!conf->user && !conf->group)
        return 0;
    if (conf->user && !user)
        return err_set(info, -LM_E_UNKNOWN,
                       "its user '%.64s' is not known here; `getent passwd` lists them",
                       conf->user);
    if (conf->group && (rc = find_group(conf->group, &gid, info)) < 0)
        return rc;
    if (geteuid() != 0 && (uid != geteuid() || gid != getegid()))
        return err_set(info, -EPERM,
                       "only a hub that runs as root can start it as another user or group");
    if (geteuid() != 0)
        return 0;
    if (user) {
        ret->name = keep(arena, user->pw_name);
        ret->home = keep(arena, user->pw_dir);
    }
    buf_printf(&ids, "%u:%u:", uid, gid);
    rc = add_groups(&ids, ret->name, gid);
    buf_add_char(&ids, '\0');
    if (rc == 0)
        ret->ids = keep(arena, ids.p);
    buf_fini(&ids);
    return ret->ids ? 0 : err_set(info, -ENOMEM, "memory is short");
}
