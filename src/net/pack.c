/* SPDX-License-Identifier: MIT
 *
 * pack.c - zlib and libzstd behind one call. Level 1 of both: a download should not cost the hub
 * more than the reading of it, and levels above save a tenth of the bytes for twice the time.
 */
#include "net/pack.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { LEVEL = 1, ZLIB_WINDOW_GZIP = 15 + 16, ZLIB_MEMORY = 8, ROOM = 16 * 1024 };

struct pack {
    enum pack_kind kind;
    z_stream zlib;
    ZSTD_CCtx *zstd;
};

static int open_zstd(struct pack *p)
{
    p->zstd = ZSTD_createCCtx();
    if (!p->zstd)
        return -ENOMEM;
    ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1);
    return 0;
}

static int open_zlib(struct pack *p)
{
    int rc = deflateInit2(&p->zlib, LEVEL, Z_DEFLATED, ZLIB_WINDOW_GZIP, ZLIB_MEMORY,
                          Z_DEFAULT_STRATEGY);
    return rc == Z_OK ? 0 : -ENOMEM;
}

int pack_new(struct pack **ret, enum pack_kind kind)
{
    struct pack *p = calloc(1, sizeof *p);

    if (!p)
        return -ENOMEM;
    p->kind = kind;
    int err = kind == PACK_ZSTD ? open_zstd(p) : open_zlib(p);
    if (err < 0)
        free(p);
    else
        *ret = p;
    return err;
}

void pack_free(struct pack *p)
{
    if (!p)
        return;
    if (p->kind == PACK_ZSTD)
        ZSTD_freeCCtx(p->zstd);
    else
        deflateEnd(&p->zlib);
    free(p);
}

static int add_zlib(struct pack *p, struct str in, bool last, struct buf *out)
{
    union {
        const char *in;
        Bytef *z;
    } start = {.in = in.p}; /* zlib does not write to it, its type only lacks the const */

    p->zlib.next_in = start.z;
    p->zlib.avail_in = (uInt)in.n;
    do {
        if (buf_reserve(out, ROOM) < 0)
            return -ENOMEM;
        p->zlib.next_out = (Bytef *)out->p + out->n;
        p->zlib.avail_out = ROOM;
        deflate(&p->zlib, last ? Z_FINISH : Z_NO_FLUSH); /* the stream is ours: it cannot fail */
        out->n += ROOM - p->zlib.avail_out;
    } while (p->zlib.avail_out == 0);
    lm_assert(p->zlib.avail_in == 0);
    return 0;
}

static int add_zstd(struct pack *p, struct str in, bool last, struct buf *out)
{
    ZSTD_inBuffer from = {in.p, in.n, 0};
    bool done = false;

    while (!done) {
        if (buf_reserve(out, ROOM) < 0)
            return -ENOMEM;
        ZSTD_outBuffer to = {out->p + out->n, ROOM, 0};
        size_t left =
            ZSTD_compressStream2(p->zstd, &to, &from, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left)) /* parameters and state are ours; only memory can be short */
            return -ENOMEM;
        out->n += to.pos;
        done = last ? left == 0 : from.pos == from.size && to.pos < ROOM;
    }
    return 0;
}

int pack_add(struct pack *p, struct str in, bool last, struct buf *out)
{
    return p->kind == PACK_ZSTD ? add_zstd(p, in, last, out) : add_zlib(p, in, last, out);
}

/* "q=0", "q=0.000": not wanted. */
static bool is_refused(struct str params)
{
    struct str value, name = str_trim(str_cut(str_trim(params), '=', &value));

    if (!str_eq_nocase(name, STR("q")))
        return false;
    value = str_trim(value);
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] != '0' && value.p[i] != '.')
            return false;
    return true;
}

bool pack_gzip_accepted(struct str accept_encoding)
{
    bool any = false;

    for (struct str rest = accept_encoding; rest.n;) {
        struct str params, item = str_cut(rest, ',', &rest);
        struct str coding = str_trim(str_cut(item, ';', &params));
        if (str_eq_nocase(coding, STR("gzip")) || str_eq_nocase(coding, STR("x-gzip")))
            return !is_refused(params);
        if (str_is(coding, "*"))
            any = !is_refused(params);
    }
    return any;
}
