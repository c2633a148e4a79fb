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

/* Replaces the file by rename; synced before and after. Runs in the pool too: touches no state. */
static int write_file(const char *path, uint32_t epoch, uint64_t watermark, const char *boot,
                      uint64_t next)
{
    struct buf text = {0};
    char tmp[4096];
    int fd = -1, err;

    buf_printf(&text, "logmill-store 1\nepoch %08" PRIx32 "\nwatermark %" PRIu64 "\nboot %s\n",
               epoch, watermark, boot);
    if (next)
        buf_printf(&text, "next %" PRIu64 "\n", next);
    uint64_t check = XXH3_64bits(text.p, text.n);
    buf_printf(&text, "check %016" PRIx64 "\n", check);
    err = buf_error(&text);
    if (err < 0)
        goto out;
    snprintf(tmp, sizeof tmp, "%s.new", path);
    fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n || fsync(fd) < 0 ||
        rename(tmp, path) < 0)
        err = errno ? -errno : -EIO;
    else
        err = sync_dir_of(path);
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
    const char *next = strstr(text, "\nnext ");
    if (next && sscanf(next, "\nnext %" SCNu64, &n->clean_next) != 1)
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

int numbers_open(struct numbers *n, struct loop *loop, const char *state_dir, struct errinfo *info)
{
    char text[1024];

    *n = (struct numbers){.loop = loop};
    if (asprintf(&n->path, "%s/store", state_dir) < 0)
        return -ENOMEM;
    read_boot_id(n->boot);
    int fd = open(n->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return make_new(n);
    if (fd < 0)
        return err_set(info, -errno, "cannot read %s: %s", n->path, err_text(-errno));
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size < 0)
        return err_set(info, -errno, "cannot read %s: %s", n->path, err_text(-errno));
    text[size] = '\0';
    return parse_file(n, text, (size_t)size, info);
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
    char path[4096];
    int err = numbers_open(&n, NULL, from_dir, info);

    snprintf(path, sizeof path, "%s/store", to_dir);
    if (err == 0) {
        err = write_file(path, n.epoch, n.watermark, NO_BOOT_ID, 0);
        if (err < 0)
            err_set(info, err, "cannot write %s: %s", path, err_text(err));
    }
    free(n.path);
    return err;
}

int numbers_start(struct numbers *n, uint64_t journal_end, bool journal_whole)
{
    if (n->clean_next >= journal_end)
        n->next = n->clean_next;
    else if (journal_whole && n->same_boot && journal_end > 1)
        n->next = journal_end;
    else
        n->next = n->watermark > journal_end ? n->watermark : journal_end;
    uint64_t watermark = n->next + ID_STEP;
    int err = write_file(n->path, n->epoch, watermark, n->boot, 0);
    if (err == 0)
        n->watermark = watermark;
    return err;
}

static void raise_work(struct job *job)
{
    struct numbers *n = LIST_ITEM(job, struct numbers, job);
    n->job_err = write_file(n->path, n->epoch, n->raised, n->boot, 0);
}

static void raise_done(struct job *job)
{
    struct numbers *n = LIST_ITEM(job, struct numbers, job);

    n->raising = false;
    n->last_err = n->job_err;
    if (n->job_err == 0 && n->raised > n->watermark)
        n->watermark = n->raised;
}

static void raise_ahead(struct numbers *n)
{
    if (n->raising)
        return;
    n->raised = n->watermark + ID_STEP;
    n->raising = job_start(n->loop, &n->job, raise_work, raise_done) == 0;
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
    if (n->path && n->next)
        (void)write_file(n->path, n->epoch, n->watermark, n->boot, n->next);
    free(n->path);
    n->path = NULL;
}
