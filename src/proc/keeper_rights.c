/* SPDX-License-Identifier: MIT
 *
 * keeper_rights.c - setrlimit, control group, setgroups, setgid, setuid, in this order.
 */
#include "proc/keeper_rights.h"

#include "base/str.h"
#include "proc/cgroup.h"

#include <errno.h>
#include <grp.h>
#include <sys/resource.h>
#include <unistd.h>

static bool to_id(struct str text, uint32_t *ret)
{
    uint64_t value;

    if (!str_to_u64(text, &value) || value >= UINT32_MAX)
        return false;
    *ret = (uint32_t)value;
    return true;
}

bool rights_set_user(struct child_rights *r, const char *text)
{
    struct str rest, uid = str_cut(str_from(text), ':', &rest), gid = str_cut(rest, ':', &rest);

    r->as_user = to_id(uid, &r->uid) && to_id(gid, &r->gid);
    while (r->as_user && rest.n > 0 && r->group_count < RIGHTS_GROUPS_MAX)
        r->as_user = to_id(str_cut(rest, ',', &rest), &r->groups[r->group_count++]);
    return r->as_user;
}

bool rights_add_limit(struct child_rights *r, const char *text)
{
    struct str rest, number = str_cut(str_from(text), ':', &rest);
    uint32_t resource;

    if (r->limit_count == RIGHTS_LIMITS_MAX || !to_id(number, &resource) ||
        (resource >= RLIM_NLIMITS && !cgroup_limits((int)resource)) ||
        !str_to_u64(rest, &r->limits[r->limit_count].value))
        return false;
    r->limits[r->limit_count++].resource = (int)resource;
    return true;
}

static int enter_group(const struct child_rights *r)
{
    int rc = cgroup_make(r->group);

    for (size_t i = 0; i < r->limit_count && rc == 0; i++)
        if (cgroup_limits(r->limits[i].resource))
            rc = cgroup_set(r->group, r->limits[i].resource, r->limits[i].value);
    return rc < 0 ? rc : cgroup_join(r->group);
}

int rights_take_on(const struct child_rights *r, const char **ret_what)
{
    *ret_what = "its limits";
    for (size_t i = 0; i < r->limit_count; i++) {
        rlim_t value = r->limits[i].value == UINT64_MAX ? RLIM_INFINITY : r->limits[i].value;
        struct rlimit limit = {value, value};
        if (cgroup_limits(r->limits[i].resource))
            continue;
        if (setrlimit((__rlimit_resource_t)r->limits[i].resource, &limit) < 0)
            return -errno;
    }
    *ret_what = "its control group";
    int rc = r->group ? enter_group(r) : 0;
    if (rc < 0)
        return rc;
    *ret_what = "its user";
    if (r->as_user &&
        (setgroups(r->group_count, r->groups) < 0 || setgid(r->gid) < 0 || setuid(r->uid) < 0))
        return -errno;
    return 0;
}
