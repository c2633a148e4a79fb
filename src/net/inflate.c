/* SPDX-License-Identifier: MIT
 *
 * inflate.c - zlib and libzstd behind one call.
 *
 * Both formats allow several members one after another, and people make such files by appending; a
 * new member begins where one has ended, if anything follows it.
 */
#include "net/inflate.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
    ZLIB_WINDOW_GZIP = 15 + 16,
    ZLIB_BYTES = 48 * 1024,  /* what zlib says it needs for 32 KiB of window */
    ZSTD_WINDOW_LOG_MAX = 23 /* 8 MiB, what every decoder should grant (RFC 8878, 3.1.1.1.2) */
};

struct inflate {
    bool is_zstd;
    bool whole; /* a member has ended and no other has begun */
    z_stream zlib;
    ZSTD_DCtx *zstd;
    uint64_t in, out, max;
};

static int open_zlib(struct inflate *z)
{
    return inflateInit2(&z->zlib, ZLIB_WINDOW_GZIP) == Z_OK ? 0 : -ENOMEM;
}

static int open_zstd(struct inflate *z)
{
    z->is_zstd = true;
    z->zstd = ZSTD_createDCtx();
    if (!z->zstd)
        return -ENOMEM;
    ZSTD_DCtx_setParameter(z->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
    return 0;
}

int inflate_new(struct inflate **ret, struct str coding, uint64_t max)
{
    bool gzip = str_eq_nocase(coding, STR("gzip")) || str_eq_nocase(coding, STR("x-gzip"));
    bool zstd = str_eq_nocase(coding, STR("zstd"));

    if (coding.n == 0 || str_eq_nocase(coding, STR("identity"))) {
        *ret = NULL;
        return 0;
    }
    if (!gzip && !zstd)
        return -LM_E_UNKNOWN;
    struct inflate *z = calloc(1, sizeof *z);
    if (!z)
        return -ENOMEM;
    z->max = max;
    int err = gzip ? open_zlib(z) : open_zstd(z);
    if (err < 0)
        free(z);
    else
        *ret = z;
    return err;
}

void inflate_free(struct inflate *z)
{
    if (!z)
        return;
    if (z->is_zstd)
        ZSTD_freeDCtx(z->zstd);
    else
        inflateEnd(&z->zlib);
    free(z);
}

static bool is_beyond_limits(const struct inflate *z)
{
    return z->out > z->max || z->out > INFLATE_FREE + z->in * INFLATE_RATIO_MAX;
}

static ssize_t next_zlib(struct inflate *z, struct str *in, char *out, size_t room)
{
    union {
        const char *in;
        Bytef *z;
    } start = {.in = in->p}; /* zlib does not write to it, its type only lacks the const */

    if (z->whole && inflateReset(&z->zlib) != Z_OK)
        return -LM_E_DAMAGED;
    z->zlib.next_in = start.z;
    z->zlib.avail_in = (uInt)in->n;
    z->zlib.next_out = (Bytef *)out;
    z->zlib.avail_out = (uInt)room;
    int rc = inflate(&z->zlib, Z_NO_FLUSH);
    if (rc == Z_MEM_ERROR)
        return -ENOMEM;
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
        return -LM_E_DAMAGED;
    z->whole = rc == Z_STREAM_END;
    *in = str_of(in->p + (in->n - z->zlib.avail_in), z->zlib.avail_in);
    return (ssize_t)(room - z->zlib.avail_out);
}

static ssize_t next_zstd(struct inflate *z, struct str *in, char *out, size_t room)
{
    ZSTD_inBuffer from = {in->p, in->n, 0};
    ZSTD_outBuffer to = {out, room, 0};

    size_t rc = ZSTD_decompressStream(z->zstd, &to, &from);
    if (ZSTD_isError(rc))
        return ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation ? -ENOMEM : -LM_E_DAMAGED;
    z->whole = rc == 0;
    *in = str_of(in->p + from.pos, in->n - from.pos);
    return (ssize_t)to.pos;
}

ssize_t inflate_next(struct inflate *z, struct str *in, char *out, size_t room)
{
    size_t before = in->n;

    if (z->whole && in->n == 0)
        return 0;
    /* One byte more than is allowed shows that there is more. */
    size_t slice = z->max - z->out < room ? (size_t)(z->max - z->out) + 1 : room;
    ssize_t n = z->is_zstd ? next_zstd(z, in, out, slice) : next_zlib(z, in, out, slice);
    if (n < 0)
        return n;
    z->in += before - in->n;
    z->out += (uint64_t)n;
    return is_beyond_limits(z) ? -LM_E_FULL : n;
}

bool inflate_is_whole(const struct inflate *z)
{
    return z->whole;
}

size_t inflate_memory(const struct inflate *z)
{
    return z->is_zstd ? ZSTD_sizeof_DCtx(z->zstd) : ZLIB_BYTES;
}
