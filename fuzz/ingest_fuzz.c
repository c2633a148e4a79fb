/* SPDX-License-Identifier: MIT
 *
 * ingest_fuzz.c - arbitrary bodies of records, as they come over HTTP.
 *
 * The first byte says how the body is cut into pieces and whether it is said to be lines. What must
 * hold: no memory error, no assertion; every record is sound (UTF-8, fields one JSON object on one
 * line, labels within limits); and the pieces make no difference.
 */
#include "record/json.h"
#include "record/utf8.h"
#include "source/push.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct yard {
    struct intake intake;
    struct label_table labels;
    struct metrics metrics;
    struct buf story;
    uint64_t next_id;
};

static void check_record(const struct record *r)
{
    struct json_walk w = json_walk(r->fields);
    struct json_member member;

    lm_assert(utf8_valid_prefix(r->message) == r->message.n);
    lm_assert(utf8_valid_prefix(r->fields) == r->fields.n);
    lm_assert(r->level >= LEVEL_TRACE && r->level < LEVEL_COUNT);
    lm_assert(r->stream >= STREAM_STDOUT && r->stream <= STREAM_SYSTEM);
    lm_assert(r->labels->count <= LABELS_MAX + 1);
    for (uint16_t i = 0; i < r->labels->count; i++)
        lm_assert(r->labels->pairs[i].value.n <= LABEL_VALUE_MAX);
    if (r->fields.n == 0)
        return;
    while (json_next(&w, &member))
        continue;
    lm_assert(w.ok);
    lm_assert(!memchr(r->fields.p, '\n', r->fields.n) && !memchr(r->fields.p, '\r', r->fields.n));
}

static int publish(void *hub, struct batch *b)
{
    struct yard *y = hub;

    b->first_id = y->next_id;
    y->next_id += b->count;
    for (uint32_t i = 0; i < b->count; i++) {
        const struct record *r = &b->records[i];
        check_record(r);
        buf_add_str(&y->story, r->labels->wire);
        buf_add_str(&y->story, r->message);
        buf_add_str(&y->story, r->fields);
        buf_printf(&y->story, "%d %d;", (int)r->level, (int)r->stream);
    }
    return 0;
}

static uint32_t no_wait(void *hub, struct str source)
{
    (void)hub;
    (void)source;
    return 0;
}

static void no_charge(void *hub, struct str source, uint64_t records)
{
    (void)hub;
    (void)source;
    (void)records;
}

static const struct position *no_position(void *hub, const struct origin *o)
{
    (void)hub;
    (void)o;
    return NULL;
}

/* What becomes of the body, taken in pieces of n bytes. */
static struct buf take(struct str body, size_t n, bool lines)
{
    static const struct ttl_classes classes = {.hours = {1, 24}, .count = 2};
    struct yard y = {.next_id = 1};
    struct push_shared shared;
    struct push push;
    int err = 0;

    y.intake = (struct intake){.hub = &y,
                               .publish = publish,
                               .position = no_position,
                               .push_wait_ms = no_wait,
                               .push_charge = no_charge,
                               .labels = &y.labels,
                               .classes = &classes,
                               .metrics = &y.metrics};
    push_shared_init(&shared, &y.intake);
    push_begin(&push, &shared, STR("fuzz"), STR("key"), lines);
    do {
        struct str piece = str_of(body.p, n < body.n ? n : body.n);
        body = str_of(body.p + piece.n, body.n - piece.n);
        err = push_take(&push, piece, body.n == 0);
    } while (err == 0 && body.n > 0);
    lm_assert(err == 0);
    lm_assert(push.accepted + push.rejected == push.index);
    push_add_rejects(&push, &y.story);
    push_fini(&push);
    push_shared_fini(&shared);
    label_table_fini(&y.labels);
    return y.story;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    bool lines = data[0] & 1;
    size_t n = data[0] / 2 + 1u;
    char *body = malloc(size > 1 ? size - 1 : 1);

    memcpy(body, data + 1, size - 1); /* of its own size, so that reading beyond it is seen */
    struct buf whole = take(str_of(body, size - 1), size, lines);
    struct buf cut = take(str_of(body, size - 1), n, lines);
    lm_assert(str_eq(buf_str(&whole), buf_str(&cut)));
    buf_fini(&whole);
    buf_fini(&cut);
    free(body);
    return 0;
}
