/* SPDX-License-Identifier: MIT
 *
 * keeper_queue_test.c - random output, sending, acknowledging and reconnecting against a hub that
 * knows what every byte must be.
 *
 * Byte `offset` of a stream is a function of both, so the model needs no memory: whatever arrives
 * is checked where it claims to belong. Within one connection a stream never goes back; what it
 * jumps over must be exactly what the queue says it lost.
 */
#include "proc/keeper_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct model {
    struct queue q;
    uint64_t random;
    uint64_t written[2];
    uint64_t arrived[2]; /* on this connection */
    uint64_t acked[2];
    uint64_t jumped[2];   /* on this connection */
    uint64_t lost[2];     /* what the queue said of it */
    uint64_t ever_jumped; /* on all connections */
    struct buf in;
};

static uint64_t next_random(struct model *m)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return m->random;
}

static size_t below(struct model *m, size_t n)
{
    return (size_t)(next_random(m) % n);
}

static char byte_at(size_t stream, uint64_t offset)
{
    return (char)(offset * 31 + (offset >> 11) * 7 + stream * 101);
}

static void write_some(struct model *m, size_t max)
{
    size_t stream = below(m, 2), n = 1 + below(m, max);
    char *room = queue_room(&m->q);

    for (size_t i = 0; i < n; i++)
        room[i] = byte_at(stream, m->written[stream] + i);
    queue_commit(&m->q, &(struct frame_data){.offset = m->written[stream],
                                             .read_us = 1,
                                             .stream = (uint32_t)stream + FRAME_STDOUT,
                                             .bytes = {.n = n}});
    m->written[stream] += n;
}

static void take_frame(struct model *m, const struct frame *f)
{
    struct frame_data data;

    assert_int_equal(f->type, FRAME_DATA);
    assert_int_equal(frame_get_data(f->payload, &data), 0);
    size_t stream = data.stream - FRAME_STDOUT;
    assert_true(data.offset >= m->arrived[stream]);
    m->jumped[stream] += data.offset - m->arrived[stream];
    m->ever_jumped += data.offset - m->arrived[stream];
    for (size_t i = 0; i < data.bytes.n; i++)
        assert_true(data.bytes.p[i] == byte_at(stream, data.offset + i));
    m->arrived[stream] = data.offset + data.bytes.n;
}

/* The socket takes at most `max` bytes, often fewer than offered. False when there was nothing. */
static bool send_some(struct model *m, size_t max)
{
    struct frame f;
    int64_t taken;
    size_t at = 0;

    struct str next = queue_next(&m->q, below(m, 4) == 0);
    if (next.n == 0)
        return false;
    size_t n = 1 + below(m, max);
    if (n > next.n)
        n = next.n;
    buf_add(&m->in, next.p, n);
    queue_sent(&m->q, n);
    while ((taken = frame_read(str_of(m->in.p + at, m->in.n - at), FRAME_MAX, &f)) > 0) {
        take_frame(m, &f);
        at += (size_t)taken;
    }
    assert_int_equal(taken, 0);
    buf_consume(&m->in, at);
    return true;
}

/* Somewhere between what was acknowledged and what arrived. */
static void acknowledge(struct model *m)
{
    for (int i = 0; i < 2; i++)
        m->acked[i] += below(m, (size_t)(m->arrived[i] - m->acked[i]) + 1);
    queue_ack(&m->q, &(struct frame_ack){m->acked[0], m->acked[1], 0, 0});
}

static void reconnect(struct model *m)
{
    buf_clear(&m->in);
    for (int i = 0; i < 2; i++) {
        m->arrived[i] = m->acked[i];
        m->jumped[i] = 0;
    }
    queue_resume(&m->q, &(struct frame_ack){m->acked[0], m->acked[1], 0, 0});
}

static void send_all(struct model *m)
{
    while (send_some(m, 1 << 20))
        continue;
    for (int i = 0; i < 2; i++)
        assert_true(m->q.lost[i] == m->jumped[i]);
}

static void run_model(const char *dir, uint64_t seed, size_t spool_bytes, int away_of_ten,
                      bool all_fits)
{
    struct model m = {.random = seed};

    assert_int_equal(queue_init(&m.q, 4 * QUEUE_FRAME_MAX, dir, spool_bytes), 0);
    for (int round = 0; round < 300; round++) {
        bool away = (int)below(&m, 10) < away_of_ten;
        for (int step = 0; step < 20; step++) {
            write_some(&m, below(&m, 3) ? 500 : FRAME_DATA_MAX);
            if (!away)
                send_some(&m, 1 + below(&m, 200000));
            if (!away && below(&m, 3) == 0)
                acknowledge(&m);
        }
        if (below(&m, 5) == 0)
            reconnect(&m);
    }
    send_all(&m);
    if (all_fits)
        assert_int_equal(m.ever_jumped, 0);
    for (int i = 0; i < 2; i++)
        m.acked[i] = m.arrived[i];
    queue_ack(&m.q, &(struct frame_ack){m.acked[0], m.acked[1], 0, 0});
    assert_false(queue_has_unsent(&m.q));
    assert_int_equal(m.q.spool.fd, -1); /* nothing waits, so no disk is used */
    buf_fini(&m.in);
    queue_fini(&m.q);
}

static char dir[64];

static void with_a_large_spool_every_byte_arrives_in_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++)
        run_model(dir, seed, 64ull << 20, 2, true);
}

static void with_a_small_spool_only_what_is_counted_is_missing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++)
        run_model(dir, seed, 1 << 20, (int)(seed % 10), false);
}

static void without_a_spool_only_what_is_counted_is_missing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++)
        run_model(dir, seed, 0, (int)(seed % 10), false);
    run_model("/nonexistent/directory", 99, 1 << 20, 5, false);
}

static void a_hub_that_keeps_up_is_served_from_the_first_pages(void **state)
{
    (void)state;
    struct model m = {.random = 7};

    assert_int_equal(queue_init(&m.q, 1 << 20, dir, 1 << 20), 0);
    for (int i = 0; i < 10000; i++) {
        write_some(&m, 200);
        send_all(&m);
        for (int s = 0; s < 2; s++)
            m.acked[s] = m.arrived[s];
        queue_ack(&m.q, &(struct frame_ack){m.acked[0], m.acked[1], 0, 0});
        assert_true(m.q.tail < 4096);
    }
    buf_fini(&m.in);
    queue_fini(&m.q);
}

static int make_dir(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/keeper_queue_test.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir); /* the spool leaves no name behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_a_large_spool_every_byte_arrives_in_order),
        cmocka_unit_test(with_a_small_spool_only_what_is_counted_is_missing),
        cmocka_unit_test(without_a_spool_only_what_is_counted_is_missing),
        cmocka_unit_test(a_hub_that_keeps_up_is_served_from_the_first_pages),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
