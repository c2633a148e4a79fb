/* SPDX-License-Identifier: MIT
 *
 * ws_deflate.c - zlib, raw, one message at a time.
 */
#include "net/ws_deflate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <zlib.h>

enum {
    STEP = 64 * 1024,
    MEM_LEVEL = 5,
};

/* Every message ends in an empty stored block of which these bytes are not sent. */
static const unsigned char tail[] = {0x00, 0x00, 0xff, 0xff};

/* --- the handshake --- */

struct offer {
    int server_bits, client_bits; /* 0: not mentioned; client_bits 15 when it has no value */
    bool seen_server_takeover, seen_client_takeover;
};

static bool read_bits(struct str value, int *ret)
{
    uint64_t n;

    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
        value = str_of(value.p + 1, value.n - 2);
    if (value.n == 0 || value.p[0] == '0' || !str_to_u64(value, &n) || n < 8 || n > 15 || *ret)
        return false;
    *ret = (int)n;
    return true;
}

static bool read_once(struct str value, bool *seen)
{
    bool first = !*seen;
    *seen = true;
    return first && !value.p;
}

/* One parameter; false refuses the whole offer (RFC 7692, 7.1: unknown, twice, or a bad value). */
static bool read_param(struct offer *o, struct str param, int least)
{
    struct str value, name = str_trim(str_cut(param, '=', &value));

    if (value.p)
        value = str_trim(value);
    if (str_is(name, "server_no_context_takeover"))
        return read_once(value, &o->seen_server_takeover);
    if (str_is(name, "client_no_context_takeover"))
        return read_once(value, &o->seen_client_takeover);
    if (str_is(name, "server_max_window_bits"))
        return read_bits(value, &o->server_bits) && o->server_bits >= least;
    if (!str_is(name, "client_max_window_bits"))
        return false;
    if (!value.p && !o->client_bits) {
        o->client_bits = 15;
        return true;
    }
    return read_bits(value, &o->client_bits);
}

static bool read_offer(struct offer *o, struct str text, int least)
{
    struct str params;

    *o = (struct offer){0};
    if (!str_is(str_trim(str_cut(text, ';', &params)), "permessage-deflate"))
        return false;
    while (params.p)
        if (!read_param(o, str_trim(str_cut(params, ';', &params)), least))
            return false;
    return true;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

int ws_deflate_agree(struct str offers, int least, char ret[WS_EXTENSION_MAX])
{
    struct offer o;

    lm_assert(least >= WS_WINDOW_BITS_MIN && least <= WS_WINDOW_BITS);
    while (offers.p) {
        if (!read_offer(&o, str_cut(offers, ',', &offers), least))
            continue;
        int n = snprintf(ret, WS_EXTENSION_MAX,
                         "permessage-deflate; server_no_context_takeover; "
                         "client_no_context_takeover");
        if (o.server_bits)
            n += snprintf(ret + n, WS_EXTENSION_MAX - (size_t)n, "; server_max_window_bits=%d",
                          smaller(o.server_bits, WS_WINDOW_BITS));
        if (o.client_bits)
            snprintf(ret + n, WS_EXTENSION_MAX - (size_t)n, "; client_max_window_bits=%d",
                     smaller(o.client_bits, WS_WINDOW_BITS));
        return o.server_bits ? smaller(o.server_bits, WS_WINDOW_BITS) : WS_WINDOW_BITS;
    }
    return 0;
}

/* --- out --- */

/* zlib does not write to what it reads; only the type of next_in lacks the const. */
static Bytef *input(struct str s)
{
    union {
        const char *in;
        Bytef *out;
    } p = {.in = s.p};
    return p.out;
}

void ws_deflate(struct buf *out, struct str payload, int window_bits)
{
    z_stream z = {.next_in = input(payload), .avail_in = (uInt)payload.n};

    if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, -window_bits, MEM_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        out->failed = true;
        return;
    }
    size_t room = deflateBound(&z, payload.n) + sizeof tail + 8;
    if (buf_reserve(out, room) < 0) {
        out->failed = true;
    } else {
        z.next_out = (Bytef *)out->p + out->n;
        z.avail_out = (uInt)room;
        deflate(&z, Z_SYNC_FLUSH);
        lm_assert(z.avail_in == 0 && z.avail_out > 0 && z.total_out >= sizeof tail);
        out->n += z.total_out - sizeof tail;
    }
    deflateEnd(&z);
}

/* --- in --- */

struct ws_inflate {
    z_stream z;
    uint8_t tail_sent; /* bytes of `tail` that were given to zlib */
};

int ws_inflate_new(struct ws_inflate **ret)
{
    struct ws_inflate *z = calloc(1, sizeof *z);

    if (!z || inflateInit2(&z->z, -15) != Z_OK) {
        free(z);
        return -ENOMEM;
    }
    *ret = z;
    return 0;
}

void ws_inflate_free(struct ws_inflate *z)
{
    if (z)
        inflateEnd(&z->z);
    free(z);
}

/* One call of inflate() into at most `room` bytes. Returns how many came out. */
static ssize_t run(struct ws_inflate *z, struct str *in, char *out, size_t room)
{
    z->z.next_in = input(*in);
    z->z.avail_in = (uInt)in->n;
    z->z.next_out = (Bytef *)out;
    z->z.avail_out = (uInt)room;
    int e = inflate(&z->z, Z_SYNC_FLUSH);
    *in = str_of(in->p + (in->n - z->z.avail_in), z->z.avail_in);
    if (e == Z_STREAM_END) /* a sender may end its stream with the message (RFC 7692, 7.2.3.5) */
        e = inflateReset(&z->z);
    if (e == Z_MEM_ERROR)
        return -ENOMEM;
    if (e != Z_OK && e != Z_BUF_ERROR)
        return -LM_E_DAMAGED;
    return (ssize_t)(room - z->z.avail_out);
}

int ws_inflate_step(struct ws_inflate *z, struct str *piece, bool last, struct buf *out, size_t max)
{
    size_t room = max - out->n < STEP ? max - out->n + 1 : STEP;
    struct str rest = str_of((const char *)tail + z->tail_sent, sizeof tail - z->tail_sent);
    bool in_tail = piece->n == 0 && last;

    if (buf_reserve(out, room) < 0)
        return -ENOMEM;
    ssize_t n = run(z, in_tail ? &rest : piece, out->p + out->n, room);
    if (n < 0)
        return (int)n;
    if (in_tail)
        z->tail_sent = (uint8_t)(sizeof tail - rest.n);
    if ((size_t)n > max - out->n)
        return -LM_E_FULL;
    out->n += (size_t)n;
    if ((size_t)n == room || piece->n > 0)
        return 1;
    return last && !in_tail;
}
