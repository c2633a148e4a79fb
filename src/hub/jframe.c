/* SPDX-License-Identifier: MIT
 *
 * jframe.c - writing and checking journal frames.
 *
 * Records of a batch come in runs that share a label set, so a set is written when it differs from
 * the one before it; a set that returns after another is written again. That costs a few bytes in
 * mixed batches and no look-up in any.
 */
#include "hub/jframe.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <xxhash.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "integers of the journal are copied as they lie in memory");

static uint32_t pad8(size_t n)
{
    return (uint32_t)((n + 7) & ~(size_t)7);
}

static void put(char *at, const void *value, size_t n)
{
    memcpy(at, value, n);
}

#define PUT(at, type, value)                                                                       \
    do {                                                                                           \
        type put_value = (type)(value);                                                            \
        put((at), &put_value, sizeof put_value);                                                   \
    } while (0)

static uint16_t get_u16(const char *at)
{
    uint16_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static uint32_t get_u32(const char *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static uint64_t get_u64(const char *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

void jframe_measure(const struct batch *b, struct jframe_layout *ret)
{
    const struct labels *last = NULL;
    struct jframe_layout l = {.count = b->unstored ? 0 : b->count,
                              .unstored = b->unstored ? batch_ids(b) : 0,
                              .texts_n = b->unstored ? 0 : (uint32_t)b->text_n};

    for (uint32_t i = 0; i < b->count; i++)
        if (b->records[i].labels != last) {
            last = b->records[i].labels;
            l.set_count++;
            l.sets_n += (uint32_t)last->wire.n;
        }
    l.length = JFRAME_HEAD + pad8((size_t)b->origin.key_n + b->position.n) + pad8(l.sets_n) +
               l.count * JFRAME_RECORD + pad8(l.texts_n);
    *ret = l;
}

static char *put_origin(char *at, const struct batch *b)
{
    uint32_t n = b->origin.key_n + b->position.n;

    memcpy(at, b->origin.key, b->origin.key_n);
    memcpy(at + b->origin.key_n, b->position.bytes, b->position.n);
    memset(at + n, 0, pad8(n) - n);
    return at + pad8(n);
}

static char *put_sets(char *at, const struct batch *b, uint32_t sets_n)
{
    const struct labels *last = NULL;
    char *p = at;

    for (uint32_t i = 0; i < b->count; i++)
        if (b->records[i].labels != last) {
            last = b->records[i].labels;
            memcpy(p, last->wire.p, last->wire.n);
            p += last->wire.n;
        }
    memset(p, 0, pad8(sets_n) - sets_n);
    return at + pad8(sets_n);
}

static char *put_record_head(char *at, const struct record *r, uint16_t set)
{
    PUT(at, int64_t, r->time_us);
    PUT(at + 8, uint32_t, r->message.n);
    PUT(at + 12, uint32_t, r->fields.n);
    PUT(at + 16, uint8_t, r->level);
    PUT(at + 17, uint8_t, r->stream);
    PUT(at + 18, uint16_t, r->flags);
    PUT(at + 20, uint16_t, set);
    PUT(at + 22, uint16_t, r->class);
    return at + JFRAME_RECORD;
}

static void put_records(char *heads, const struct batch *b, const struct jframe_layout *l)
{
    const struct labels *last = NULL;
    char *text = heads + l->count * JFRAME_RECORD, *texts = text;
    uint16_t set = UINT16_MAX;

    for (uint32_t i = 0; i < l->count; i++) {
        const struct record *r = &b->records[i];
        set = (uint16_t)(set + (r->labels != last));
        last = r->labels;
        heads = put_record_head(heads, r, set);
        if (r->message.n)
            memcpy(text, r->message.p, r->message.n);
        text += r->message.n;
        if (r->fields.n)
            memcpy(text, r->fields.p, r->fields.n);
        text += r->fields.n;
    }
    memset(text, 0, (size_t)(texts + pad8(l->texts_n) - text));
}

void jframe_write(char *at, const struct batch *b, const struct jframe_layout *l, uint64_t seed,
                  bool clear_next)
{
    PUT(at + 16, uint64_t, b->first_id + l->unstored);
    PUT(at + 24, uint32_t, l->count);
    PUT(at + 28, uint16_t, l->set_count);
    PUT(at + 30, uint16_t, 0);
    PUT(at + 32, int64_t, b->arrival_us);
    PUT(at + 40, uint8_t, b->origin.kind);
    PUT(at + 41, uint8_t, b->origin.key_n);
    PUT(at + 42, uint16_t, b->position.n);
    PUT(at + 44, uint32_t, l->sets_n);
    PUT(at + 48, uint32_t, l->texts_n);
    PUT(at + 52, uint32_t, l->unstored);
    char *p = put_origin(at + JFRAME_HEAD, b);
    put_records(put_sets(p, b, l->sets_n), b, l);
    PUT(at + 8, uint64_t, XXH3_64bits_withSeed(at + 16, l->length - 16, seed));
    if (clear_next)
        PUT(at + l->length, uint64_t, 0);
}

/* Length and magic in one store: a frame that has its magic had its length, too. */
static void commit(char *at, uint32_t length)
{
    uint64_t word = (uint64_t)JFRAME_MAGIC << 32 | length;
    atomic_store_explicit((_Atomic uint64_t *)(void *)at, word, memory_order_release);
}

void jframe_commit(char *at, const struct jframe_layout *l)
{
    commit(at, l->length);
}

void jframe_copy(char *at, const char *frame, uint32_t length, uint64_t seed, bool clear_next)
{
    memcpy(at + 16, frame + 16, length - 16);
    PUT(at + 8, uint64_t, XXH3_64bits_withSeed(at + 16, length - 16, seed));
    if (clear_next)
        PUT(at + length, uint64_t, 0);
    commit(at, length);
}

/* What the sections add up to, without overflow. */
static uint64_t sum_of_sections(const char *p)
{
    return JFRAME_HEAD + pad8((size_t)(uint8_t)p[41] + get_u16(p + 42)) +
           (((uint64_t)get_u32(p + 44) + 7) & ~7ull) + (uint64_t)get_u32(p + 24) * JFRAME_RECORD +
           (((uint64_t)get_u32(p + 48) + 7) & ~7ull);
}

/* Everything but the length word itself. */
static bool holds(const char *p, uint32_t length, uint64_t seed)
{
    return get_u32(p + 4) == JFRAME_MAGIC && sum_of_sections(p) == length &&
           (uint8_t)p[41] <= ORIGIN_KEY_MAX && get_u16(p + 42) <= POSITION_MAX &&
           (uint8_t)p[40] <= ORIGIN_PUSH &&
           XXH3_64bits_withSeed(p + 16, length - 16, seed) == get_u64(p + 8);
}

bool jframe_lost_length(struct str bytes, uint64_t seed)
{
    if (bytes.n < JFRAME_HEAD || get_u32(bytes.p) != 0)
        return false;
    uint64_t length = sum_of_sections(bytes.p);
    return length <= bytes.n && holds(bytes.p, (uint32_t)length, seed);
}

int jframe_check(struct str bytes, uint64_t seed, struct jframe *ret)
{
    const char *p = bytes.p;

    if (bytes.n < 8)
        return 0;
    uint32_t length = (uint32_t)atomic_load_explicit((const _Atomic uint64_t *)(const void *)p,
                                                     memory_order_acquire);
    if (length == 0)
        return 0;
    if (length % 8 || length < JFRAME_HEAD || length > bytes.n || !holds(p, length, seed))
        return -LM_E_DAMAGED;
    struct jframe f = {.length = length,
                       .first_id = get_u64(p + 16),
                       .count = get_u32(p + 24),
                       .unstored = get_u32(p + 52),
                       .set_count = get_u16(p + 28),
                       .arrival_us = (int64_t)get_u64(p + 32),
                       .origin = {.kind = (enum origin_kind)p[40], .key_n = (uint8_t)p[41]},
                       .position = {.n = (uint8_t)get_u16(p + 42)}};
    memcpy(f.origin.key, p + JFRAME_HEAD, f.origin.key_n);
    memcpy(f.position.bytes, p + JFRAME_HEAD + f.origin.key_n, f.position.n);
    f.sets = str_of(p + JFRAME_HEAD + pad8((size_t)f.origin.key_n + f.position.n), get_u32(p + 44));
    f.heads = str_of(f.sets.p + pad8(f.sets.n), (size_t)f.count * JFRAME_RECORD);
    f.texts = str_of(f.heads.p + f.heads.n, get_u32(p + 48));
    *ret = f;
    return 1;
}

void jframe_release(struct jframe_reader *r)
{
    if (!r->open)
        return;
    for (uint32_t i = 0; i < r->frame.set_count; i++)
        labels_unref(r->sets[i]);
    r->open = false;
}

void jframe_close(struct jframe_reader *r)
{
    jframe_release(r);
    free(r->sets);
    *r = (struct jframe_reader){0};
}

static int open_sets(struct jframe_reader *r, const struct jframe *f)
{
    struct str rest = f->sets;
    uint32_t i = 0;
    int err = 0;

    for (; i < f->set_count && err == 0; i++) {
        size_t n = rest.n >= 2 ? (size_t)get_u16(rest.p) + 2 : 0;
        if (n == 0 || n > rest.n) {
            err = -LM_E_DAMAGED;
            break;
        }
        err = labels_from_wire(r->table, str_of(rest.p, n), &r->sets[i]);
        if (err < 0)
            break;
        rest = str_of(rest.p + n, rest.n - n);
    }
    if (err < 0)
        while (i-- > 0)
            labels_unref(r->sets[i]);
    return err;
}

int jframe_open(struct jframe_reader *r, const struct jframe *f, struct label_table *t)
{
    jframe_release(r);
    if (f->set_count > r->sets_cap) {
        struct labels **sets = realloc(r->sets, f->set_count * sizeof *sets);
        if (!sets)
            return -ENOMEM;
        r->sets = sets;
        r->sets_cap = f->set_count;
    }
    r->table = t;
    int err = open_sets(r, f);
    if (err < 0)
        return err;
    r->frame = *f;
    r->open = true;
    r->at = 0;
    r->text_at = 0;
    return 0;
}

bool jframe_next(struct jframe_reader *r, struct record *ret)
{
    const struct jframe *f = &r->frame;

    if (!r->open || r->at == f->count)
        return false;
    const char *h = f->heads.p + (size_t)r->at * JFRAME_RECORD;
    size_t message_n = get_u32(h + 8), fields_n = get_u32(h + 12);
    uint16_t set = get_u16(h + 20);
    if (set >= f->set_count || message_n + fields_n > f->texts.n - r->text_at)
        return false;
    *ret = (struct record){.id = f->first_id + r->at,
                           .time_us = (int64_t)get_u64(h),
                           .labels = r->sets[set],
                           .message = str_of(f->texts.p + r->text_at, message_n),
                           .fields = str_of(f->texts.p + r->text_at + message_n, fields_n),
                           .level = (enum level)h[16],
                           .stream = (enum stream)h[17],
                           .flags = get_u16(h + 18),
                           .class = get_u16(h + 22)};
    r->at++;
    r->text_at += message_n + fields_n;
    return true;
}
