/* SPDX-License-Identifier: MIT
 *
 * chunk_codec.c - zstd, level 1: higher levels were slower and not smaller on lines of logs.
 */
#include "store/chunk_codec.h"

#include <errno.h>
#include <zstd.h>

int pack(struct packer *p, struct str raw, struct buf *out, uint8_t *ret_codec)
{
    size_t bound = ZSTD_compressBound(raw.n), n = raw.n;

    if (!p->zstd)
        p->zstd = ZSTD_createCCtx();
    if (!p->zstd || buf_reserve(out, bound) < 0)
        return -ENOMEM;
    if (raw.n)
        n = ZSTD_compressCCtx(p->zstd, out->p + out->n, bound, raw.p, raw.n, 1);
    if (ZSTD_isError(n))
        return -ENOMEM; /* with room enough nothing else can happen */
    *ret_codec = n < raw.n ? CODEC_ZSTD : CODEC_RAW;
    if (*ret_codec == CODEC_ZSTD)
        out->n += n;
    else
        buf_add_str(out, raw);
    return buf_error(out);
}

void packer_fini(struct packer *p)
{
    ZSTD_freeCCtx(p->zstd);
    p->zstd = NULL;
}

int unpack(struct unpacker *u, uint8_t codec, struct str disk, char *to, size_t raw_n)
{
    if (codec == CODEC_RAW) {
        if (disk.n != raw_n)
            return -LM_E_DAMAGED;
        if (raw_n)
            memcpy(to, disk.p, raw_n);
        return 0;
    }
    if (codec != CODEC_ZSTD)
        return -LM_E_VERSION;
    if (!u->zstd)
        u->zstd = ZSTD_createDCtx();
    if (!u->zstd)
        return -ENOMEM;
    size_t n = ZSTD_decompressDCtx(u->zstd, to, raw_n, disk.p, disk.n);
    return ZSTD_isError(n) || n != raw_n ? -LM_E_DAMAGED : 0;
}

void unpacker_fini(struct unpacker *u)
{
    ZSTD_freeDCtx(u->zstd);
    u->zstd = NULL;
}
