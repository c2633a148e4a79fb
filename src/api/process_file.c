/* SPDX-License-Identifier: MIT
 *
 * process_file.c - GET /api/v1/processes/{name}/download: the plain file of a process, byte for
 * byte.
 *
 * The file of the present run has a size, so ranges are answered (RFC 9110, section 14): a download
 * that was cut goes on, and `tail -c` over HTTP works. With date= or another format it is an export
 * of what is stored with process_id=<name>.
 *
 * The name never becomes a path by itself: it must be a process that the hub knows, and the file is
 * opened below log_dir without following any link.
 */
#include "api/export.h"

#include "conf/choice.h"
#include "net/http_send.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct file_send {
    struct http_send send;
    struct api *api;
    int fd;
    uint64_t at, end; /* of the range that is sent */
};

static struct file_send *file_of(struct http_send *s)
{
    return LIST_ITEM(s, struct file_send, send);
}

/* In the pool. A file that has become shorter fails: the length has been promised. */
static int next(struct http_send *s, struct buf *out)
{
    struct file_send *f = file_of(s);
    uint64_t left = f->end - f->at;
    size_t want = left < HTTP_PIECE ? (size_t)left : HTTP_PIECE;

    if (buf_reserve(out, want) < 0)
        return -ENOMEM;
    while (want > 0) {
        ssize_t n = pread(f->fd, out->p + out->n, want, (off_t)f->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -LM_E_GONE;
        out->n += (size_t)n;
        f->at += (uint64_t)n;
        want -= (size_t)n;
    }
    return f->at < f->end;
}

static bool begin(struct http_send *s, int made, size_t n)
{
    (void)n;
    if (made < 0)
        http_reply_error(s->req, 503, "read_failed", NULL, "the file cannot be read: %s",
                         err_text(made));
    return made >= 0;
}

static void over(struct http_send *s)
{
    struct file_send *f = file_of(s);

    f->api->downloads--;
    f->api->metrics->download_bytes_total += s->sent;
    close(f->fd);
    free(f);
}

/* <log_dir>/<name>.log and nothing else. -errno. */
static int open_below(const char *dir, const char *name)
{
    const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    char base[80];
    int folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return -errno;
    snprintf(base, sizeof base, "%s.log", name);
    long fd = syscall(SYS_openat2, folder, base, &how, sizeof how);
    int err = fd < 0 ? -errno : 0;
    close(folder);
    return fd < 0 ? err : (int)fd;
}

/* The open file and what it is like; false: answered. */
static bool open_file(struct http_req *req, const char *dir, const char *name, int *ret_fd,
                      struct stat *ret)
{
    int fd = open_below(dir, name);

    if (fd >= 0 && fstat(fd, ret) == 0 && S_ISREG(ret->st_mode)) {
        *ret_fd = fd;
        return true;
    }
    if (fd >= 0)
        close(fd);
    http_reply_error(req, 404, "no_such_file", NULL,
                     "there is no plain file of %s in the log directory; what is stored can be had "
                     "with format=ndjson or date=",
                     name);
    return false;
}

enum range { RANGE_NONE, RANGE_GOOD, RANGE_BEYOND };

/* One range of a file of `size` bytes. What is not one well-formed range counts as none, as the RFC
 * has it. */
static enum range parse_range(struct str text, uint64_t size, uint64_t *ret_from, uint64_t *ret_end)
{
    struct str last, first;
    uint64_t from = 0, to = UINT64_MAX;

    if (!str_starts(text, STR("bytes=")))
        return RANGE_NONE;
    first = str_cut(str_of(text.p + 6, text.n - 6), '-', &last);
    if (!last.p || (first.n && !str_to_u64(first, &from)) || (last.n && !str_to_u64(last, &to)) ||
        (first.n == 0 && last.n == 0) || (first.n && to < from))
        return RANGE_NONE;
    if (first.n == 0) { /* the last `to` bytes */
        from = to < size ? size - to : 0;
        if (to == 0)
            return RANGE_BEYOND;
        to = UINT64_MAX;
    }
    if (from >= size)
        return RANGE_BEYOND;
    *ret_from = from;
    *ret_end = to < size ? to + 1 : size;
    return RANGE_GOOD;
}

/* Sets the part of the file that is asked for and the headers about it. False: answered. */
static bool choose_range(struct http_req *req, struct file_send *f, const struct stat *st)
{
    uint64_t size = (uint64_t)st->st_size, from, end;
    char etag[64], text[80];
    struct str condition = http_header(req, "if-range");

    snprintf(etag, sizeof etag, "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "%09ld\"",
             (uint64_t)st->st_ino, size, (uint64_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
    http_add_header(req, "ETag", etag);
    http_add_header(req, "Accept-Ranges", "bytes");
    if (condition.p && !str_is(condition, etag))
        return true;
    switch (parse_range(http_header(req, "range"), size, &from, &end)) {
    case RANGE_NONE:
        break;
    case RANGE_GOOD:
        f->at = from;
        f->end = end;
        f->send.status = 206;
        snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, from, end - 1, size);
        http_add_header(req, "Content-Range", text);
        break;
    case RANGE_BEYOND:
        snprintf(text, sizeof text, "bytes */%" PRIu64, size);
        http_add_header(req, "Content-Range", text);
        http_reply_error(req, 416, "bad_range", NULL, "the file has %" PRIu64 " bytes", size);
        return false;
    }
    return true;
}

static void send_file(struct http_req *req, struct api *api, const char *name)
{
    static const struct http_send_ops ops = {.next = next, .begin = begin, .over = over};
    char disposition[EXPORT_NAME_MAX + 32], file[EXPORT_NAME_MAX];
    struct stat st;
    int fd;

    if (!export_room(req, api) || !open_file(req, api->settings->log_dir, name, &fd, &st))
        return;
    struct file_send *f = calloc(1, sizeof *f);
    if (!f) {
        close(fd);
        http_reply_error(req, 503, "no_memory", NULL, "the hub is short of memory; try again");
        return;
    }
    f->api = api;
    f->fd = fd;
    f->send.ops = &ops;
    f->send.status = 200;
    f->send.content_type = "text/plain; charset=utf-8";
    api->downloads++;
    export_file_name(file, str_from(name), STR_NONE, ".log");
    snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", file);
    http_add_header(req, "Vary", "Accept-Encoding");
    f->end = (uint64_t)st.st_size;
    f->send.is_coding =
        !http_header(req, "range").p && pack_gzip_accepted(http_header(req, "accept-encoding"));
    f->send.pack = f->send.is_coding ? PACK_GZIP : PACK_NONE;
    if (!f->send.is_coding && !choose_range(req, f, &st)) {
        over(&f->send);
        return;
    }
    http_add_header(req, "Content-Disposition", disposition);
    f->send.length = f->end - f->at;
    api->metrics->downloads_total++;
    http_send(req, &f->send);
}

void process_download(struct http_req *req, struct api *api)
{
    static const char *const stored[] = {"date", "from", "to", "tz", "format", "compress"};
    const struct process *p = supervise_find(api->supervise, api_param(req, "name"));

    for (size_t i = 0; i < sizeof stored / sizeof *stored; i++)
        if (http_query(req, stored[i]).p) {
            export_serve(req, api, "process_id", api_param(req, "name"), ROW_TEXT);
            return;
        }
    if (p)
        send_file(req, api, p->name);
    else
        http_reply_error(req, 404, "unknown_process", NULL, "there is no process '%s'",
                         quote(api_param(req, "name")).text);
}
