/* SPDX-License-Identifier: MIT
 *
 * engineio_mail.c - WebSocket frames of ours, taken apart for a client that polls.
 *
 *     [text frame: 4hello][binary frame: 01 02 03]  ─▶  4hello <0x1e> bAQID
 */
#include "net/engineio.h"

#include <openssl/evp.h>

enum { SEPARATOR = 0x1e };

/* The payload of the first frame in `mail`, which is whole; *rest is what follows. */
static struct str take_frame(struct str mail, struct str *rest)
{
    const unsigned char *p = (const unsigned char *)mail.p;
    size_t wide = p[1] < 126 ? 0 : p[1] == 126 ? 2 : 8;
    size_t n = wide ? 0 : p[1], head = 2 + wide;

    for (size_t i = 0; i < wide; i++)
        n = n << 8 | p[2 + i];
    lm_assert(head + n <= mail.n);
    *rest = str_of(mail.p + head + n, mail.n - head - n);
    return str_of(mail.p + head, n);
}

static void add_base64(struct buf *out, struct str bytes)
{
    size_t n = (bytes.n + 2) / 3 * 4;

    if (buf_reserve(out, n + 1) < 0) {
        out->failed = true;
        return;
    }
    EVP_EncodeBlock((unsigned char *)out->p + out->n, (const unsigned char *)bytes.p, (int)bytes.n);
    out->n += n;
}

void eio_mail_unpack(struct str mail, struct buf *out)
{
    while (mail.n) {
        bool binary = (mail.p[0] & 0x0f) == WS_BINARY;
        struct str payload = take_frame(mail, &mail);

        if (out->n)
            buf_add_char(out, SEPARATOR);
        if (binary) {
            buf_add_char(out, 'b');
            add_base64(out, payload);
        } else {
            buf_add_str(out, payload);
        }
    }
}
