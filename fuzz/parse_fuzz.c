/* SPDX-License-Identifier: MIT
 *
 * parse_fuzz.c - arbitrary bytes as a line: understood, made text, and written as the JSON that clients
 * read.
 */
#include "record/encode.h"
#include "record/parse.h"
#include "record/utf8.h"

#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One object with what the record says, the message possibly cut. */
static void check_json(const struct record *r, size_t message_max)
{
    struct buf out = {0};

    encode_json(&out, r, message_max);
    json_t *json = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    lm_assert(json);
    const json_t *message = json_object_get(json, "message");
    struct str got = str_of(json_string_value(message), json_string_length(message));
    lm_assert(str_starts(r->message, got) && got.n <= message_max);
    lm_assert((got.n < r->message.n) == (json_object_get(json, "truncated") != NULL));
    json_decref(json);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct label_table table;
    struct arena scratch = {0};
    struct record r = {.id = 1, .stream = size % 2 ? STREAM_STDERR : STREAM_STDOUT};
    struct str raw = str_of((const char *)data, size);
    bool replaced;

    if (labels_make(&table, STR("fuzz"), NULL, 0, &r.labels) < 0)
        return 0;
    lm_assert(parse_line(&r, raw, &scratch, &replaced) == 0);
    lm_assert(r.level > LEVEL_NONE && r.level < LEVEL_COUNT);
    lm_assert(utf8_valid_prefix(r.message) == r.message.n);
    lm_assert(replaced == (utf8_valid_prefix(raw) < raw.n));
    lm_assert(replaced || r.message.p == raw.p);
    check_json(&r, SIZE_MAX);
    check_json(&r, 10);
    arena_fini(&scratch);
    labels_unref(r.labels);
    return 0;
}
