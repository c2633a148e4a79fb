/* SPDX-License-Identifier: MIT
 *
 * chunk_mend.c - looking for chunks where no index says that they are.
 */
#include "store/chunk.h"
#include "store/chunk_format.h"

#include <errno.h>
#include <unistd.h>

int chunk_seg_read(int seg_fd, uint64_t seg_at, struct chunk_seg *ret)
{
    char h[CHUNK_HEAD];
    ssize_t n = pread(seg_fd, h, sizeof h, (off_t)seg_at);

    if (n < 0)
        return -errno;
    if (n < (ssize_t)sizeof h)
        return 0;
    if (!str_eq(str_of(h, CHUNK_MAGIC.n), CHUNK_MAGIC) ||
        format_check(h, CHUNK_CHECK) != format_u64(h + CHUNK_CHECK))
        return -LM_E_DAMAGED;
    *ret = (struct chunk_seg){.size = format_u32(h + CHUNK_SIZE),
                              .epoch = format_u32(h + CHUNK_EPOCH),
                              .first_id = format_u64(h + CHUNK_FIRST_ID),
                              .end_id = format_u64(h + CHUNK_END_ID)};
    return 1;
}

/* Not yet: the records of the segment stay in the journal, or are lost with their index. */
int chunk_rebuild_idx(int seg_fd, uint64_t seg_at, struct str positions, struct buf *ret_idx)
{
    (void)seg_fd;
    (void)seg_at;
    (void)positions;
    (void)ret_idx;
    return -LM_E_DAMAGED;
}

/* Not yet: space comes back when the day goes. */
int chunk_dead_ranges(struct chunk *c, const struct tombs *tombs, int64_t now_us,
                      chunk_range_fn *fn, void *ctx)
{
    (void)c;
    (void)tombs;
    (void)now_us;
    (void)fn;
    (void)ctx;
    return 0;
}
