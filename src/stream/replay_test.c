/* SPDX-License-Identifier: MIT
 *
 * replay_test.c - from the journal to the live edge: no seam, and every hole is named.
 */
#include "stream/world_test.h"

#include "base/clock.h"
#include "store/store_impl.h"

static int setup(void **state)
{
    static struct world w;

    world_open(&w, &(struct fanout_opts){.feed_memory = 64 << 20, .client_lag = 64 << 20});
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

static struct client *connect_tail(struct world *w, const char *wire, const char *params,
                                   uint32_t n)
{
    return connect_client(w, wire, params, &(struct sub_start){.from = SUB_FROM_TAIL, .tail = n},
                          false);
}

/* --- the seam --- */

static void a_client_gets_what_is_after_its_cursor_and_then_what_comes(void **state)
{
    struct world *w = *state;

    publish(w, "a", 1000, 100);
    for (uint64_t after = 0; after <= 1000; after += 250)
        connect_after(w, after % 500 ? "ws" : "sse", after);
    until_all_live(w);
    publish(w, "a", 10, 100);
    for (uint32_t i = 0; i < w->client_count; i++) {
        UNTIL(w, is_up_to_date(w, w->clients[i]));
        expect_ids(w->clients[i], i * 250 + 1, 1010);
        assert_int_equal(w->clients[i]->seen[GAP], 0);
    }
}

static void tail_begins_with_the_newest_matching_records(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 50; i++)
        publish(w, i % 10 ? "a" : "b", 20, 50);
    struct client *all = connect_tail(w, "ws", "", 30);
    struct client *rare = connect_tail(w, "sse", "job_run_id=b", 30);
    struct client *more = connect_tail(w, "sse", "job_run_id=b", 10000);
    struct client *none = connect_tail(w, "ws", "job_run_id=c", 10);
    until_all_live(w);
    expect_ids(all, 971, 1000);
    assert_int_equal(rare->count, 30);
    assert_int_equal(rare->ids[0], 611); /* ten of batch 31, twenty of batch 41 */
    assert_int_equal(more->count, 100);
    assert_int_equal(none->count, 0);
}

static void tail_of_an_empty_journal_is_the_future(void **state)
{
    struct world *w = *state;
    struct client *c = connect_tail(w, "ws", "", 10), *d = connect_after(w, "sse", 0);

    until_all_live(w);
    publish(w, "a", 3, 10);
    UNTIL(w, is_up_to_date(w, c) && is_up_to_date(w, d));
    expect_ids(c, 1, 3);
    expect_ids(d, 1, 3);
}

/* One client more, from anywhere: remembers from which id on it is owed everything. */
static void join_somewhere(struct world *w, uint64_t first[CLIENTS_MAX])
{
    uint64_t last = last_id(w), n = dice(w, (uint32_t)last + 1);
    struct sub_start starts[] = {{.from = SUB_FROM_NOW},
                                 {.from = SUB_FROM_CURSOR, .after = n},
                                 {.from = SUB_FROM_TAIL, .tail = (uint32_t)n + 1}};
    uint64_t firsts[] = {last + 1, n + 1, n >= last ? 1 : last - n};
    uint32_t kind = dice(w, 3);

    first[w->client_count] = firsts[kind];
    connect_client(w, dice(w, 2) ? "ws" : "sse", "", &starts[kind], dice(w, 2));
}

static void
under_continuous_publishing_every_id_comes_once_in_order_wherever_one_begins(void **state)
{
    struct world *w = *state;
    uint64_t first[CLIENTS_MAX];

    publish(w, "a", 500, 100);
    for (int i = 0; i < 1200; i++) {
        publish(w, "a", 1 + dice(w, 30), dice(w, 200));
        if (i % 50 == 0 && w->client_count < CLIENTS_MAX)
            join_somewhere(w, first);
        if (i % 3 == 0)
            turn(w);
    }
    for (uint32_t i = 0; i < w->client_count; i++) {
        UNTIL(w, is_up_to_date(w, w->clients[i]));
        expect_ids(w->clients[i], first[i], last_id(w));
        assert_int_equal(w->clients[i]->seen[GAP] + w->clients[i]->seen[DROPPED], 0);
    }
}

static void the_seam_holds_for_a_filter_too(void **state)
{
    struct world *w = *state;
    const struct sub_start start = {.from = SUB_FROM_CURSOR};
    struct client *c = NULL;

    for (int i = 0; i < 400; i++) {
        publish(w, i % 2 ? "a" : "b", 10, 100);
        if (i == 200)
            c = connect_client(w, "ws", "job_run_id=a", &start, true);
        turn(w);
    }
    UNTIL(w, is_up_to_date(w, c));
    assert_int_equal(c->count, 2000);
    for (uint32_t i = 0; i < c->count; i++)
        assert_int_equal(c->ids[i], i / 10 * 20 + 11 + i % 10);
}

static void a_stalled_replay_holds_little_and_goes_on_where_it_stopped(void **state)
{
    struct world *w = *state;
    const struct sub_start start = {.from = SUB_FROM_CURSOR};

    for (int i = 0; i < 100; i++)
        publish(w, "a", 100, 200);
    struct client *c = connect_client(w, "sse", "", &start, true);
    c->stalled = true;
    for (int i = 0; i < 200; i++)
        turn(w);
    assert_in_range(c->conn->out.n, 1, 512 * 1024);
    assert_null(sub_of(w, c)->past);
    while (c->count < 5000) {
        client_read(c, 1000);
        turn(w);
    }
    c->stalled = false;
    UNTIL(w, is_up_to_date(w, c));
    expect_ids(c, 1, 10000);
}

static void many_replays_leave_time_for_the_present(void **state)
{
    struct world *w = *state;
    struct client *live = connect_now(w, "ws", "");
    int turns = 0;

    until_all_live(w);
    for (int i = 0; i < 100; i++)
        publish(w, "a", 1000, 150);
    UNTIL(w, live->count == 100000);
    for (int i = 0; i < 20; i++)
        connect_after(w, "sse", 0);
    publish(w, "a", 1, 10);
    for (; live->count < 100001; turns++)
        turn(w);
    assert_in_range(turns, 1, 50); /* twenty times 15 MB take hundreds */
    for (uint32_t i = 1; i < w->client_count; i++)
        UNTIL(w, w->clients[i]->count > 0); /* everybody has had a turn */
}

/* --- holes --- */

static const struct kept *only_gap(const struct client *c)
{
    const struct kept *gap = NULL;

    assert_int_equal(c->seen[GAP], 1);
    for (uint32_t i = 0; i < c->kept_count; i++)
        if (c->kept[i].kind == GAP)
            gap = &c->kept[i];
    return gap;
}

static void expect_gap(const struct client *c, const char *reason, uint64_t after, uint64_t next,
                       uint32_t after_logs)
{
    const struct kept *gap = only_gap(c);

    assert_string_equal(word(gap->json, "type"), "gap");
    assert_string_equal(word(gap->json, "reason"), reason);
    assert_string_equal(word(gap->json, "level"), "warn");
    assert_string_equal(word(gap->json, "stream"), "system");
    assert_true(strlen(word(gap->json, "message")) > 10);
    assert_true(strlen(word(gap->json, "timestamp")) == 27);
    assert_int_equal(number(gap->json, "after"), after);
    assert_int_equal(number(gap->json, "next"), next);
    assert_int_equal(gap->after_logs, after_logs);
}

/* So many records of a megabyte, and a chunk of every full file. */
static void fill(struct world *w, uint32_t records)
{
    for (uint32_t i = 0; i < records; i++) {
        publish(w, i % 3 ? "a" : "b", 1, 1000000);
        turn(w); /* the pool seals, and makes the next file */
    }
    UNTIL(w, !w->store->sealing.busy && !w->store->task);
}

static void what_the_journal_has_no_more_comes_out_of_chunks(void **state)
{
    struct world *w = *state;

    fill(w, 120);
    assert_true(store_raw_id(w->store) > 50);
    struct client *all = connect_after(w, "sse", 3), *tail = connect_tail(w, "ws", "", 110);
    struct client *some = connect_client(
        w, "ws", "job_run_id=b", &(struct sub_start){.from = SUB_FROM_CURSOR, .after = 0}, false);
    until_all_live(w);
    publish(w, "b", 1, 10);
    UNTIL(w, is_up_to_date(w, all) && is_up_to_date(w, some) && is_up_to_date(w, tail));
    expect_ids(all, 4, 121);
    expect_ids(tail, 11, 121);
    assert_int_equal(some->count, 41);
    for (uint32_t i = 0; i < some->count; i++)
        assert_int_equal(some->ids[i], 3 * i + 1);
    assert_int_equal(all->seen[GAP] + some->seen[GAP] + tail->seen[GAP], 0);
}

/* Sealing, retention and publishing go on while clients of all kinds come and read slowly. */
static void chunks_journal_and_feed_have_no_seam(void **state)
{
    struct world *w = *state;
    uint64_t first[8];

    for (uint32_t round = 0; round < 8; round++) {
        fill(w, 12);
        first[round] = dice(w, (uint32_t)last_id(w));
        connect_after(w, round % 2 ? "ws" : "sse", first[round]);
        for (uint32_t i = 0; i < 20; i++) {
            publish(w, "a", 1 + dice(w, 50), 1000);
            turn(w);
        }
    }
    until_all_live(w);
    UNTIL(w, is_up_to_date(w, w->clients[0]) && is_up_to_date(w, w->clients[7]));
    for (uint32_t i = 0; i < w->client_count; i++) {
        UNTIL(w, is_up_to_date(w, w->clients[i]));
        expect_ids(w->clients[i], first[i] + 1, last_id(w));
        assert_int_equal(w->clients[i]->seen[GAP], 0);
    }
}

static void who_leaves_while_a_chunk_is_read_for_him_does_no_harm(void **state)
{
    struct world *w = *state;

    fill(w, 60);
    for (int turns = 0; turns < 12; turns++) {
        struct client *c = connect_after(w, "ws", 0);
        for (int i = 0; i < turns; i++)
            turn(w);
        conn_close(c->conn, 0);
        turn(w);
    }
    UNTIL(w, w->fanout->steps_running == 0);
    assert_int_equal(w->fanout->steps_held, 0);
    struct client *last = connect_after(w, "ws", 0);
    UNTIL(w, is_up_to_date(w, last));
    expect_ids(last, 1, 60);
}

static void what_was_cleared_is_said_and_does_not_come(void **state)
{
    struct world *w = *state;
    struct label b = {STR("job_run_id"), STR("b")};

    fill(w, 60);
    publish(w, "b", 5, 10);
    assert_int_equal(store_clear(w->store, &b, 1, NULL, NULL), 0);
    publish(w, "b", 5, 10);
    struct client *some = connect_client(
        w, "ws", "job_run_id=b", &(struct sub_start){.from = SUB_FROM_CURSOR, .after = 0}, false);
    struct client *other = connect_client(
        w, "ws", "job_run_id=a", &(struct sub_start){.from = SUB_FROM_CURSOR, .after = 0}, false);
    until_all_live(w);
    UNTIL(w, is_up_to_date(w, some));
    expect_ids(some, 66, 70);
    assert_int_equal(other->count, 40);
    assert_int_equal(other->seen[GAP], 0);
}

/* Only the newest chunk is to stay. */
static void keep_little(struct world *w)
{
    w->store->opts.max_bytes = 1;
    keeping_check_bytes(w->store);
}

static void what_is_no_longer_kept_is_said_with_its_number(void **state)
{
    struct world *w = *state;

    fill(w, 60);
    keep_little(w);
    uint64_t start = store_start_id(w->store);
    assert_true(start > 10);
    struct client *all = connect_after(w, "sse", 3);
    struct client *some = connect_client(
        w, "ws", "job_run_id=a", &(struct sub_start){.from = SUB_FROM_CURSOR, .after = 3}, false);
    UNTIL(w, is_up_to_date(w, all) && is_up_to_date(w, some));
    expect_gap(all, "retention", 3, start, 0);
    assert_int_equal(number(only_gap(all)->json, "count"), start - 4);
    expect_ids(all, start, 60);
    expect_gap(some, "retention", 3, start, 0);
    assert_true(json_is_null(json_object_get(only_gap(some)->json, "count")));
}

static void what_goes_while_a_client_reads_is_said_where_it_is_missing(void **state)
{
    struct world *w = *state;
    const struct sub_start start = {.from = SUB_FROM_CURSOR};

    publish(w, "a", 2000, 300);
    struct client *c = connect_client(w, "sse", "", &start, true);
    c->stalled = true;
    keep_little(w);
    fill(w, 60);
    c->stalled = false;
    UNTIL(w, is_up_to_date(w, c));
    const struct kept *gap = only_gap(c);
    assert_string_equal(word(gap->json, "reason"), "retention");
    assert_in_range(gap->after_logs, 100, 2000);
    assert_int_equal(number(gap->json, "after"), c->ids[gap->after_logs - 1]);
    assert_int_equal(number(gap->json, "next"), c->ids[gap->after_logs]);
    assert_int_equal(c->count + number(gap->json, "count"), last_id(w));
}

/* Overwrites a text in the only journal file; the mapping sees it. */
static void damage(const struct world *w, const char *text)
{
    char path[128], bytes[65536];

    snprintf(path, sizeof path, "%s/journal/%016d", w->dir, 1);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    size_t n = fread(bytes, 1, sizeof bytes, file);
    const char *at = memmem(bytes, n, text, strlen(text));
    assert_non_null(at);
    assert_int_equal(fseek(file, at - bytes, SEEK_SET), 0);
    fputc('#', file);
    assert_int_equal(fclose(file), 0);
}

static void publish_unstored(struct world *w, const char *job, uint32_t count)
{
    begin_batch(w);
    w->batch.unstored = true;
    for (uint32_t i = 0; i < count; i++)
        add(w, job, 50);
    send_batch(w);
}

static void what_was_not_stored_is_said_to_those_it_concerns(void **state)
{
    struct world *w = *state;

    publish(w, "a", 3, 50);      /* 1 to 3 */
    publish_unstored(w, "b", 2); /* 4, 5 */
    publish_unstored(w, "b", 3); /* 6 to 8 */
    publish(w, "a", 2, 50);      /* 9, 10 */
    struct client *all = connect_after(w, "sse", 1);
    struct client *inside = connect_after(w, "sse", 4);
    struct client *b = connect_client(
        w, "ws", "job_run_id=b", &(struct sub_start){.from = SUB_FROM_CURSOR, .after = 1}, false);
    struct client *a = connect_client(
        w, "ws", "job_run_id=a", &(struct sub_start){.from = SUB_FROM_CURSOR, .after = 1}, false);
    until_all_live(w);
    UNTIL(w, is_up_to_date(w, all) && is_up_to_date(w, a));
    expect_gap(all, "unstored", 3, 9, 2);
    assert_int_equal(number(only_gap(all)->json, "count"), 5);
    assert_int_equal(all->count, 4);
    expect_gap(inside, "unstored", 4, 9, 0);
    assert_int_equal(number(only_gap(inside)->json, "count"), 4);
    expect_gap(b, "unstored", 3, 9, 0);
    assert_true(json_is_null(json_object_get(only_gap(b)->json, "count")));
    assert_int_equal(a->seen[GAP], 0);
    assert_int_equal(a->count, 4);
}

static void what_is_not_stored_is_sent_live_and_the_edge_is_no_gap(void **state)
{
    struct world *w = *state;

    publish(w, "a", 3, 50);
    struct client *live = connect_now(w, "ws", "");
    until_all_live(w);
    publish_unstored(w, "b", 4);
    UNTIL(w, live->count == 4);
    expect_ids(live, 4, 7);
    struct client *late = connect_after(w, "sse", 3);
    until_all_live(w);
    publish(w, "a", 1, 50);
    UNTIL(w, late->count == 1 && live->count == 5);
    expect_gap(late, "unstored", 3, 8, 0);
    assert_int_equal(live->seen[GAP], 0);
}

static void a_damaged_place_is_a_gap(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 3; i++)
        publish(w, "a", 10, 20);
    damage(w, "line 15");
    struct client *c = connect_after(w, "ws", 0);
    UNTIL(w, is_up_to_date(w, c));
    expect_gap(c, "crash", 10, 21, 10);
    assert_int_equal(c->count, 20);
}

static void ids_that_a_crash_burnt_are_a_gap_in_the_middle(void **state)
{
    struct world *w = *state;

    publish(w, "a", 10, 10);
    w->hub.numbers.next += 1000; /* as after the restart of a machine */
    publish(w, "a", 10, 10);
    struct client *c = connect_after(w, "ws", 5);
    UNTIL(w, is_up_to_date(w, c));
    expect_gap(c, "crash", 10, 1011, 5);
    assert_int_equal(c->count, 15);
}

static void ids_that_a_crash_burnt_are_a_gap_at_the_edge(void **state)
{
    struct world *w = *state;

    publish(w, "a", 10, 10);
    w->hub.numbers.next += 1000;
    struct client *c = connect_after(w, "ws", 5);
    until_all_live(w);
    publish(w, "a", 1, 10);
    UNTIL(w, is_up_to_date(w, c));
    expect_gap(c, "crash", 10, 1011, 5);
    assert_int_equal(c->count, 6);
}

static void a_cursor_of_another_store_is_said_and_the_present_goes_on(void **state)
{
    struct world *w = *state;
    const struct sub_start foreign = {.from = SUB_FROM_CURSOR, .after = 77, .foreign_cursor = true};

    publish(w, "a", 100, 10);
    struct client *c = connect_client(w, "sse", "", &foreign, false);
    until_all_live(w);
    publish(w, "a", 2, 10);
    UNTIL(w, is_up_to_date(w, c));
    expect_gap(c, "epoch", 77, 101, 0);
    assert_string_equal(only_gap(c)->cursor + 8, ".100");
    expect_ids(c, 101, 102);
}

static void an_id_from_the_future_is_a_cursor_of_another_store(void **state)
{
    struct world *w = *state;

    publish(w, "a", 10, 10);
    struct client *c = connect_after(w, "ws", 11);
    until_all_live(w);
    publish(w, "a", 2, 10);
    UNTIL(w, is_up_to_date(w, c));
    expect_gap(c, "epoch", 11, 11, 0);
    expect_ids(c, 11, 12);
}

/* --- heartbeats --- */

static void going_live_says_the_cursor(void **state)
{
    struct world *w = *state;

    publish(w, "a", 10, 10);
    struct client *sse = connect_now(w, "sse", "job_run_id=none"), *ws = connect_now(w, "ws", "");
    UNTIL(w, sse->seen[BEAT] == 1 && ws->seen[PING] == 1);
    assert_string_equal(sse->cursor + 8, ".10");
}

static void a_heartbeat_moves_the_cursor_though_no_line_matched(void **state)
{
    struct world *w = *state;
    struct client *c = connect_now(w, "sse", "job_run_id=none");

    until_all_live(w);
    publish(w, "a", 100, 10);
    turn(w);
    sub_heartbeat(sub_of(w, c));
    UNTIL(w, c->seen[BEAT] == 2);
    assert_string_equal(c->cursor + 8, ".100");
}

static void a_heartbeat_never_overtakes_what_is_still_owed(void **state)
{
    struct world *w = *state;
    struct client *c = connect_now(w, "sse", "");

    until_all_live(w);
    publish(w, "a", 100, 10);
    sub_heartbeat(sub_of(w, c)); /* before the flush at the end of the turn */
    client_read(c, SIZE_MAX);
    assert_int_equal(c->count, 0);
    assert_string_equal(c->cursor + 8, ".0");
    UNTIL(w, is_up_to_date(w, c));
    expect_ids(c, 1, 100);
}

static void who_is_behind_gets_no_heartbeats(void **state)
{
    struct world *w = *state;
    struct client *c =
        connect_client(w, "sse", "", &(struct sub_start){.from = SUB_FROM_NOW}, true);

    until_all_live(w);
    UNTIL(w, c->seen[BEAT] == 1);
    c->stalled = true;
    publish(w, "a", 1000, 100);
    for (int i = 0; i < 5; i++)
        turn(w);
    assert_true(sub_of(w, c)->blocked);
    sub_heartbeat(sub_of(w, c));
    c->stalled = false;
    UNTIL(w, is_up_to_date(w, c));
    assert_int_equal(c->seen[BEAT], 1);
    expect_ids(c, 1, 1000);
}

/* --- leaving at every stage --- */

/* Brings a client to a stage by so many turns, bytes read and records, then ends it. */
static void leave_after(struct world *w, const struct sub_start *start, const char *wire, int turns,
                        bool by_peer)
{
    struct client *c = connect_client(w, wire, "", start, true);

    c->stalled = true;
    for (int i = 0; i < turns; i++) {
        if (i % 2)
            publish(w, "a", 10, 300);
        turn(w);
        client_read(c, dice(w, 3000));
    }
    if (by_peer)
        shutdown(c->fd, SHUT_RDWR);
    else
        conn_close(c->conn, 0);
    publish(w, "a", 10, 300);
    UNTIL(w, w->fanout->sub_count == 0);
    w->client_count--;
    client_free(c);
}

static void a_client_may_leave_at_every_stage(void **state)
{
    static const struct sub_start starts[] = {
        {.from = SUB_FROM_NOW},
        {.from = SUB_FROM_TAIL, .tail = 2000},
        {.from = SUB_FROM_CURSOR},
        {.from = SUB_FROM_CURSOR, .foreign_cursor = true},
    };
    struct world *w = *state;

    for (int i = 0; i < 30; i++)
        publish(w, "a", 100, 200);
    for (int turns = 0; turns < 12; turns++)
        for (size_t i = 0; i < 2 * sizeof starts / sizeof *starts; i++) {
            leave_after(w, &starts[i / 2], i % 2 ? "ws" : "sse", turns, false);
            leave_after(w, &starts[i / 2], i % 2 ? "ws" : "sse", turns, true);
        }
    UNTIL(w, w->metrics.feeds == 0); /* searches that nobody waits for end by themselves */
}

static void the_hub_may_close_at_every_stage(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 30; i++)
        publish(w, "a", 100, 200);
    connect_tail(w, "ws", "", 1000);
    connect_after(w, "sse", 0);
    turn(w);
    turn(w);
    connect_tail(w, "sse", "", 1000)->stalled = true;
    connect_after(w, "ws", 0)->stalled = true;
    connect_now(w, "ws", "");
    /* the tear-down closes */
}

/* --- silence; the clock stays faked from here on --- */

static void a_websocket_that_answers_no_ping_for_a_minute_is_closed(void **state)
{
    struct world *w = *state;

    clock_fake(1768473045000000);
    struct client *dumb = connect_now(w, "ws", ""), *pongs = connect_now(w, "ws", ""),
                  *sse = connect_now(w, "sse", "");
    until_all_live(w);
    for (int s = 0; s < 70; s += 5) {
        clock_advance(5000000);
        assert_int_equal(send(pongs->fd, "\x8a\x80\0\0\0\0", 6, 0), 6);
        turn(w);
        for (uint32_t i = 0; i < w->client_count; i++)
            if (sub_of(w, w->clients[i]))
                sub_heartbeat(sub_of(w, w->clients[i]));
        turn(w);
        assert_int_equal(dumb->eof, s >= 60);
    }
    assert_false(pongs->eof || sse->eof);
    assert_int_equal(sse->seen[BEAT], 15);
}

/* It gets no ping that it could answer; whether it is there at all is for TCP to say. */
static void a_websocket_that_reads_slowly_or_not_at_all_is_not_closed(void **state)
{
    struct world *w = *state;

    clock_fake(1768473045000000);
    struct client *c = connect_client(w, "ws", "", &(struct sub_start){.from = SUB_FROM_NOW}, true);
    until_all_live(w);
    publish(w, "a", 10000, 100);
    c->stalled = true;
    for (int s = 0; s < 600; s += 5) {
        clock_advance(5000000);
        if (s < 300)
            client_read(c, 10000);
        turn(w);
        sub_heartbeat(sub_of(w, c));
        turn(w);
        assert_false(c->eof);
    }
    assert_true(sub_of(w, c)->blocked);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_gets_what_is_after_its_cursor_and_then_what_comes),
        TEST(tail_begins_with_the_newest_matching_records),
        TEST(tail_of_an_empty_journal_is_the_future),
        TEST(under_continuous_publishing_every_id_comes_once_in_order_wherever_one_begins),
        TEST(the_seam_holds_for_a_filter_too),
        TEST(a_stalled_replay_holds_little_and_goes_on_where_it_stopped),
        TEST(many_replays_leave_time_for_the_present),
        TEST(what_the_journal_has_no_more_comes_out_of_chunks),
        TEST(chunks_journal_and_feed_have_no_seam),
        TEST(who_leaves_while_a_chunk_is_read_for_him_does_no_harm),
        TEST(what_was_cleared_is_said_and_does_not_come),
        TEST(what_is_no_longer_kept_is_said_with_its_number),
        TEST(what_goes_while_a_client_reads_is_said_where_it_is_missing),
        TEST(what_was_not_stored_is_said_to_those_it_concerns),
        TEST(what_is_not_stored_is_sent_live_and_the_edge_is_no_gap),
        TEST(a_damaged_place_is_a_gap),
        TEST(ids_that_a_crash_burnt_are_a_gap_in_the_middle),
        TEST(ids_that_a_crash_burnt_are_a_gap_at_the_edge),
        TEST(a_cursor_of_another_store_is_said_and_the_present_goes_on),
        TEST(an_id_from_the_future_is_a_cursor_of_another_store),
        TEST(going_live_says_the_cursor),
        TEST(a_heartbeat_moves_the_cursor_though_no_line_matched),
        TEST(a_heartbeat_never_overtakes_what_is_still_owed),
        TEST(who_is_behind_gets_no_heartbeats),
        TEST(a_client_may_leave_at_every_stage),
        TEST(the_hub_may_close_at_every_stage),
        TEST(a_websocket_that_answers_no_ping_for_a_minute_is_closed),
        TEST(a_websocket_that_reads_slowly_or_not_at_all_is_not_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
