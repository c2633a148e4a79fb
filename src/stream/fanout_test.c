/* SPDX-License-Identifier: MIT
 *
 * fanout_test.c - from hub_publish() to the other end of a socket: who gets what, what is shared,
 * and what slow clients cost.
 */
#include "base/clock.h"
#include "stream/world_test.h"

static int setup(void **state)
{
    static struct world w;

    world_open(&w, &(struct fanout_opts){.feed_memory = 64 << 20, .client_lag = 256 << 10});
    *state = &w;
    return 0;
}

static int setup_small(void **state)
{
    static struct world w;

    world_open(&w, &(struct fanout_opts){.feed_memory = 64 << 20, .client_lag = 16 << 10});
    *state = &w;
    return 0;
}

static int setup_short_of_memory(void **state)
{
    static struct world w;

    world_open(&w, &(struct fanout_opts){.feed_memory = 4 * PAGE_SIZE, .client_lag = 1 << 30});
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

/* --- routing --- */

static void a_record_reaches_only_those_who_asked_for_it(void **state)
{
    struct world *w = *state;
    const struct {
        const char *params;
        uint32_t due;
    } wishes[] = {
        {"", 12},
        {"job_run_id=a", 6},
        {"job_run_id=b", 6},
        {"job_run_id=c", 0},
        {"job_run_id=a&level=error", 2},
        {"level=fatal", 2},
        {"search=LINE 7", 1},
        {"source=demo&job_run_id=b", 6},
        {"source=other", 0},
        {"stream=stderr", 0},
        {"job_run_id=a&job_run_id=b", 0},
        {"q=job_run_id:a", 6},
        {"q=job_run_id:a OR \"line 7\"", 7},
        {"q=-job_run_id:a /LINE \\d /i", 4},
    };
    enum { WISHES = sizeof wishes / sizeof *wishes };

    for (int i = 0; i < WISHES; i++)
        connect_now(w, i % 2 ? "ws" : "sse", wishes[i].params);
    until_all_live(w);
    publish(w, "a", 6, 20);
    publish(w, "b", 6, 20);
    UNTIL(w, w->clients[0]->count == 12);
    for (int i = 0; i < WISHES; i++) {
        UNTIL(w, w->clients[i]->count >= wishes[i].due);
        assert_int_equal(w->clients[i]->count, wishes[i].due);
    }
}

static void records_of_many_jobs_in_one_batch_find_their_ways(void **state)
{
    struct world *w = *state;
    struct client *a = connect_now(w, "sse", "job_run_id=a");
    struct client *b = connect_now(w, "ws", "job_run_id=b");

    until_all_live(w);
    begin_batch(w);
    for (int i = 0; i < 300; i++)
        add(w, i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "c", 10);
    send_batch(w);
    UNTIL(w, a->count == 100 && b->count == 100);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(a->ids[i], 1 + 3 * i);
        assert_int_equal(b->ids[i], 2 + 3 * i);
    }
}

enum { PACED_MS = 50, PACED_MAX = BATCH_MS_MAX };

static struct client *connect_paced(struct world *w, uint32_t batch_ms)
{
    struct client *c = open_client(w, "v1", false);

    ws_out_open(w->fanout, c->conn, make_filter(""), &(struct sub_start){.from = SUB_FROM_NOW},
                &(struct ws_terms_out){.v1 = true, .batch_ms = batch_ms});
    return c;
}

static void who_wants_a_message_now_and_then_gets_no_more(void **state)
{
    struct world *w = *state;
    struct client *fast = connect_paced(w, 0), *paced = connect_paced(w, PACED_MS);
    struct client *slow = connect_paced(w, PACED_MAX);

    until_all_live(w);
    uint64_t start = uv_hrtime();
    publish(w, "a", 1, 20);
    UNTIL(w, fast->count == 1 && paced->count == 1 && slow->count == 1);
    for (uint32_t i = 2; i <= 100; i++) {
        publish(w, "a", 1, 20);
        UNTIL(w, fast->count == i);
    }
    UNTIL(w, is_up_to_date(w, paced) && is_up_to_date(w, slow));
    uint64_t ms = (uv_hrtime() - start) / 1000000;
    assert_int_equal(fast->batches, 100);
    assert_true(paced->batches >= 2 && paced->batches <= 2 + ms / PACED_MS);
    assert_true(slow->batches >= 2 && slow->batches <= 2 + ms / PACED_MAX);
    expect_ids(paced, 1, 100);
    expect_ids(slow, 1, 100);
}

static void what_waits_for_its_time_goes_out_when_the_hub_stops(void **state)
{
    struct world *w = *state;
    struct client *paced = connect_paced(w, PACED_MAX);

    until_all_live(w);
    for (uint32_t i = 1; i <= 5; i++)
        publish(w, "a", 1, 20);
    turn(w);
    publish(w, "a", 1, 20);
    fanout_close(w->fanout);
    UNTIL(w, paced->eof);
    expect_ids(paced, 1, 6);
}

static void equal_subscriptions_share_one_feed(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 8; i++)
        connect_now(w, "sse", i % 2 ? "job_run_id=a&source=demo" : "source=demo&job_run_id=a");
    assert_int_equal(w->metrics.feeds, 1);
    connect_now(w, "ws", "source=demo&job_run_id=a");
    connect_now(w, "sse", "source=demo");
    assert_int_equal(w->metrics.feeds, 3);
    until_all_live(w);
    uint64_t before = w->fanout->pool.used;
    publish(w, "a", 10, 100);
    assert_int_equal(w->fanout->pool.used, before); /* three pages hold what ten clients get */
    UNTIL(w, w->clients[0]->count == 10 && w->clients[7]->count == 10);
    expect_ids(w->clients[7], 1, 10);
}

static void a_feed_goes_with_its_last_subscriber(void **state)
{
    struct world *w = *state;
    struct client *c = connect_now(w, "sse", "job_run_id=a"), *d = connect_now(w, "sse", "");

    until_all_live(w);
    conn_close(c->conn, 0);
    UNTIL(w, w->metrics.feeds == 1);
    assert_int_equal(w->fanout->by_label.count, 0);
    conn_close(d->conn, 0);
    UNTIL(w, w->metrics.feeds == 0);
    assert_int_equal(w->fanout->pool.used, 0);
    publish(w, "a", 10, 100);
    assert_int_equal(w->fanout->pool.used, 0);
}

static void there_is_a_limit_to_distinct_filters(void **state)
{
    enum { MOST = 4096 };
    struct world *w = *state;
    static struct feed *feeds[MOST];
    struct form form = {.wire = &wire_ws};
    struct feed *one_more;
    char params[32];

    for (int i = 0; i < MOST; i++) {
        snprintf(params, sizeof params, "source=s%d", i);
        assert_int_equal(fanout_join_feed(w->fanout, make_filter(params), &form, &feeds[i]), 0);
    }
    struct filter *f = make_filter("source=one more");
    assert_int_equal(fanout_join_feed(w->fanout, f, &form, &one_more), -LM_E_FULL);
    filter_fini(f);
    free(f);
    for (int i = 0; i < MOST; i++)
        fanout_leave_feed(w->fanout, feeds[i]);
    assert_int_equal(w->fanout->by_label.count, 0);
}

/* --- what is said --- */

static void both_wires_carry_the_same_record(void **state)
{
    struct world *w = *state;
    struct client *sse = connect_now(w, "sse", ""), *ws = connect_now(w, "ws", "");

    until_all_live(w);
    publish(w, "a", 1, 20);
    UNTIL(w, sse->count == 1 && ws->count == 1);
    assert_true(json_equal(sse->last, ws->last));
    assert_string_equal(word(ws->last, "job_run_id"), "a");
    assert_string_equal(word(ws->last, "source"), "demo");
    assert_string_equal(word(ws->last, "timestamp"), "2026-01-15T10:30:45.123456Z");
    char cursor[CURSOR_MAX];
    size_t n = hub_cursor(&w->hub, 1, cursor);
    assert_int_equal(strlen(sse->cursor), n);
    assert_memory_equal(sse->cursor, cursor, n);
}

static void a_long_message_is_cut_at_a_character_and_says_its_size(void **state)
{
    enum { CHARACTERS = 50000 }; /* of three bytes */
    struct world *w = *state;
    struct client *live = connect_now(w, "ws", "");
    struct record r = {.level = LEVEL_INFO, .stream = STREAM_STDOUT};

    until_all_live(w);
    begin_batch(w);
    char *text = arena_alloc(&w->batch.scratch, 3 * CHARACTERS);
    for (int i = 0; i < CHARACTERS; i++)
        memcpy(text + 3 * (size_t)i, "\xe2\x82\xac", 3);
    r.message = str_of(text, 3 * CHARACTERS);
    assert_int_equal(labels_make(&w->hub.labels, STR("demo"), NULL, 0, &r.labels), 0);
    assert_int_equal(batch_add(&w->batch, &r), 0);
    labels_unref(r.labels);
    send_batch(w);
    struct client *replayed = connect_after(w, "sse", 0);
    UNTIL(w, live->count == 1 && replayed->count == 1);
    assert_true(json_equal(live->last, replayed->last));
    assert_true(json_is_true(json_object_get(live->last, "truncated")));
    assert_int_equal(number(live->last, "size"), 3 * CHARACTERS);
    assert_int_equal(json_string_length(json_object_get(live->last, "message")), 65536 / 3 * 3);
}

static void the_hub_says_goodbye(void **state)
{
    struct world *w = *state;
    struct client *sse = connect_now(w, "sse", ""), *ws = connect_now(w, "ws", "");

    until_all_live(w);
    publish(w, "a", 3, 20);
    fanout_close(w->fanout);
    publish(w, "a", 3, 20); /* nobody is told any more, and nothing breaks */
    UNTIL(w, sse->eof && ws->eof);
    assert_int_equal(sse->count, 3);
    assert_int_equal(ws->count, 3);
    assert_int_equal(sse->kept[sse->kept_count - 1].kind, CLOSE);
    assert_int_equal(ws->kept[ws->kept_count - 1].kind, CLOSE);
    assert_int_equal(ws->kept[ws->kept_count - 1].code, 1001);
}

/* Three that have stopped reading, with most of `records` still to come. */
static void fall_behind_a_little(struct world *w, uint32_t records)
{
    static const char *const wires[] = {"sse", "ws", "v1"};
    const struct sub_start now = {.from = SUB_FROM_NOW};

    for (int i = 0; i < 3; i++)
        connect_client(w, wires[i], "", &now, true);
    until_all_live(w);
    for (int i = 0; i < 3; i++)
        w->clients[i]->stalled = true;
    for (uint32_t i = 0; i < records / 20; i++) {
        publish(w, "a", 20, 100);
        turn(w);
    }
    for (int i = 0; i < 3; i++)
        UNTIL(w, sub_of(w, w->clients[i])->blocked);
}

static void who_is_behind_gets_everything_before_the_goodbye(void **state)
{
    struct world *w = *state;

    fall_behind_a_little(w, 600);
    struct client *quick = connect_now(w, "ws", "");
    until_all_live(w);
    fanout_close(w->fanout);
    UNTIL(w, quick->eof);
    for (int i = 0; i < 3; i++) {
        assert_non_null(sub_of(w, w->clients[i]));
        w->clients[i]->stalled = false;
    }
    for (int i = 0; i < 3; i++) {
        const struct client *c = w->clients[i];
        UNTIL(w, c->eof);
        expect_ids(c, 1, last_id(w));
        assert_int_equal(c->seen[DROPPED], 0);
        assert_int_equal(c->kept[c->kept_count - 1].kind, CLOSE);
    }
}

static void who_never_reads_does_not_hold_up_the_end(void **state)
{
    struct world *w = *state;
    uint64_t begin = uv_hrtime();

    fall_behind_a_little(w, 600);
    fanout_close(w->fanout);
    loop_run(&w->loop);
    assert_int_equal(w->fanout->sub_count, 0);
    assert_true(uv_hrtime() - begin < DEADLINE_S * UINT64_C(1000000000) / 2);
}

static void a_client_that_comes_while_the_hub_closes_is_turned_away(void **state)
{
    struct world *w = *state;

    fanout_close(w->fanout);
    struct client *sse = connect_now(w, "sse", ""), *ws = connect_now(w, "ws", "");
    UNTIL(w, sse->eof && ws->eof);
    assert_int_equal(w->fanout->sub_count, 0);
}

/* --- what it costs --- */

static void an_idle_client_lets_the_loop_sleep(void **state)
{
    struct world *w = *state;

    for (int published = 0; published < 2; published++) {
        connect_now(w, "sse", "");
        connect_client(w, "ws", "", &(struct sub_start){.from = SUB_FROM_TAIL, .tail = 5}, false);
        until_all_live(w);
        turn(w);
        turn(w);
        assert_true(uv_backend_timeout(&w->loop.uv) > 100); /* the next heartbeat */
        publish(w, "a", 3, 20);
        UNTIL(w, w->clients[0]->count == w->published);
    }
}

static void many_records_leave_in_one_write(void **state)
{
    struct world *w = *state;
    struct client *c = connect_now(w, "ws", "");

    until_all_live(w);
    uint64_t before = w->metrics.sends_total;
    for (int i = 0; i < 100; i++)
        publish(w, "a", 10, 50);
    UNTIL(w, c->count == 1000);
    expect_ids(c, 1, 1000);
    assert_in_range(w->metrics.sends_total - before, 1, 4);
}

/* --- a round with more clients than fit into one slice --- */

enum { MANY = CLIENTS_MAX - 1, SLICE = 64 };

/* One slice of a round: the others have not got it yet. */
static void publish_to_many(struct world *w, uint32_t batch_ms)
{
    for (int i = 0; i < MANY; i++)
        if (batch_ms)
            connect_paced(w, batch_ms);
        else
            connect_now(w, "ws", "");
    until_all_live(w);
    assert_int_equal(w->metrics.sends_total, 0);
    publish(w, "a", 1, 50);
    turn(w);
    assert_int_equal(w->metrics.sends_total, SLICE);
}

static void who_comes_late_in_a_round_gets_what_came_during_it(void **state)
{
    struct world *w = *state;

    publish_to_many(w, 0);
    publish(w, "a", 1, 50);
    for (int i = 0; i < MANY; i++) {
        UNTIL(w, w->clients[i]->count == 2);
        expect_ids(w->clients[i], 1, 2);
    }
    assert_int_equal(w->metrics.sends_total,
                     MANY + SLICE); /* one each, and those of the first slice */
}

static void what_comes_in_the_last_slice_of_a_round_is_not_forgotten(void **state)
{
    struct world *w = *state;

    publish_to_many(w, 0);
    turn(w);
    assert_int_equal(w->metrics.sends_total, MANY);
    publish(w, "a", 1, 50);
    for (int i = 0; i < MANY; i++)
        UNTIL(w, w->clients[i]->count == 2);
}

static void a_round_that_goes_on_does_not_make_records_go_out_more_often(void **state)
{
    struct world *w = *state;
    int64_t now_us = clock_mono_us();

    publish_to_many(w, PACED_MAX);
    publish(w, "a", 1, 50);
    struct feed *f = sub_of(w, w->clients[0])->feed;
    assert_true(f->due_us >= now_us + PACED_MAX * 1000);
    for (int i = 0; i < MANY; i++)
        UNTIL(w, w->clients[i]->count == 2);
}

static void clients_may_come_and_go_during_a_round(void **state)
{
    struct world *w = *state;

    publish_to_many(w, 0);
    struct client *c = open_client(w, "ws", false);
    begin_stream(w, c, "", &(struct sub_start){.from = SUB_FROM_CURSOR, .after = 0});
    for (int i = 0; i < MANY; i += 3)
        conn_close(w->clients[i]->conn, 0);
    publish(w, "a", 1, 50);
    for (uint32_t i = 0; i < w->client_count; i++)
        if (i == MANY || i % 3 != 0)
            UNTIL(w, w->clients[i]->count == 2);
    expect_ids(c, 1, 2);
}

static void all_clients_may_go_during_a_round(void **state)
{
    struct world *w = *state;

    publish_to_many(w, 0);
    for (int i = 0; i < MANY; i++)
        conn_close(w->clients[i]->conn, 0);
    UNTIL(w, w->metrics.feeds == 0);
    struct client *c = connect_now(w, "ws", "");
    UNTIL(w, is_live(w, c));
    publish(w, "a", 1, 50);
    UNTIL(w, c->count == 1);
}

static void a_hub_that_stops_in_a_round_ends_it(void **state)
{
    struct world *w = *state;

    publish_to_many(w, 0);
    fanout_close(w->fanout);
    for (int i = 0; i < MANY; i++)
        UNTIL(w, w->clients[i]->count == 1 && w->clients[i]->seen[CLOSE] == 1);
}

/* --- clients that do not read --- */

struct totals {
    uint64_t count, levels[LEVEL_COUNT];
};

/* Delivered and dropped together are all that was published, level by level; each notice stands
 * where its lines are missing. */
static void expect_exact(const struct client *c, uint32_t published)
{
    struct totals dropped = {0}, published_of = {0}, delivered = {0};
    uint64_t next = 1;
    uint32_t at = 0;

    for (uint32_t k = 0; k < c->kept_count; k++) {
        const json_t *j = c->kept[k].json;
        if (c->kept[k].kind != DROPPED)
            continue;
        for (; at < c->kept[k].after_logs; at++, next++)
            assert_int_equal(c->ids[at], next);
        assert_int_equal(number(j, "from"), next);
        next = number(j, "to") + 1;
        assert_int_equal(number(j, "count"), next - number(j, "from"));
        assert_string_equal(word(j, "reason"), "slow");
        assert_string_equal(word(j, "stream"), "system");
        dropped.count += number(j, "count");
        for (int i = LEVEL_TRACE; i < LEVEL_COUNT; i++)
            dropped.levels[i] += (uint64_t)json_integer_value(
                json_object_get(json_object_get(j, "levels"), level_name((enum level)i)));
    }
    for (; at < c->count; at++, next++)
        assert_int_equal(c->ids[at], next);
    assert_int_equal(c->count + dropped.count, published);
    for (uint32_t i = 0; i < published; i++)
        published_of.levels[level_of(i)]++;
    for (uint32_t i = 0; i < c->count; i++)
        delivered.levels[level_of((uint32_t)c->ids[i] - 1)]++;
    for (int i = LEVEL_TRACE; i < LEVEL_COUNT; i++)
        assert_int_equal(delivered.levels[i] + dropped.levels[i], published_of.levels[i]);
}

static void stall(struct world *w, struct client *c, uint32_t records)
{
    c->stalled = true;
    for (uint32_t i = 0; i < records / 20; i++) {
        publish(w, "a", 20, 100 + dice(w, 100));
        turn(w);
    }
}

static void a_slow_client_loses_the_oldest_and_is_told_exactly_how_many_of_which_level(void **state)
{
    static const char *const wires[] = {"sse", "ws", "v1"};
    struct world *w = *state;
    const struct sub_start now = {.from = SUB_FROM_NOW};

    for (int i = 0; i < 3; i++)
        connect_client(w, wires[i], "", &now, true);
    struct client *quick = connect_now(w, "sse", "");
    until_all_live(w);
    for (int i = 0; i < 3; i++)
        w->clients[i]->stalled = true;
    for (int round = 0; round < 3; round++) {
        stall(w, w->clients[0], 4000);
        UNTIL(w, quick->count == w->published);
        for (int i = 0; i < 3; i++)
            w->clients[i]->stalled = false;
        UNTIL(w, is_up_to_date(w, w->clients[0]) && is_up_to_date(w, w->clients[1]) &&
                     is_up_to_date(w, w->clients[2]));
        for (int i = 0; i < 3; i++) {
            assert_int_equal(w->clients[i]->seen[DROPPED], round + 1);
            expect_exact(w->clients[i], w->published);
            w->clients[i]->stalled = true;
        }
    }
    expect_ids(quick, 1, last_id(w));
    assert_int_equal(quick->seen[DROPPED], 0);
    assert_int_equal(w->metrics.dropped_total, 3 * (uint64_t)w->published - w->clients[0]->count -
                                                   w->clients[1]->count - w->clients[2]->count);
    assert_int_equal(w->metrics.delivered_total, (uint64_t)w->clients[0]->count +
                                                     w->clients[1]->count + w->clients[2]->count +
                                                     quick->count);
}

/* --- logmill.v1 --- */

static void a_flush_of_many_records_is_one_message(void **state)
{
    struct world *w = *state;
    struct client *c = connect_now(w, "v1", "");

    until_all_live(w);
    publish(w, "a", 50, 20);
    UNTIL(w, c->count == 50);
    assert_int_equal(c->batches, 1);
    publish(w, "a", 2500, 5);
    UNTIL(w, c->count == 2550);
    assert_in_range(c->batches, 4, 12); /* of at most BATCH_BYTES */
    expect_ids(c, 1, last_id(w));
}

static void a_replay_comes_in_batches_and_meets_live_without_a_seam(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 100; i++)
        publish(w, "a", 37, dice(w, 200));
    struct client *c = connect_after(w, "v1", 1000);
    for (int i = 0; i < 100; i++) {
        publish(w, "a", 1 + dice(w, 9), 50);
        turn(w);
    }
    UNTIL(w, is_up_to_date(w, c));
    expect_ids(c, 1001, last_id(w));
    assert_in_range(c->batches, 3, 120);
}

static void who_joins_while_a_batch_is_gathered_gets_nothing_twice(void **state)
{
    struct world *w = *state;
    struct client *first = connect_now(w, "v1", "");

    until_all_live(w);
    for (int i = 0; i < 20; i++) {
        publish(w, "a", 3, 10);
        connect_after(w, "v1", (uint64_t)i);
        publish(w, "a", 3, 10);
        turn(w);
    }
    for (uint32_t i = 0; i < w->client_count; i++)
        UNTIL(w, is_up_to_date(w, w->clients[i]));
    expect_ids(first, 1, last_id(w));
    for (uint32_t i = 1; i < w->client_count; i++)
        expect_ids(w->clients[i], i, last_id(w));
}

static void a_slow_client_that_wants_everything_gets_it_late(void **state)
{
    struct world *w = *state;
    const struct sub_start all = {.from = SUB_FROM_NOW, .lossless = true};
    struct client *c = connect_client(w, "sse", "", &all, true);

    until_all_live(w);
    for (int round = 0; round < 3; round++) {
        stall(w, c, 8000);
        assert_true(w->fanout->pool.used <= 2 * w->fanout->opts.client_lag);
        c->stalled = false;
        UNTIL(w, c->count == w->published);
    }
    expect_ids(c, 1, last_id(w));
    assert_int_equal(w->metrics.dropped_total, 0);
    assert_true(w->metrics.replayed_total > 0);
}

static void a_client_that_reads_a_little_now_and_then_still_gets_an_exact_account(void **state)
{
    struct world *w = *state;
    struct client *c = connect_client(w, "ws", "", &(struct sub_start){.from = SUB_FROM_NOW}, true);

    until_all_live(w);
    c->stalled = true;
    for (int i = 0; i < 1500; i++) {
        publish(w, "a", 1 + dice(w, 20), dice(w, 300));
        turn(w);
        client_read(c, dice(w, 4000));
    }
    c->stalled = false;
    UNTIL(w, is_up_to_date(w, c));
    assert_in_range(c->seen[DROPPED], 2, KEPT_MAX - 8);
    expect_exact(c, w->published);
}

static void a_client_that_never_reads_costs_the_same_after_a_megabyte_and_after_ten(void **state)
{
    struct world *w = *state;
    struct client *c =
        connect_client(w, "sse", "", &(struct sub_start){.from = SUB_FROM_NOW}, true);

    until_all_live(w);
    stall(w, c, 8000);
    size_t queued = c->conn->out.n;
    uint64_t pages = w->fanout->pool.used;
    assert_true(w->metrics.dropped_total > 0);
    assert_true(pages <= (16 << 10) + 2 * PAGE_SIZE);
    stall(w, c, 80000);
    assert_int_equal(c->conn->out.n, queued);
    assert_true(w->fanout->pool.used <= (16 << 10) + 2 * PAGE_SIZE);
    c->stalled = false;
    UNTIL(w, is_up_to_date(w, c));
    assert_int_equal(c->seen[DROPPED], 1);
    expect_exact(c, w->published);
}

static void frames_larger_than_the_allowed_lag_do_not_stop_a_client_for_good(void **state)
{
    struct world *w = *state;
    struct client *c = connect_client(w, "ws", "", &(struct sub_start){.from = SUB_FROM_NOW}, true);

    until_all_live(w);
    for (int i = 0; i < 20; i++) {
        c->stalled = i % 3 != 0;
        publish(w, "a", 1, 40000);
        turn(w);
    }
    c->stalled = false;
    publish(w, "a", 1, 10);
    UNTIL(w, is_up_to_date(w, c));
    expect_exact(c, w->published);
}

static void short_of_memory_slow_clients_go_on_from_the_journal_and_lose_nothing(void **state)
{
    struct world *w = *state;
    const struct sub_start now = {.from = SUB_FROM_NOW};

    for (int i = 0; i < 4; i++)
        connect_client(w, i % 2 ? "ws" : "sse", i < 2 ? "" : "job_run_id=a", &now, i % 2 == 0);
    struct client *quick = connect_now(w, "sse", "");
    until_all_live(w);
    for (int i = 0; i < 4; i++)
        w->clients[i]->stalled = true;
    stall(w, w->clients[0], 10000);
    assert_true(w->fanout->pool.used <= 12 * PAGE_SIZE); /* the limit and what one batch adds */
    assert_int_equal(sub_of(w, w->clients[0])->state, SUB_REPLAYING);
    for (int i = 0; i < 4; i++)
        w->clients[i]->stalled = false;
    stall(w, w->clients[0], 1000);
    w->clients[0]->stalled = false;
    for (uint32_t i = 0; i < w->client_count; i++) {
        UNTIL(w, w->clients[i]->count == w->published && is_live(w, w->clients[i]));
        expect_ids(w->clients[i], 1, last_id(w));
        assert_int_equal(w->clients[i]->seen[DROPPED] + w->clients[i]->seen[GAP], 0);
    }
    assert_int_equal(quick->count, w->published);
    assert_true(w->metrics.replayed_total > 0);
}

/* --- filters that cost too much --- */

#define ENDLESS  "q=/(x+x+)+[yz]/"
#define TOO_SLOW "q=/(?:x|w)+[yz]/"

static void expect_refusal(const struct client *c)
{
    assert_int_equal(c->seen[ERROR_TEXT], 1);
    const struct kept *error = &c->kept[c->kept_count - 2], *end = error + 1;
    assert_string_equal(json_string_value(json_object_get(error->json, "code")),
                        "filter_too_expensive");
    assert_string_equal(json_string_value(json_object_get(error->json, "stream")), "system");
    assert_int_equal(end->kind, CLOSE);
    assert_int_equal(end->code, c->ws ? 1008 : 0);
}

static void a_regex_without_end_ends_its_streams_and_no_other(void **state)
{
    struct world *w = *state;
    struct client *sse = connect_now(w, "sse", ENDLESS), *ws = connect_now(w, "ws", ENDLESS);
    struct client *other = connect_now(w, "sse", "q=/x+$/");

    until_all_live(w);
    publish(w, "a", 50, 60);
    UNTIL(w, sse->eof && ws->eof && other->count == 50);
    expect_refusal(sse);
    expect_refusal(ws);
    publish(w, "a", 1, 60);
    UNTIL(w, other->count == 51 && w->fanout->sub_count == 1);
}

static void a_regex_that_takes_too_much_of_the_loop_ends_its_stream(void **state)
{
    struct world *w = *state;
    struct client *c = connect_now(w, "ws", TOO_SLOW);

    until_all_live(w);
    const struct feed *f = sub_of(w, c)->feed;
    for (int i = 0; i < 200 && !feed_refused(f); i++)
        publish(w, "a", 10, 500);
    assert_true(f->cost.spent_us > FEED_COST_MAX_US);
    assert_int_equal(filter_overruns(f->filter), 0);
    UNTIL(w, c->eof);
    expect_refusal(c);
}

static void a_replay_ends_in_the_same_way(void **state)
{
    struct world *w = *state;
    struct sub_start start = {.from = SUB_FROM_CURSOR}, tail = {.from = SUB_FROM_TAIL, .tail = 5};

    publish(w, "a", 50, 60);
    struct client *c = connect_client(w, "sse", ENDLESS, &start, false);
    UNTIL(w, c->eof);
    expect_refusal(c);
    c = connect_client(w, "ws", ENDLESS, &tail, false);
    UNTIL(w, c->eof);
    expect_refusal(c);
}

#define TEST(name)       cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_SMALL(name) cmocka_unit_test_setup_teardown(name, setup_small, teardown)
#define TEST_SHORT(name) cmocka_unit_test_setup_teardown(name, setup_short_of_memory, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_reaches_only_those_who_asked_for_it),
        TEST(records_of_many_jobs_in_one_batch_find_their_ways),
        TEST(equal_subscriptions_share_one_feed),
        TEST(a_feed_goes_with_its_last_subscriber),
        TEST(there_is_a_limit_to_distinct_filters),
        TEST(both_wires_carry_the_same_record),
        TEST(a_long_message_is_cut_at_a_character_and_says_its_size),
        TEST(the_hub_says_goodbye),
        TEST(who_is_behind_gets_everything_before_the_goodbye),
        TEST(who_never_reads_does_not_hold_up_the_end),
        TEST(a_client_that_comes_while_the_hub_closes_is_turned_away),
        TEST(an_idle_client_lets_the_loop_sleep),
        TEST(many_records_leave_in_one_write),
        TEST(who_comes_late_in_a_round_gets_what_came_during_it),
        TEST(what_comes_in_the_last_slice_of_a_round_is_not_forgotten),
        TEST(a_round_that_goes_on_does_not_make_records_go_out_more_often),
        TEST(clients_may_come_and_go_during_a_round),
        TEST(all_clients_may_go_during_a_round),
        TEST(a_hub_that_stops_in_a_round_ends_it),
        TEST(a_slow_client_loses_the_oldest_and_is_told_exactly_how_many_of_which_level),
        TEST(a_flush_of_many_records_is_one_message),
        TEST(a_replay_comes_in_batches_and_meets_live_without_a_seam),
        TEST(who_joins_while_a_batch_is_gathered_gets_nothing_twice),
        TEST(who_wants_a_message_now_and_then_gets_no_more),
        TEST(what_waits_for_its_time_goes_out_when_the_hub_stops),
        TEST(a_slow_client_that_wants_everything_gets_it_late),
        TEST_SMALL(a_client_that_reads_a_little_now_and_then_still_gets_an_exact_account),
        TEST_SMALL(a_client_that_never_reads_costs_the_same_after_a_megabyte_and_after_ten),
        TEST_SMALL(frames_larger_than_the_allowed_lag_do_not_stop_a_client_for_good),
        TEST_SHORT(short_of_memory_slow_clients_go_on_from_the_journal_and_lose_nothing),
        TEST(a_regex_without_end_ends_its_streams_and_no_other),
        TEST(a_regex_that_takes_too_much_of_the_loop_ends_its_stream),
        TEST(a_replay_ends_in_the_same_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
