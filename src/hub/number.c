/* SPDX-License-Identifier: MIT
 *
 * number.c - the watermark file and the counter above it.
 */
#include "hub/number.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define ID_STEP  (UINT64_C(1) << 26)
#define ID_AHEAD (UINT64_C(1) << 24)
#define ID_MAX   (UINT64_C(1) << 53)

/* Where the kernel does not tell: every start may be one after a power cut. */
#define NO_BOOT_ID "unknown"

static void read_boot_id(char out[37])
{
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (!f || !fgets(out, 37, f))
        snprintf(out, 37, "%s", NO_BOOT_ID);
    if (f)
        fclose(f);
}

static void open_name(const struct numbers *n, char out[4096])
{
    snprintf(out, 4096, "%s.open", n->path);
}

static int sync_dir_of(const char *path)
{
    char *slash = strrchr(path, '/');
    char dir[4096];
    int err = 0;

    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        err = -errno;
    if (fd >= 0)
        close(fd);
    return err;
}

/* Replaces the file by rename; synced before and after. Runs in the pool too: changes no state. */
static int write_file(const struct numbers *n, uint64_t watermark, const char *boot, uint64_t next)
{
    struct buf text = {0};
    char tmp[4096];
    int fd = -1, err;

    errno = 0;
    buf_printf(&text, "logmill-store 1\nepoch %08" PRIx32 "\nwatermark %" PRIu64 "\nboot %s\n",
               n->epoch, watermark, boot);
    buf_printf(&text, "floor %" PRIu64 "\n", n->floor);
    if (next)
        buf_printf(&text, "next %" PRIu64 "\n", next);
    uint64_t check = XXH3_64bits(text.p, text.n);
    buf_printf(&text, "check %016" PRIx64 "\n", check);
    err = buf_error(&text);
    if (err < 0)
        goto out;
    snprintf(tmp, sizeof tmp, "%s.new", n->path);
    fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || pwrite(fd, text.p, text.n, 0) != (ssize_t)text.n || fsync(fd) < 0 ||
        rename(tmp, n->path) < 0)
        err = errno ? -errno : -EIO;
    else
        err = sync_dir_of(n->path);
out:
    if (fd >= 0)
        close(fd);
    buf_fini(&text);
    return err;
}

static int damaged(const struct numbers *n, struct errinfo *info)
{
    return err_set(
        info, -LM_E_DAMAGED,
        "%s is damaged: restore it from a backup, or move the whole state directory away to "
        "start a new store",
        n->path);
}

/* Parses the text of the file; the check line covers everything before it. */
static int parse_file(struct numbers *n, char *text, size_t size, struct errinfo *info)
{
    char *check_at = strstr(text, "check ");
    uint64_t check;
    int version;

    if (sscanf(text, "logmill-store %d", &version) == 1 && version > 1)
        return err_set(info, -LM_E_VERSION,
                       "%s was written by a later version of logmill (format %d): use that",
                       n->path, version);
    if (!check_at || check_at + 23 != text + size || check_at[22] != '\n' ||
        sscanf(check_at, "check %16" SCNx64, &check) != 1 ||
        XXH3_64bits(text, (size_t)(check_at - text)) != check)
        return damaged(n, info);
    char boot[37];
    if (sscanf(text, "logmill-store %d epoch %8" SCNx32 " watermark %" SCNu64 " boot %36s",
               &version, &n->epoch, &n->watermark, boot) != 4)
        return damaged(n, info);
    n->same_boot = strcmp(boot, n->boot) == 0 && strcmp(boot, NO_BOOT_ID) != 0;
    const char *next = strstr(text, "\nnext "), *floor = strstr(text, "\nfloor ");
    if ((next && sscanf(next, "\nnext %" SCNu64, &n->clean_next) != 1) ||
        (floor && sscanf(floor, "\nfloor %" SCNu64, &n->floor) != 1))
        return damaged(n, info);
    return 0;
}

static int make_new(struct numbers *n)
{
    while (n->epoch == 0)
        if (getrandom(&n->epoch, sizeof n->epoch, 0) != sizeof n->epoch)
            return -errno;
    n->clean_next = 1;
    n->watermark = 1;
    return 0;
}

/* Under its name, or the one it has while ids are given out that only the watermark knows. */
static int open_file(struct numbers *n)
{
    char other[4096];
    int fd = open(n->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 && errno == ENOENT) {
        open_name(n, other);
        fd = open(other, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        n->suspended = fd >= 0;
    }
    return fd < 0 ? -errno : fd;
}

int numbers_open(struct numbers *n, struct loop *loop, const char *state_dir, struct errinfo *info)
{
    char text[1024];

    *n = (struct numbers){.loop = loop};
    if (asprintf(&n->path, "%s/store", state_dir) < 0)
        return -ENOMEM;
    read_boot_id(n->boot);
    int fd = open_file(n);
    if (fd == -ENOENT)
        return make_new(n);
    if (fd < 0)
        return err_set(info, fd, "cannot read %s: %s", n->path, err_text(fd));
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size < 0)
        return err_set(info, -errno, "cannot read %s: %s", n->path, err_text(-errno));
    text[size] = '\0';
    int err = parse_file(n, text, (size_t)size, info);
    if (err == 0 && n->suspended) {
        n->same_boot = false;
        n->clean_next = 0;
    }
    return err;
}

uint32_t numbers_peek_epoch(const char *state_dir)
{
    struct numbers n;
    int err = numbers_open(&n, NULL, state_dir, NULL);

    free(n.path);
    return err == 0 && n.watermark > 1 ? n.epoch : 0;
}

int numbers_copy(const char *from_dir, const char *to_dir, struct errinfo *info)
{
    struct numbers n;
    int err = numbers_open(&n, NULL, from_dir, info);

    free(n.path);
    n.path = NULL;
    if (err == 0 && asprintf(&n.path, "%s/store", to_dir) < 0)
        err = -ENOMEM;
    if (err == 0) {
        err = write_file(&n, n.watermark, NO_BOOT_ID, 0);
        if (err < 0)
            err_set(info, err, "cannot write %s: %s", n.path, err_text(err));
        free(n.path);
    }
    return err;
}

static void drop_open_name(const struct numbers *n)
{
    char other[4096];

    open_name(n, other);
    (void)unlink(other); /* while both are there, `store` counts */
}

int numbers_start(struct numbers *n, uint64_t journal_end, bool journal_whole)
{
    if (n->clean_next >= journal_end)
        n->next = n->clean_next;
    else if (journal_whole && n->same_boot && journal_end > 1)
        n->next = journal_end;
    else
        n->next = n->watermark > journal_end ? n->watermark : journal_end;
    if (n->next < n->floor) /* jumped over by a life that wrote nothing */
        n->next = n->floor;
    n->floor = n->next;
    uint64_t watermark = n->next + ID_STEP;
    int err = write_file(n, watermark, n->boot, 0);
    if (err == 0) {
        n->watermark = watermark;
        drop_open_name(n);
        n->suspended = false;
    } else if (err == -ENOSPC && n->watermark > 1) {
        err = numbers_suspend(n);
    }
    return err;
}

int numbers_suspend(struct numbers *n)
{
    char other[4096];

    n->resume_asked = false;
    if (n->resuming)
        return -EAGAIN;
    if (n->suspended)
        return 0;
    open_name(n, other);
    if (rename(n->path, other) < 0)
        return -errno;
    n->suspended = true;
    return sync_dir_of(n->path);
}

static void raise_work(struct job *job)
{
    struct numbers *n = LIST_ITEM(job, struct numbers, job);
    bool open = n->suspended && !n->resuming;

    n->job_err = write_file(n, n->raised, open ? NO_BOOT_ID : n->boot, 0);
    if (n->job_err == 0 && n->resuming)
        drop_open_name(n);
}

static void resume_when_asked(struct numbers *n);

static void raise_done(struct job *job)
{
    struct numbers *n = LIST_ITEM(job, struct numbers, job);

    n->raising = false;
    n->last_err = n->job_err;
    if (n->job_err == 0 && n->resuming)
        n->suspended = n->resume_asked = false;
    bool failed = n->resuming && n->job_err < 0; /* asked again by the next one who writes */
    n->resuming = false;
    if (n->job_err == 0 && n->raised > n->watermark)
        n->watermark = n->raised;
    if (!failed)
        resume_when_asked(n);
}

static void raise_ahead(struct numbers *n)
{
    if (n->raising)
        return;
    n->resuming = n->resume_asked;
    n->raised = n->watermark + ID_STEP;
    n->raising = job_start(n->loop, &n->job, raise_work, raise_done) == 0;
    n->resuming &= n->raising;
}

static void resume_when_asked(struct numbers *n)
{
    if (n->resume_asked)
        raise_ahead(n);
}

void numbers_resume(struct numbers *n)
{
    n->resume_asked = n->suspended;
    resume_when_asked(n); /* or when the one under way is through */
}

int numbers_take(struct numbers *n, uint32_t count, uint64_t *ret_first)
{
    if (n->next + count > ID_MAX)
        return -LM_E_FULL;
    if (n->next + count + ID_AHEAD > n->watermark)
        raise_ahead(n);
    if (n->next + count > n->watermark)
        return n->last_err < 0 ? n->last_err : -EAGAIN;
    *ret_first = n->next;
    n->next += count;
    return 0;
}

void numbers_close(struct numbers *n)
{
    if (n->path && n->next && write_file(n, n->watermark, n->boot, n->next) == 0)
        drop_open_name(n);
    free(n->path);
    n->path = NULL;
}
