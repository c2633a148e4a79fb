/* SPDX-License-Identifier: MIT
 *
 * encode.c - the canonical JSON of a record, written member by member.
 */
#include "record/encode.h"

#include "base/clock.h"
#include "record/json.h"
#include "record/utf8.h"

static void add_message(struct buf *out, struct str message, size_t max)
{
    size_t n = message.n <= max ? message.n : utf8_cut(message, max);

    BUF_LIT(out, "\"message\":");
    json_add_string(out, str_of(message.p, n));
    if (n < message.n) {
        BUF_LIT(out, ",\"truncated\":true,\"size\":");
        buf_add_u64(out, message.n);
    }
}

void encode_json(struct buf *out, const struct record *r, size_t message_max)
{
    char stamp[27];

    BUF_LIT(out, "{\"id\":");
    buf_add_u64(out, r->id);
    BUF_LIT(out, ",\"timestamp\":\"");
    buf_add(out, stamp, clock_rfc3339(r->time_us, stamp));
    BUF_LIT(out, "\",\"level\":\"");
    buf_add_str(out, str_from(level_name(r->level)));
    BUF_LIT(out, "\",\"stream\":\"");
    buf_add_str(out, str_from(stream_name(r->stream)));
    BUF_LIT(out, "\",");
    buf_add_str(out, r->labels->json);
    add_message(out, r->message, message_max);
    if (r->flags & RECORD_CONT)
        BUF_LIT(out, ",\"cont\":true");
    if (r->flags & RECORD_UNTERMINATED)
        BUF_LIT(out, ",\"unterminated\":true");
    if (r->fields.n) {
        BUF_LIT(out, ",\"fields\":");
        buf_add_str(out, r->fields);
    }
    buf_add_char(out, '}');
}
