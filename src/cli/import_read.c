/* SPDX-License-Identifier: MIT
 *
 * import_read.c - bytes to lines.
 */
#include "cli/import_read.h"

#include "base/buf.h"
#include "net/inflate.h"
#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024 };

struct reading {
    const struct import_reader *r;
    struct inflate *unpack; /* NULL: not packed */
    struct buf line;        /* its beginning, when it goes on in the next piece */
    char *in, *plain;       /* READ_BYTES each */
};

static int end_line(struct reading *rd)
{
    int rc = rd->r->on_line(buf_str(&rd->line), rd->r->ctx);
    buf_clear(&rd->line);
    return rc;
}

static int take_plain(struct reading *rd, struct str text)
{
    int rc = 0;

    while (text.n && rc == 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        size_t room = RECORD_MESSAGE_MAX - rd->line.n;
        bool full = n > room;
        if (full)
            n = room;
        if (rd->line.n == 0 && end && !full) {
            rc = rd->r->on_line(str_of(text.p, n), rd->r->ctx);
        } else {
            buf_add(&rd->line, text.p, n);
            rc = buf_error(&rd->line);
            if (rc == 0 && (end || full))
                rc = end_line(rd);
        }
        n += end && !full;
        text = str_of(text.p + n, text.n - n);
    }
    return rc;
}

static int take(struct reading *rd, struct str bytes)
{
    ssize_t n;
    int rc;

    if (!rd->unpack)
        return take_plain(rd, bytes);
    do {
        n = inflate_next(rd->unpack, &bytes, rd->plain, READ_BYTES);
        rc = n < 0 ? (int)n : take_plain(rd, str_of(rd->plain, (size_t)n));
    } while (rc == 0 && (n == READ_BYTES || bytes.n > 0));
    return rc;
}

/* By its first bytes. */
static int find_packing(struct reading *rd, struct str bytes)
{
    if (str_starts(bytes, STR("\x1f\x8b")))
        return inflate_new(&rd->unpack, STR("gzip"), UINT64_MAX / 4);
    if (str_starts(bytes, STR("\x28\xb5\x2f\xfd")))
        return inflate_new(&rd->unpack, STR("zstd"), UINT64_MAX / 4);
    return 0;
}

static int read_all(struct reading *rd, int fd)
{
    bool first = true;
    int rc = 0;

    while (rc == 0) {
        ssize_t n = read(fd, rd->in, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        rd->r->on_bytes((uint64_t)n, rd->r->ctx);
        if (first)
            rc = find_packing(rd, str_of(rd->in, (size_t)n));
        first = false;
        if (rc == 0)
            rc = take(rd, str_of(rd->in, (size_t)n));
    }
    if (rc == 0 && rd->unpack && !inflate_is_whole(rd->unpack))
        rc = -LM_E_DAMAGED;
    return rc == 0 && rd->line.n ? end_line(rd) : rc;
}

static int say(const struct reading *rd, int rc, struct errinfo *info)
{
    if (rc == -LM_E_FULL && rd->unpack)
        return err_set(info, rc,
                       "%s is packed more than %d times: unpack it first, as in zstd -dc | logmill "
                       "import -",
                       rd->r->name, INFLATE_RATIO_MAX);
    if (rc == -LM_E_DAMAGED)
        return err_set(info, rc, "%s is packed, and damaged or not whole", rd->r->name);
    if (rc < 0 && rc != -LM_E_REFUSED)
        return err_set(info, rc, "cannot read %s: %s", rd->r->name, err_text(rc));
    return rc;
}

int import_read(const struct import_reader *r, struct errinfo *info)
{
    bool is_stdin = strcmp(r->name, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(r->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct reading rd = {.r = r};
    int rc = -ENOMEM;

    if (fd < 0)
        return err_set(info, -errno, "cannot open %s: %s", r->name, err_text(-errno));
    rd.in = malloc(READ_BYTES);
    rd.plain = malloc(READ_BYTES);
    if (rd.in && rd.plain)
        rc = read_all(&rd, fd);
    rc = say(&rd, rc, info);
    inflate_free(rd.unpack);
    buf_fini(&rd.line);
    free(rd.in);
    free(rd.plain);
    if (!is_stdin)
        close(fd);
    return rc;
}

uint64_t import_size(const char *name)
{
    struct stat st;
    bool known = strcmp(name, "-") == 0 ? fstat(STDIN_FILENO, &st) == 0 : stat(name, &st) == 0;

    return known && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}
