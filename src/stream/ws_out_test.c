/* SPDX-License-Identifier: MIT
 *
 * ws_out_test.c - what a WebSocket client may say on a stream that only sends.
 */
#include "stream/world_test.h"

static int setup(void **state)
{
    static struct world w;

    world_open(&w, &(struct fanout_opts){.feed_memory = 64 << 20, .client_lag = 256 << 10});
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    return 0;
}

/* A masked frame; the mask is 1 2 3 4. */
static size_t put_frame(char *at, uint8_t first, const char *payload, size_t n)
{
    size_t head = 2;

    at[0] = (char)first;
    at[1] = (char)(0x80 | (n < 126 ? n : n < 65536 ? 126 : 127));
    for (int shift = n < 126 ? -1 : n < 65536 ? 8 : 56; shift >= 0; shift -= 8)
        at[head++] = (char)((uint64_t)n >> shift);
    memcpy(at + head, "\1\2\3\4", 4);
    head += 4;
    for (size_t i = 0; i < n; i++)
        at[head + i] = (char)(payload[i] ^ (char)(1 + i % 4));
    return head + n;
}

static void say(const struct client *c, uint8_t first, const char *payload, size_t n)
{
    char *frame = malloc(n + 14);

    assert_non_null(frame);
    size_t size = put_frame(frame, first, payload, n);
    assert_int_equal(send(c->fd, frame, size, MSG_NOSIGNAL), size);
    free(frame);
}

static struct client *connect_ws(struct world *w)
{
    struct client *c = connect_now(w, "ws", "");

    UNTIL(w, c->seen[PING] == 1); /* going live */
    return c;
}

static const struct kept *last_kept(const struct client *c)
{
    return &c->kept[c->kept_count - 1];
}

static void a_ping_is_answered_with_its_own_words(void **state)
{
    struct world *w = *state;
    struct client *c = connect_ws(w);

    say(c, 0x89, "are you there", 13);
    say(c, 0x89, "", 0);
    UNTIL(w, c->seen[PONG] == 2);
    assert_string_equal(c->kept[1].payload, "are you there");
    assert_string_equal(c->kept[2].payload, "");
    publish(w, "a", 1, 10);
    UNTIL(w, c->count == 1);
}

static void a_pong_nobody_asked_for_is_fine(void **state)
{
    struct world *w = *state;
    struct client *c = connect_ws(w);

    say(c, 0x8a, "hello", 5);
    turn(w);
    publish(w, "a", 1, 10);
    UNTIL(w, c->count == 1);
    assert_int_equal(c->kept_count, 1);
}

static void what_is_not_understood_is_answered_with_what_would_be(void **state)
{
    struct world *w = *state;
    struct client *c = connect_ws(w);

    say(c, 0x81, "{\"subscribe\":\"all\"}", 19);
    UNTIL(w, c->seen[ERROR_TEXT] == 1);
    assert_string_equal(word(last_kept(c)->json, "type"), "error");
    assert_string_equal(word(last_kept(c)->json, "code"), "not_understood");
    assert_non_null(strstr(word(last_kept(c)->json, "message"), "type"));
    say(c, 0x01, "frag", 4);
    say(c, 0x80, "ment", 4);
    UNTIL(w, c->seen[ERROR_TEXT] == 2);
    assert_false(c->eof);
}

static void what_came_with_the_handshake_is_heard(void **state)
{
    struct world *w = *state;
    struct client *c = open_client(w, "ws", false);
    char frame[32];

    buf_add(&c->conn->in, frame, put_frame(frame, 0x89, "early", 5));
    begin_stream(w, c, "", &(struct sub_start){.from = SUB_FROM_NOW});
    UNTIL(w, c->seen[PONG] == 1);
    assert_string_equal(c->kept[0].payload, "early");
}

static void a_close_is_answered_and_ends_the_connection(void **state)
{
    static const struct {
        const char *payload;
        size_t n;
        uint16_t code;
    } cases[] = {{"\x03\xe8"
                  "bye",
                  5, 1000},
                 {"\x03\xe9", 2, 1001},
                 {"\x0f\xa0", 2, 4000},
                 {"", 0, 1000}};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client *c = connect_ws(w);
        say(c, 0x88, cases[i].payload, cases[i].n);
        UNTIL(w, c->seen[CLOSE] == 1);
        assert_int_equal(last_kept(c)->code, cases[i].code);
        assert_null(sub_of(w, c)); /* nothing more is due to it */
        publish(w, "a", 1, 10);
        UNTIL(w, c->eof);
        assert_int_equal(c->count, 0);
    }
}

static void what_breaks_the_protocol_is_closed_with_the_reason(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        uint16_t code;
    } cases[] = {
        {"\x81\x02hi", 4, 1002},                        /* not masked */
        {"\xc1\x80\1\2\3\4", 6, 1002},                  /* a reserved bit */
        {"\x83\x80\1\2\3\4", 6, 1002},                  /* an unknown opcode */
        {"\x09\x80\1\2\3\4", 6, 1002},                  /* a ping in pieces */
        {"\x89\xfe\x00\x7e\1\2\3\4", 8, 1002},          /* a long ping */
        {"\x80\x80\1\2\3\4", 6, 1002},                  /* goes on with nothing */
        {"\x88\x81\1\2\3\4x", 7, 1002},                 /* a close of one byte */
        {"\x88\x82\1\2\3\4\x02\xef", 8, 1002},          /* close code 1005 */
        {"\x81\x81\1\2\3\4\xfe", 7, 1007},              /* not UTF-8 */
        {"\x81\xff\0\0\0\0\0\1\0\1\1\2\3\4", 14, 1009}, /* 65537 bytes */
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client *c = connect_ws(w);
        assert_int_equal(send(c->fd, cases[i].bytes, cases[i].n, MSG_NOSIGNAL), cases[i].n);
        UNTIL(w, c->seen[CLOSE] == 1);
        assert_int_equal(last_kept(c)->code, cases[i].code);
        UNTIL(w, sub_of(w, c) == NULL);
    }
}

static void the_largest_message_is_heard_and_one_byte_more_is_not(void **state)
{
    enum { MOST = 64 * 1024 };
    struct world *w = *state;
    struct client *c = connect_ws(w);
    char *text = calloc(1, MOST + 1);

    assert_non_null(text);
    memset(text, 'x', MOST + 1);
    say(c, 0x81, text, MOST);
    UNTIL(w, c->seen[ERROR_TEXT] == 1);
    say(c, 0x81, text, MOST + 1);
    UNTIL(w, c->seen[CLOSE] == 1);
    assert_int_equal(last_kept(c)->code, 1009);
    free(text);
}

static void control_frames_come_between_records_never_inside_one(void **state)
{
    struct world *w = *state;
    struct client *c = connect_client(w, "ws", "", &(struct sub_start){.from = SUB_FROM_NOW}, true);

    UNTIL(w, c->seen[PING] == 1);
    c->stalled = true;
    for (int i = 0; i < 100; i++) {
        publish(w, "a", 3, 700);
        say(c, 0x89, "x", 1);
        turn(w);
        client_read(c, 900);
    }
    c->stalled = false;
    UNTIL(w, is_up_to_date(w, c) && c->seen[PONG] == 100);
    expect_ids(c, 1, 300);
}

static void a_close_in_the_middle_of_a_record_waits_for_its_end(void **state)
{
    struct world *w = *state;
    struct client *c = connect_client(w, "ws", "", &(struct sub_start){.from = SUB_FROM_NOW}, true);

    UNTIL(w, c->seen[PING] == 1);
    c->stalled = true;
    publish(w, "a", 5, 30000);
    for (int i = 0; i < 3; i++)
        turn(w);
    say(c, 0x88, "\x03\xe8", 2);
    turn(w);
    c->stalled = false;
    UNTIL(w, c->eof);
    assert_int_equal(c->seen[CLOSE], 1);
    assert_int_equal(last_kept(c)->after_logs, c->count);
    assert_in_range(c->count, 1, 4);
}

static void who_asks_and_never_reads_the_answers_costs_no_memory(void **state)
{
    struct world *w = *state;
    struct client *c = connect_client(w, "ws", "", &(struct sub_start){.from = SUB_FROM_NOW}, true);
    size_t most = 0;

    UNTIL(w, c->seen[PING] == 1);
    c->stalled = true;
    char frame[16];
    size_t n = put_frame(frame, 0x81, "what?", 5), asked = 0;
    while (asked < 100000 && send(c->fd, frame, n, MSG_NOSIGNAL) == (ssize_t)n) {
        asked++;
        turn(w);
        most = c->conn->out.n > most ? c->conn->out.n : most;
    }
    assert_in_range(asked, 1000, 99999); /* it is no longer listened to */
    assert_in_range(most, 1000, 800 * 1024);
    c->stalled = false;
    UNTIL(w, sub_of(w, c) && !sub_of(w, c)->blocked && c->seen[ERROR_TEXT] == asked);
    publish(w, "a", 1, 10);
    UNTIL(w, c->count == 1);
}

static void a_close_during_a_replay_ends_the_replay(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 200; i++)
        publish(w, "a", 100, 200);
    struct client *c =
        connect_client(w, "ws", "", &(struct sub_start){.from = SUB_FROM_CURSOR}, true);
    c->stalled = true;
    turn(w);
    turn(w);
    uint64_t replayed = w->metrics.replayed_total;
    assert_in_range(replayed, 1, 5000);
    say(c, 0x88, "", 0);
    for (int i = 0; i < 50; i++)
        turn(w);
    assert_null(sub_of(w, c));
    assert_int_equal(w->metrics.replayed_total, replayed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void ask_for(const struct client *c, const char *text)
{
    say(c, 0x81, text, strlen(text));
}

/* Ten subscriptions of different filters on a connection that takes next to nothing at a time: what the
 * client takes apart is whole frames, and every record comes once for each. */
static void many_subscriptions_share_a_narrow_connection(void **state)
{
    enum { SUBS = 10, RECORDS = 600 };
    struct world *w = *state;
    struct client *c = connect_client(w, "v1", "", &(struct sub_start){.from = SUB_FROM_NOW}, true);
    char text[128];

    for (int i = 1; i < SUBS; i++) {
        snprintf(text, sizeof text, "{\"type\":\"subscribe\",\"sub\":\"s%d\",\"q\":\"-nothing%d\"}",
                 i, i);
        ask_for(c, text);
    }
    UNTIL(w, w->fanout->sub_count == SUBS);
    until_all_live(w);
    for (int i = 0; i < RECORDS / 20; i++) {
        publish(w, "a", 20, 100);
        turn(w);
        client_read(c, dice(w, 3000));
    }
    UNTIL(w, c->count == SUBS * RECORDS || c->seen[DROPPED] > 0);
    assert_int_equal(c->seen[DROPPED], 0);
}

static void a_filter_that_changes_takes_over_in_the_same_place(void **state)
{
    struct world *w = *state;
    struct client *c = connect_now(w, "ws", "job_run_id=a");

    until_all_live(w);
    for (int i = 0; i < 20; i++) {
        publish(w, i % 2 ? "b" : "a", 1, 10);
        if (i % 5 == 0)
            turn(w);
    }
    UNTIL(w, c->count == 10);
    ask_for(c, "{\"type\":\"filter\",\"job_run_id\":\"b\"}");
    for (int i = 0; i < 20; i++)
        publish(w, i % 2 ? "b" : "a", 1, 10);
    UNTIL(w, c->count == 20);
    ask_for(c, "{\"type\":\"filter\",\"after\":0}");
    UNTIL(w, c->count == 60);
    for (uint32_t i = 0; i < 40; i++)
        assert_int_equal(c->ids[20 + i], i + 1);
    ask_for(c, "{\"type\":\"filter\",\"job_run_id\":\"nobody\",\"tail\":5}");
    UNTIL(w, c->seen[ERROR_TEXT] == 3); /* the answers */
    publish(w, "a", 10, 10);
    UNTIL(w, is_live(w, c));
    assert_int_equal(c->count, 60);
    assert_int_equal(w->metrics.feeds, 1);
}

static void a_pause_holds_nothing_and_misses_nothing(void **state)
{
    struct world *w = *state;
    struct client *c = connect_now(w, "ws", "");

    until_all_live(w);
    publish(w, "a", 5, 10);
    UNTIL(w, c->count == 5);
    ask_for(c, "{\"type\":\"pause\"}");
    UNTIL(w, sub_of(w, c)->state == SUB_PAUSED);
    publish(w, "a", 3000, 100);
    for (int i = 0; i < 10; i++)
        turn(w);
    assert_int_equal(c->count, 5);
    assert_int_equal(w->fanout->pool.used, 0);
    ask_for(c, "{\"type\":\"resume\"}");
    UNTIL(w, is_up_to_date(w, c));
    expect_ids(c, 1, 3005);
}

static void who_leaves_while_an_answer_is_looked_up_leaves_nothing_behind(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 50; i++)
        publish(w, "a", 100, 100);
    for (int i = 0; i < 5; i++) {
        struct client *c = connect_now(w, "v1", "");
        for (int k = 0; k < 12; k++)
            ask_for(c, "{\"type\":\"requestLogs\",\"limit\":10000,\"q\":\"/l.*x$/\"}");
        turn(w);
        shutdown(c->fd, SHUT_RDWR);
    }
    UNTIL(w, w->fanout->sub_count == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_ping_is_answered_with_its_own_words),
        TEST(a_pong_nobody_asked_for_is_fine),
        TEST(what_is_not_understood_is_answered_with_what_would_be),
        TEST(what_came_with_the_handshake_is_heard),
        TEST(a_close_is_answered_and_ends_the_connection),
        TEST(what_breaks_the_protocol_is_closed_with_the_reason),
        TEST(the_largest_message_is_heard_and_one_byte_more_is_not),
        TEST(control_frames_come_between_records_never_inside_one),
        TEST(a_close_in_the_middle_of_a_record_waits_for_its_end),
        TEST(who_asks_and_never_reads_the_answers_costs_no_memory),
        TEST(a_close_during_a_replay_ends_the_replay),
        TEST(many_subscriptions_share_a_narrow_connection),
        TEST(a_filter_that_changes_takes_over_in_the_same_place),
        TEST(a_pause_holds_nothing_and_misses_nothing),
        TEST(who_leaves_while_an_answer_is_looked_up_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
