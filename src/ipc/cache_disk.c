/* SPDX-License-Identifier: MIT
 *
 * cache_disk.c - one LMDB database from the hash of a key to the whole of it.
 *
 *     value: i64 ends (wall clock, µs) | u32 key_n | u32 value_n | u32 tags_n | key | value | tags
 *
 * LMDB's keys are short, so the key is its 128-bit hash and the whole key is compared.
 */
#include "ipc/cache_disk.h"

#include "ipc/cache.h"
#include "ipc/frame_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { HEAD = 20, BOOT_ID = 36 };

struct disk {
    MDB_env *env;
    MDB_dbi db;
    struct buf found; /* what disk_find() returned last */
    char mark[1024];  /* path of the file that says which boot is writing */
};

/* --- the mark --- */

static size_t read_file(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size);

    if (fd >= 0)
        close(fd);
    return n > 0 ? (size_t)n : 0;
}

/* Was the file written in this boot, or closed? */
static bool can_be_trusted(const struct disk *d, const char boot[BOOT_ID], size_t boot_n)
{
    char mark[BOOT_ID] = {0};
    size_t n = read_file(d->mark, mark, sizeof mark);

    return n == 0 || (n == boot_n && memcmp(mark, boot, n) == 0);
}

static int write_mark(const struct disk *d, const char *boot, size_t n)
{
    int fd = open(d->mark, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -errno;
    ssize_t written = write(fd, boot, n);
    close(fd);
    return written == (ssize_t)n ? 0 : -EIO;
}

/* --- opening --- */

static int code_of(int lmdb)
{
    return lmdb == 0 ? 0 : lmdb > 0 ? -lmdb : -EIO;
}

static int open_env(struct disk *d, const char *dir, uint64_t max_bytes)
{
    MDB_txn *txn = NULL;
    int err = mdb_env_create(&d->env);

    if (err == 0)
        err = mdb_env_set_mapsize(d->env, max_bytes);
    if (err == 0)
        err = mdb_env_open(d->env, dir, MDB_NOSYNC | MDB_NOTLS, 0600);
    if (err == 0)
        err = mdb_txn_begin(d->env, NULL, 0, &txn);
    if (err == 0)
        err = mdb_dbi_open(txn, NULL, MDB_CREATE, &d->db);
    if (txn && err == 0)
        err = mdb_txn_commit(txn);
    else if (txn)
        mdb_txn_abort(txn);
    return code_of(err);
}

static int make_dir(const char *dir)
{
    struct stat st;

    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return -errno;
    if (lstat(dir, &st) < 0)
        return -errno;
    return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022) ? 0 : -EPERM;
}

static void remove_files(const char *dir)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    char path[1024];

    for (size_t i = 0; i < 2; i++)
        if (snprintf(path, sizeof path, "%s/%s", dir, names[i]) < (int)sizeof path)
            unlink(path);
}

int disk_open(struct disk **ret, const char *dir, uint64_t max_bytes)
{
    struct disk *d = calloc(1, sizeof *d);
    char boot[BOOT_ID];
    size_t boot_n = read_file("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    int err = d ? make_dir(dir) : -ENOMEM;

    if (err == 0 && snprintf(d->mark, sizeof d->mark, "%s/boot", dir) >= (int)sizeof d->mark)
        err = -ENAMETOOLONG;
    if (err == 0 && !can_be_trusted(d, boot, boot_n))
        remove_files(dir);
    if (err == 0)
        err = write_mark(d, boot, boot_n);
    if (err == 0)
        err = open_env(d, dir, max_bytes);
    if (err < 0) {
        if (d && d->env)
            mdb_env_close(d->env);
        free(d);
        return err;
    }
    *ret = d;
    return 0;
}

void disk_close(struct disk *d)
{
    if (!d)
        return;
    if (mdb_env_sync(d->env, 1) == 0)
        unlink(d->mark);
    mdb_env_close(d->env);
    buf_fini(&d->found);
    free(d);
}

/* --- one value --- */

static MDB_val hash_of(struct str key, XXH128_canonical_t *hash)
{
    XXH128_canonicalFromHash(hash, XXH3_128bits(key.p, key.n));
    return (MDB_val){sizeof hash->digest, hash->digest};
}

struct row {
    int64_t ends_us;
    struct str key, value, tags;
};

static bool read_row(struct str bytes, struct row *ret)
{
    struct cursor c = {bytes, false};

    ret->ends_us = (int64_t)take_u64(&c);
    uint32_t key_n = take_u32(&c), value_n = take_u32(&c), tags_n = take_u32(&c);
    ret->key = take(&c, key_n);
    ret->value = take(&c, value_n);
    ret->tags = take(&c, tags_n);
    return !c.too_short;
}

static bool copy_found(struct disk *d, MDB_val at, struct str key, int64_t wall_us,
                       struct disk_value *ret)
{
    struct row row;

    buf_clear(&d->found);
    buf_add(&d->found, at.mv_data, at.mv_size);
    if (d->found.failed || !read_row(buf_str(&d->found), &row) || !str_eq(row.key, key) ||
        row.ends_us <= wall_us)
        return false;
    *ret = (struct disk_value){row.value, row.tags, row.ends_us - wall_us};
    return true;
}

bool disk_find(struct disk *d, struct str key, int64_t wall_us, struct disk_value *ret)
{
    XXH128_canonical_t hash;
    MDB_val at = hash_of(key, &hash), value;
    MDB_txn *txn;
    bool found = false;

    if (mdb_txn_begin(d->env, NULL, MDB_RDONLY, &txn) != 0)
        return false;
    if (mdb_get(txn, d->db, &at, &value) == 0)
        found = copy_found(d, value, key, wall_us, ret);
    mdb_txn_abort(txn);
    return found;
}

static int put_row(struct disk *d, MDB_val at, const struct str parts[4])
{
    size_t n = parts[0].n + parts[1].n + parts[2].n + parts[3].n;
    MDB_val room = {n, NULL};
    MDB_txn *txn;
    int err = mdb_txn_begin(d->env, NULL, 0, &txn);

    if (err)
        return err;
    err = mdb_put(txn, d->db, &at, &room, MDB_RESERVE);
    if (err) {
        mdb_txn_abort(txn);
        return err;
    }
    char *to = room.mv_data;
    for (int i = 0; i < 4; to += parts[i++].n)
        if (parts[i].n)
            memcpy(to, parts[i].p, parts[i].n);
    return mdb_txn_commit(txn);
}

/* Which rows are to go: those that ended by then (and any that cannot be read), or those with the
 * tag, or whose key starts so. */
struct choice {
    int64_t ended_us; /* 0: by tag or key */
    struct str prefix, tag;
};

static bool is_chosen(const struct choice *c, struct str bytes)
{
    struct row row;

    if (!read_row(bytes, &row))
        return c->ended_us != 0;
    if (c->ended_us)
        return row.ends_us <= c->ended_us;
    return c->tag.n ? cache_has_tag(row.tags, c->tag) : str_starts(row.key, c->prefix);
}

static uint32_t drop_chosen(struct disk *d, MDB_txn *txn, const struct choice *c)
{
    MDB_cursor *at = NULL;
    MDB_val key, value;
    uint32_t gone = 0;

    if (mdb_cursor_open(txn, d->db, &at) != 0)
        return 0;
    while (mdb_cursor_get(at, &key, &value, MDB_NEXT) == 0)
        gone += is_chosen(c, str_of(value.mv_data, value.mv_size)) && mdb_cursor_del(at, 0) == 0;
    mdb_cursor_close(at);
    return gone;
}

/* What has ended goes; when nothing has, everything. */
static void make_room(struct disk *d, int64_t wall_us)
{
    MDB_txn *txn;

    if (mdb_txn_begin(d->env, NULL, 0, &txn) != 0)
        return;
    if (drop_chosen(d, txn, &(struct choice){.ended_us = wall_us}) == 0)
        mdb_drop(txn, d->db, 0);
    mdb_txn_commit(txn);
}

void disk_put(struct disk *d, struct str key, const struct disk_value *value, int64_t wall_us)
{
    XXH128_canonical_t hash;
    MDB_val at = hash_of(key, &hash);
    uint8_t head[HEAD];
    const struct str parts[4] = {str_of((const char *)head, HEAD), key, value->value, value->tags};

    put_le(head, (uint64_t)(wall_us + value->left_us), 8);
    put_le(head + 8, key.n, 4);
    put_le(head + 12, value->value.n, 4);
    put_le(head + 16, value->tags.n, 4);
    for (int tries = 0; tries < 3 && put_row(d, at, parts) == MDB_MAP_FULL; tries++)
        make_room(d, tries ? INT64_MAX : wall_us);
}

uint32_t disk_drop(struct disk *d, struct str key)
{
    XXH128_canonical_t hash;
    MDB_val at = hash_of(key, &hash);
    MDB_txn *txn;

    if (mdb_txn_begin(d->env, NULL, 0, &txn) != 0)
        return 0;
    bool gone = mdb_del(txn, d->db, &at, NULL) == 0;
    return mdb_txn_commit(txn) == 0 && gone ? 1 : 0;
}

uint32_t disk_drop_where(struct disk *d, struct str prefix, struct str tag)
{
    MDB_txn *txn;

    if (mdb_txn_begin(d->env, NULL, 0, &txn) != 0)
        return 0;
    uint32_t gone = drop_chosen(d, txn, &(struct choice){.prefix = prefix, .tag = tag});
    return mdb_txn_commit(txn) == 0 ? gone : 0;
}
