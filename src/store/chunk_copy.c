/* SPDX-License-Identifier: MIT
 *
 * chunk_copy.c - a chunk as it is, for another place.
 */
#include "store/chunk_format.h"
#include "store/chunk_reader.h"
#include "store/chunk_seal.h"

int chunk_copy(const struct chunk *c, uint64_t seg_at, struct chunk_image *ret)
{
    *ret = (struct chunk_image){.first_id = c->first_id,
                                .end_id = c->end_id,
                                .count = c->count,
                                .min_arrival_us = c->min_arrival_us,
                                .max_arrival_us = c->max_arrival_us};
    int err = read_buf(c->files->seg_fd, c->seg_at, c->seg_n, &ret->seg);

    if (err == 0)
        err = read_buf(c->files->idx_fd, c->idx_at, c->idx_n, &ret->idx);
    if (err < 0) {
        chunk_image_fini(ret);
        return err;
    }
    format_put64(ret->idx.p + INDEX_SEG_AT, seg_at);
    format_put64(ret->idx.p + INDEX_CHECK, format_check(ret->idx.p, INDEX_CHECK));
    return 0;
}

int chunk_positions(const struct chunk *c, struct buf *bytes, struct str *ret)
{
    struct chunk_idx idx;
    int err = read_buf(c->files->idx_fd, c->idx_at, c->idx_n, bytes);

    if (err == 0)
        err = chunk_idx_read(buf_str(bytes), &idx);
    if (err == 0)
        *ret = idx.positions;
    return err;
}
