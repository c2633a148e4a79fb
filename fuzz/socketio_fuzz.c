/* SPDX-License-Identifier: MIT
 *
 * socketio_fuzz.c - any text as a packet of Socket.IO: what is read can be written and read again,
 * and is the same.
 */
#include "net/socketio.h"

#include <stddef.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_packet a, b;
    struct buf text = {0}, again = {0};

    if (!sio_parse(str_of((const char *)data, size), &a))
        return 0;
    sio_add(&text, &a);
    lm_assert(buf_error(&text) == 0);
    bool ok = sio_parse(buf_str(&text), &b);
    lm_assert(ok);
    lm_assert(a.type == b.type && a.ack == b.ack && a.attachments == b.attachments);
    lm_assert(str_eq(a.nsp, b.nsp) && str_eq(a.data, b.data));
    sio_add(&again, &b);
    lm_assert(str_eq(buf_str(&text), buf_str(&again)));
    buf_fini(&text);
    buf_fini(&again);
    return 0;
}
