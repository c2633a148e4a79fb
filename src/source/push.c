/* SPDX-License-Identifier: MIT
 *
 * push.c - counting, skipping, judging, publishing. See push.h.
 */
#include "source/push.h"

#include "base/clock.h"

#include <openssl/sha.h>
#include <stdio.h>

static void mix(unsigned char digest[SHA256_DIGEST_LENGTH], struct str piece)
{
    unsigned char bytes[SHA256_DIGEST_LENGTH + LABEL_VALUE_MAX];

    lm_assert(piece.n <= LABEL_VALUE_MAX);
    memcpy(bytes, digest, SHA256_DIGEST_LENGTH);
    memcpy(bytes + SHA256_DIGEST_LENGTH, piece.p, piece.n);
    SHA256(bytes, SHA256_DIGEST_LENGTH + piece.n, digest);
}

/* No text of a client begins with a zero byte. */
struct str push_key(struct str key, const struct label *must, uint32_t must_count,
                    char out[PUSH_KEY_MAX])
{
    unsigned char digest[SHA256_DIGEST_LENGTH] = {0};

    if (key.n == 0 || must_count == 0)
        return key;
    for (uint32_t i = 0; i < must_count; i++) {
        mix(digest, must[i].name);
        mix(digest, must[i].value);
    }
    mix(digest, key);
    out[0] = '\0';
    memcpy(out + 1, digest, sizeof digest);
    return str_of(out, PUSH_KEY_MAX);
}

void push_shared_init(struct push_shared *s, const struct intake *intake)
{
    *s = (struct push_shared){.intake = *intake};
    s->mapper.table = intake->labels;
    s->mapper.metrics = intake->metrics;
    s->mapper.classes = intake->classes;
    batch_begin(&s->discard, &(struct origin){0}, 0);
}

void push_shared_fini(struct push_shared *s)
{
    push_mapper_fini(&s->mapper);
    batch_fini(&s->discard);
}

void push_begin(struct push *p, struct push_shared *shared, struct str source, struct str key,
                bool lines)
{
    struct intake *in = &shared->intake;

    *p = (struct push){
        .shared = shared, .source = source, .split.shape = lines ? PUSH_LINES : PUSH_SNIFF};
    if (key.n) {
        p->origin = push_origin(key);
        struct push_position was = push_position_decode(in->position(in->hub, &p->origin));
        p->skip = was.accepted;
        p->is_repeat = !(was.flags & PUSH_UNFINISHED);
    }
    p->wait_id = p->skip > 0 ? in->next_id(in->hub) : 0;
    batch_begin(&p->batch, &p->origin, clock_wall_us());
}

/* --- publishing --- */

/* Calls fn with every run of records of one source. */
static void each_source(struct push *p, void (*fn)(struct push *, struct str source, uint64_t n))
{
    const struct batch *b = &p->batch;
    uint32_t start = 0;

    for (uint32_t i = 1; i <= b->count; i++) {
        const struct labels *l = b->records[start].labels;
        if (i < b->count &&
            (b->records[i].labels == l || str_eq(b->records[i].labels->source, l->source)))
            continue;
        fn(p, l->source, i - start);
        start = i;
    }
}

static void judge(struct push *p, struct str source, uint64_t n)
{
    struct intake *in = &p->shared->intake;
    uint32_t wait_ms = in->push_wait_ms(in->hub, source);

    (void)n;
    if (wait_ms <= p->wait_ms)
        return;
    p->wait_ms = wait_ms;
    snprintf(p->limited, sizeof p->limited, "%.*s", STR_FMT(source));
}

static void charge(struct push *p, struct str source, uint64_t n)
{
    struct intake *in = &p->shared->intake;
    in->push_charge(in->hub, source, n);
}

/* What is in the batch becomes a frame. The last one of a batch with a key is due even without
 * records: it says that there are no more. */
static int publish(struct push *p, bool last)
{
    struct intake *in = &p->shared->intake;
    struct batch *b = &p->batch;
    bool has_key = p->origin.kind == ORIGIN_PUSH;

    if (p->is_repeat || (b->count == 0 && !(last && has_key && p->accepted > 0)))
        return 0;
    if (!p->judged)
        each_source(p, judge);
    if (p->wait_ms > 0)
        return -LM_E_FULL;
    p->judged = true;
    if (has_key) {
        struct push_position now = {(uint32_t)p->accepted, last ? 0 : PUSH_UNFINISHED};
        b->position = push_position_encode(&now);
    }
    int err = in->publish(in->hub, b);
    if (err < 0)
        return err;
    each_source(p, charge);
    if (b->count > 0)
        p->wait_id = b->first_id + b->count;
    batch_begin(b, &p->origin, clock_wall_us());
    return 0;
}

/* --- records --- */

static void reject(struct push *p, const char *reason)
{
    if (p->rejected++ < PUSH_REJECTS_LISTED)
        buf_printf(&p->rejects, "%s{\"index\":%llu,\"reason\":\"%s\"}", p->rejects.n ? "," : "",
                   (unsigned long long)p->index, reason);
}

/* Where the next record goes: nowhere, when the journal has it. */
static struct batch *choose_batch(struct push *p)
{
    struct batch *discard = &p->shared->discard;

    if (!p->is_repeat && p->accepted >= p->skip)
        return &p->batch;
    if (batch_full(discard))
        batch_begin(discard, &(struct origin){0}, 0);
    return discard;
}

static int take_text(struct push *p, const struct push_text *t)
{
    const char *reason = push_fault_text(t->fault);
    struct batch *b = choose_batch(p);
    p->shared->mapper.must = p->must;
    p->shared->mapper.must_count = p->must_count;
    p->shared->mapper.class = p->class;
    int err = t->fault == PUSH_FINE
                  ? push_record(&p->shared->mapper, t->text, p->source, b, &reason)
                  : -LM_E_INVALID;

    if (err == -LM_E_INVALID)
        reject(p, reason);
    else if (err < 0)
        return err;
    else
        p->accepted++;
    p->index++;
    return batch_full(&p->batch) ? publish(p, false) : 0;
}

int push_take(struct push *p, struct str bytes, bool last)
{
    struct push_text text;
    int n, err = 0;

    if (p->batch.count == 0)
        p->batch.arrival_us = clock_wall_us();
    while (err == 0 && (n = push_split_next(&p->split, &bytes, last, &text)) != 0)
        err = n < 0 ? n : take_text(p, &text);
    batch_begin(&p->shared->discard, &(struct origin){0}, 0);
    if (err < 0 || !last)
        return err;
    err = publish(p, true);
    if (p->is_repeat)
        p->accepted = p->skip;
    return err;
}

/* --- the rest --- */

void push_end_reading(struct push *p)
{
    batch_fini(&p->batch);
    push_split_fini(&p->split);
}

void push_fini(struct push *p)
{
    push_end_reading(p);
    buf_fini(&p->rejects);
}

size_t push_memory(const struct push *p)
{
    return p->batch.scratch.used + p->batch.cap * sizeof *p->batch.records + p->split.carry.cap +
           p->rejects.cap;
}

void push_add_rejects(const struct push *p, struct buf *out)
{
    BUF_LIT(out, "\"rejected\":[");
    buf_add_str(out, buf_str(&p->rejects));
    buf_printf(out, "],\"rejected_total\":%llu", (unsigned long long)p->rejected);
}
