/* SPDX-License-Identifier: MIT
 *
 * segment_open.c - what is in a pair of files after whatever happened (docs/store-format.md,
 * "Recovery").
 *
 * The records of the .idx file are walked from the front. At the first that does not hold, the
 * index is made anew from there on: from the chunks themselves, which say how long they are.
 * Nothing of the chunks is read but their heads, so opening takes no longer for a large store than
 * for its index.
 */
#include "store/segment_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct opening {
    struct segment *s;
    const char *dir;
    uint32_t epoch;
    uint64_t seg_size, idx_size; /* of the files */
    struct segment_report *report;
    struct sealed_positions *positions;
    struct buf bytes;
    bool look_only;
    bool foreign; /* there was a chunk or record of another store */
};

static int read_at(int fd, uint64_t at, size_t n, struct buf *out)
{
    buf_clear(out);
    int err = buf_reserve(out, n);

    while (err == 0 && out->n < n) {
        ssize_t did = pread(fd, out->p + out->n, n - out->n, (off_t)(at + out->n));
        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0)
            return did < 0 ? -errno : -LM_E_DAMAGED;
        out->n += (size_t)did;
    }
    return err;
}

/* Reads the record at `at` as far as chunk_open() wants it. */
static int read_record(struct opening *o, uint64_t at, struct chunk_idx *ret)
{
    int err = o->idx_size - at < CHUNK_IDX_HEAD
                  ? -LM_E_DAMAGED
                  : read_at(o->s->files->idx_fd, at, CHUNK_IDX_HEAD, &o->bytes);

    if (err == 0)
        err = chunk_idx_read(buf_str(&o->bytes), ret);
    if (err == 0 && ret->epoch != o->epoch) {
        o->foreign = true;
        err = -LM_E_DAMAGED;
    }
    if (err == 0 && ret->size > o->idx_size - at)
        err = -LM_E_DAMAGED;
    if (err == 0)
        err = read_at(o->s->files->idx_fd, at, ret->open_n, &o->bytes);
    return err < 0 ? err : chunk_idx_read(buf_str(&o->bytes), ret);
}

static void keep_positions(struct opening *o, const struct chunk_idx *record)
{
    if (!record->positions.n || record->end_id < o->positions->end_id)
        return;
    buf_clear(&o->positions->bytes);
    buf_add_str(&o->positions->bytes, record->positions);
    o->positions->end_id = record->end_id;
}

/* Is the chunk that the record speaks of where it should be? A .seg file that is short keeps what
 * it has: the chunk says itself what cannot be read. */
static int check_chunk(struct opening *o, const struct chunk_idx *record)
{
    struct chunk_seg seg;

    if (record->seg_at != o->s->seg_n)
        return -LM_E_DAMAGED;
    if (record->seg_at + record->seg_n > o->seg_size) {
        o->report->lost_bytes += record->seg_at + record->seg_n - o->seg_size;
        o->s->closed = true;
        return 0;
    }
    /* An index that belongs elsewhere shows at its ends. */
    if (record->seg_at > 0 && o->s->idx_n + record->size < o->idx_size)
        return 0;
    int err = chunk_seg_read(o->s->files->seg_fd, record->seg_at, &seg);
    if (err == -LM_E_DAMAGED) /* its head has damage: the record still has what matters */
        return 0;
    if (err < 0)
        return err;
    return seg.first_id == record->first_id && seg.size == record->seg_n ? 0 : -LM_E_DAMAGED;
}

static int add_chunk(struct opening *o, struct str bytes, const struct chunk_idx *record)
{
    struct chunk *c;
    int err = segment_reserve(o->s);

    if (err == 0)
        err = chunk_open(o->s->files, bytes, o->s->idx_n, &c);
    if (err < 0)
        return err;
    segment_take(o->s, c);
    keep_positions(o, record);
    return 0;
}

/* Takes records as long as they hold. 1: all of them did. */
static int walk_records(struct opening *o)
{
    struct chunk_idx record;
    int err = 0;

    while (err == 0 && o->s->idx_n < o->idx_size) {
        err = read_record(o, o->s->idx_n, &record);
        if (err == 0)
            err = check_chunk(o, &record);
        if (err == 0)
            err = add_chunk(o, buf_str(&o->bytes), &record);
    }
    return err == 0 ? 1 : err == -LM_E_DAMAGED ? 0 : err;
}

/* Behind damage there may be later records: of the last one the positions are worth having. */
static int find_positions(struct opening *o)
{
    struct chunk_idx record;
    int err = 0;

    for (uint64_t at = o->s->idx_n; err == 0 && at + CHUNK_IDX_HEAD <= o->idx_size;) {
        err = read_record(o, at, &record);
        if (err == 0)
            keep_positions(o, &record);
        at += err == 0 ? record.size : 8;
        err = err == -LM_E_DAMAGED ? 0 : err;
    }
    return err;
}

/* --- making the index anew --- */

static int copy_records(struct opening *o, int to)
{
    enum { PIECE = 1 << 20 };
    int err = 0;

    for (uint64_t at = 0; err == 0 && at < o->s->idx_n; at += o->bytes.n) {
        uint64_t left = o->s->idx_n - at;
        err = read_at(o->s->files->idx_fd, at, left < PIECE ? (size_t)left : PIECE, &o->bytes);
        if (err == 0)
            err = segment_write(to, o->bytes.p, o->bytes.n, at);
    }
    return err;
}

/* One record for the chunk at seg_at. It has the table that is known, unless that is older than the
 * chunk. */
static int rebuild_one(struct opening *o, uint64_t seg_at, uint64_t end_id, int to)
{
    struct str positions =
        end_id <= o->positions->end_id ? buf_str(&o->positions->bytes) : STR_NONE;
    struct buf bytes = {0};
    struct chunk_idx record;
    int err = chunk_rebuild_idx(o->s->files->seg_fd, seg_at, positions, &bytes);

    if (err == 0)
        err = chunk_idx_read(buf_str(&bytes), &record);
    if (err == 0)
        err = segment_write(to, bytes.p, bytes.n, o->s->idx_n);
    if (err == 0)
        err = add_chunk(o, buf_str(&bytes), &record);
    o->report->rebuilt += err == 0;
    buf_fini(&bytes);
    return err;
}

/* Is a chunk of this store here that has not been seen yet? 1 and its length, or 0. */
static int chunk_here(struct opening *o, uint64_t at, struct chunk_seg *ret)
{
    const struct segment *s = o->s;
    uint64_t next_id = s->count ? s->chunks[s->count - 1]->end_id : s->first_id;
    int err = chunk_seg_read(s->files->seg_fd, at, ret);

    if (err == -LM_E_DAMAGED)
        return 0;
    if (err == 0 && ret->epoch != o->epoch)
        o->foreign = true;
    return err < 0 ? err : ret->epoch == o->epoch && ret->first_id >= next_id;
}

/* Looks at every multiple of 8 from what is known on. */
static int rebuild_records(struct opening *o, int to)
{
    uint64_t at = o->s->seg_n;
    struct chunk_seg seg;
    int r = 0;

    while (r >= 0 && at + 8 <= o->seg_size) {
        uint64_t before = o->s->seg_n;
        r = chunk_here(o, at, &seg);
        if (r == 1) {
            o->report->lost_bytes += at - before;
            r = rebuild_one(o, at, seg.end_id, to);
            at += seg.size;
        } else
            at += 8;
    }
    return r < 0 ? r : 0;
}

/* The new index takes the place of the old one by rename, so a crash leaves one or the other. */
static int rebuild(struct opening *o)
{
    char path[SEGMENT_PATH], made[SEGMENT_PATH];
    struct segment *s = o->s;

    segment_path(o->dir, s->day, s->name, ".idx", path);
    segment_path(o->dir, s->day, s->name, ".new", made);
    int fd = open(made, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int err = fd < 0 ? -errno : copy_records(o, fd);
    if (err == 0)
        err = rebuild_records(o, fd);
    if (err == 0 && (fsync(fd) < 0 || rename(made, path) < 0))
        err = -errno;
    if (err == 0) {
        /* Chunks that are open share the struct, so they read the new file from here on. */
        close(s->files->idx_fd);
        s->files->idx_fd = fd;
        snprintf(path, sizeof path, "%s/%s", o->dir, s->day);
        return segment_sync_dir(path);
    }
    if (fd >= 0) {
        close(fd);
        unlink(made);
    }
    return err;
}

/* --- the whole --- */

static int open_files(struct opening *o)
{
    char path[SEGMENT_PATH];
    struct stat seg, idx;
    struct segment *s = o->s;

    segment_path(o->dir, s->day, s->name, ".seg", path);
    int access = o->look_only ? O_RDONLY : O_RDWR | O_CREAT;
    int seg_fd = open(path, (access & ~O_CREAT) | O_CLOEXEC | O_NOFOLLOW);
    if (seg_fd < 0)
        return -errno;
    segment_path(o->dir, s->day, s->name, ".idx", path);
    int idx_fd = open(path, access | O_CLOEXEC | O_NOFOLLOW, 0600);
    int err = idx_fd < 0 ? -errno : 0;
    if (err == 0 && (fstat(seg_fd, &seg) < 0 || fstat(idx_fd, &idx) < 0))
        err = -errno;
    if (err < 0) {
        close(seg_fd);
        if (idx_fd >= 0)
            close(idx_fd);
        return err;
    }
    o->seg_size = (uint64_t)seg.st_size;
    o->idx_size = (uint64_t)idx.st_size;
    return segment_adopt(s, seg_fd, idx_fd);
}

/* Bytes behind the last chunk and the last record are what a crash left. */
static int cut_tails(struct opening *o)
{
    struct segment *s = o->s;

    if (o->seg_size > s->seg_n) {
        o->report->cut_bytes += o->seg_size - s->seg_n;
        if (ftruncate(s->files->seg_fd, (off_t)s->seg_n) < 0)
            return -errno;
    }
    if (o->idx_size > s->idx_n)
        o->report->cut_bytes += o->idx_size - s->idx_n; /* rebuild() has left it behind */
    return 0;
}

static void set_aside(struct opening *o)
{
    static const char *const endings[] = {".seg", ".idx"};
    char from[SEGMENT_PATH], to[SEGMENT_PATH], name[SEGMENT_NAME + 16];

    snprintf(name, sizeof name, "damaged-%s", o->s->name);
    for (int i = 0; i < 2; i++) {
        segment_path(o->dir, o->s->day, o->s->name, endings[i], from);
        segment_path(o->dir, o->s->day, name, endings[i], to);
        o->report->set_aside += rename(from, to) == 0;
    }
}

static int open_pair(struct opening *o)
{
    int err = open_files(o);
    if (err < 0)
        return err;
    int whole = walk_records(o);
    if (whole < 0)
        return whole;
    bool behind = o->seg_size > o->s->seg_n;
    struct chunk_seg seg;
    if (o->look_only && behind &&
        chunk_seg_read(o->s->files->seg_fd, o->s->seg_n, &seg) == -LM_E_VERSION)
        return -LM_E_VERSION;
    if (o->look_only) {
        o->s->idx_ends_early = whole == 0;
        o->s->tail_n = (behind ? o->seg_size - o->s->seg_n : 0) + o->idx_size - o->s->idx_n;
        return 0;
    }
    if (whole == 0 || (o->idx_size == 0 && behind)) {
        err = find_positions(o);
        if (err == 0)
            err = rebuild(o);
    }
    if (err == 0 && o->s->count == 0 && o->foreign)
        err = -LM_E_DAMAGED;
    return err < 0 ? err : cut_tails(o);
}

int segment_open(const char *dir, const char *day, const char *name, uint32_t epoch, bool look_only,
                 struct segment_report *report, struct sealed_positions *positions,
                 struct segment **ret)
{
    struct opening o = {.s = segment_new(day, name),
                        .dir = dir,
                        .epoch = epoch,
                        .look_only = look_only,
                        .report = report,
                        .positions = positions};
    int err = o.s ? open_pair(&o) : -ENOMEM;

    if ((err == -LM_E_DAMAGED || err == -ENOENT) && !look_only)
        set_aside(&o);
    if (err == 0)
        *ret = o.s;
    else
        segment_close(o.s);
    buf_fini(&o.bytes);
    return err;
}
