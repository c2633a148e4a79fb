/* SPDX-License-Identifier: MIT
 *
 * keeper_in_test.c - bytes of keepers become records, once each, up to the end of a run.
 */
#include "source/keepers_test.h"

/* --- lines --- */

static void what_a_process_writes_becomes_records_of_its_streams_and_labels(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    put_text(c, FRAME_STDOUT, 0, "one\ntwo\r\n");
    put_text(c, FRAME_STDERR, 0, "[WARN] three\nfour\n");
    flush(f, c);
    UNTIL(f, f->count == 4);
    expect_record(f, 0, STREAM_STDOUT, "one");
    expect_record(f, 1, STREAM_STDOUT, "two");
    expect_record(f, 2, STREAM_STDERR, "[WARN] three");
    expect_record(f, 3, STREAM_STDERR, "four");
    assert_int_equal(f->records[0].level, LEVEL_INFO);
    assert_int_equal(f->records[2].level, LEVEL_WARN);
    assert_int_equal(f->records[3].level, LEVEL_ERROR);
    assert_int_equal(f->records[0].time_us, 1000);
    assert_string_equal(f->records[0].labels,
                        "\"source\":\"demo\",\"job_run_id\":\"nightly\",\"process_id\":\"demo\",");
    assert_int_equal(f->publishes, 1);
    expect_position(f, 1, 9, 18, 0);
}

/* A whole run as one stream of bytes; the last words have no newline. */
static void put_whole_run(struct caller *c, uint8_t id)
{
    put_run(c, id);
    put_text(c, FRAME_STDOUT, 0, "one\ntw");
    put_text(c, FRAME_STDERR, 0, "err");
    put_text(c, FRAME_STDOUT, 6, "o\n\nla");
    put_text(c, FRAME_STDERR, 3, "or\n");
    put_text(c, FRAME_STDOUT, 11, "st");
    put_exit(c, 0);
    frame_add_end(&c->out, 13, 6);
}

static void expect_whole_run(const struct fixture *f)
{
    assert_int_equal(f->count, 6);
    expect_record(f, 0, STREAM_STDOUT, "one");
    expect_record(f, 1, STREAM_STDOUT, "two");
    expect_record(f, 2, STREAM_STDOUT, "");
    expect_record(f, 3, STREAM_STDERR, "error");
    expect_record(f, 4, STREAM_STDOUT, "last");
    expect_record(f, 5, STREAM_SYSTEM, "exited with code 0");
    assert_int_equal(f->records[4].flags, RECORD_UNTERMINATED);
    assert_int_equal(f->records[3].flags, 0);
}

static void frames_may_arrive_in_any_two_pieces(void **state)
{
    struct fixture *f = *state;
    size_t whole = SIZE_MAX;

    for (size_t at = 0; at <= whole; at++) {
        struct caller *c = dial(f, 0);
        put_whole_run(c, 1);
        whole = c->out.n;
        struct buf rest = {0};
        buf_add(&rest, c->out.p + at, whole - at);
        c->out.n = at;
        flush(f, c);
        buf_add_str(&c->out, buf_str(&rest));
        flush(f, c);
        UNTIL(f, c->acked.flags == (FRAME_ACK_EXIT | FRAME_ACK_END));
        expect_whole_run(f);
        assert_int_equal(c->acked.stdout_n, 13);
        assert_int_equal(c->acked.stderr_n, 6);
        forget_records(f);
        buf_fini(&rest);
        hang_up(c);
        UNTIL(f, f->metrics.keepers == 0);
        assert_int_equal(f->run_count, 0); /* it ended: nothing to remember */
    }
}

static void bytes_may_be_cut_into_frames_and_sent_again_from_anywhere(void **state)
{
    static const char text[] = "one\ntwo\nthree\nlast";
    enum { N = sizeof text - 1 };
    struct fixture *f = *state;

    for (size_t came = 0; came <= N; came++) {
        size_t safe = came < 4 ? 0 : came < 8 ? 4 : came < 14 ? 8 : 14; /* whole lines */
        for (size_t again = 0; again <= safe; again++) {
            struct caller *c = call(f, 0, 1);
            put_bytes(c, FRAME_STDOUT, 0, str_of(text, came / 2));
            put_bytes(c, FRAME_STDOUT, came / 2, str_of(text + came / 2, came - came / 2));
            flush(f, c);
            c = call(f, 0, 1); /* the connection broke */
            assert_int_equal(c->resume.stdout_n, safe);
            put_bytes(c, FRAME_STDOUT, again, str_of(text + again, came - again));
            put_bytes(c, FRAME_STDOUT, again, str_of(text + again, N - again));
            put_exit(c, 0);
            frame_add_end(&c->out, N, 0);
            flush(f, c);
            UNTIL(f, c->acked.flags == (FRAME_ACK_EXIT | FRAME_ACK_END));
            assert_int_equal(f->count, 5);
            expect_record(f, 0, STREAM_STDOUT, "one");
            expect_record(f, 1, STREAM_STDOUT, "two");
            expect_record(f, 2, STREAM_STDOUT, "three");
            expect_record(f, 3, STREAM_STDOUT, "last");
            forget_records(f);
            hang_up(c);
            UNTIL(f, f->metrics.keepers == 0);
        }
    }
    assert_int_equal(f->metrics.gap_bytes_total, 0);
}

static void bytes_that_were_given_up_are_said_in_their_place(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    put_text(c, FRAME_STDOUT, 0, "half");
    put_text(c, FRAME_STDERR, 0, "whole\n");
    put_text(c, FRAME_STDOUT, 100, "rest\n");
    flush(f, c);
    UNTIL(f, f->count == 4);
    expect_record(f, 0, STREAM_STDERR, "whole");
    expect_record(f, 1, STREAM_STDOUT, "half");
    assert_int_equal(f->records[1].flags, RECORD_UNTERMINATED);
    assert_int_equal(f->records[2].stream, STREAM_SYSTEM);
    assert_int_equal(f->records[2].level, LEVEL_WARN);
    assert_non_null(strstr(f->records[2].message, "96 bytes of stdout are missing"));
    expect_record(f, 3, STREAM_STDOUT, "rest");
    assert_int_equal(f->metrics.gap_bytes_total, 96);
    expect_position(f, 1, 105, 6, 0);
}

static void an_end_beyond_what_came_is_a_gap(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    put_text(c, FRAME_STDERR, 0, "half");
    put_exit(c, 0);
    frame_add_end(&c->out, 7, 10);
    flush(f, c);
    UNTIL(f, f->count == 4);
    assert_non_null(strstr(f->records[0].message, "7 bytes of stdout"));
    expect_record(f, 1, STREAM_STDERR, "half");
    assert_non_null(strstr(f->records[2].message, "6 bytes of stderr"));
    expect_record(f, 3, STREAM_SYSTEM, "exited with code 0");
    expect_position(f, 1, 7, 10, RUN_EXIT_WRITTEN | RUN_ENDED);
}

static void a_very_long_line_comes_in_parts(void **state)
{
    enum { N = 2 * RECORD_MESSAGE_MAX + 5, PIECE = FRAME_DATA_MAX };
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);
    char *text = malloc(N + 1);

    assert_non_null(text);
    memset(text, 'x', N);
    text[N] = '\n';
    for (size_t at = 0; at <= N; at += PIECE)
        put_bytes(c, FRAME_STDOUT, at, str_of(text + at, at + PIECE <= N ? PIECE : N + 1 - at));
    flush(f, c);
    UNTIL(f, f->count == 3);
    assert_int_equal(f->records[0].message_n, RECORD_MESSAGE_MAX);
    assert_int_equal(f->records[2].message_n, 5);
    assert_string_equal(f->records[0].fields, "{\"part\":1,\"last\":false}");
    assert_string_equal(f->records[2].fields, "{\"part\":3,\"last\":true}");
    assert_int_equal(f->records[1].flags, RECORD_PART);
    expect_position(f, 1, N + 1, 0, 0);
    free(text);
}

static void a_flood_of_empty_lines_is_published_in_batches(void **state)
{
    static char lines[FRAME_DATA_MAX];
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    memset(lines, '\n', sizeof lines);
    put_bytes(c, FRAME_STDOUT, 0, str_of(lines, sizeof lines));
    flush(f, c);
    UNTIL(f, f->count == FRAME_DATA_MAX);
    assert_in_range(f->publishes, 4, 8);
    expect_position(f, 1, FRAME_DATA_MAX, 0, 0);
}

static void who_writes_faster_than_is_sealed_waits_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    struct caller *fast = call(f, 0, 1), *other = call(f, 1, 2);

    f->crowded = true;
    put_bytes(fast, FRAME_STDOUT, 0, STR("one\n"));
    flush(f, fast);
    UNTIL(f, f->count == 1);
    put_bytes(fast, FRAME_STDOUT, 4, STR("two\n"));
    flush(f, fast);
    put_bytes(other, FRAME_STDOUT, 0, STR("three\n"));
    flush(f, other);
    UNTIL(f, f->count == 2);
    assert_string_equal(f->records[1].message, "three"); /* came later, and is here */
    f->crowded = false;
    keeper_server_go_on(f->server);
    UNTIL(f, f->count == 3);
    assert_string_equal(f->records[2].message, "two");
    assert_int_equal(fast->errors + other->errors, 0);
}

static void keepers_that_talk_at_once_do_not_mix(void **state)
{
    struct fixture *f = *state;
    uint64_t at = 0;

    for (int i = 0; i < 4; i++)
        call(f, i, (uint8_t)(i + 1));
    for (int round = 0; round < 50; round++, at += 7)
        for (int i = 0; i < 4; i++) {
            put_text(&f->callers[i], FRAME_STDOUT, at, round % 2 ? "x\nhalf-" : "word\nha");
            flush(f, &f->callers[i]);
        }
    UNTIL(f, f->count == 200);
    for (int i = 0; i < 4; i++)
        expect_position(f, (uint8_t)(i + 1), 345, 0, 0);
}

/* --- the end --- */

static void the_exit_record_stands_behind_the_last_words(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    put_exit(c, 3);
    flush(f, c);
    assert_int_equal(f->count, 0);
    put_text(c, FRAME_STDOUT, 0, "last words");
    frame_add_end(&c->out, 10, 0);
    flush(f, c);
    UNTIL(f, c->acked.flags == (FRAME_ACK_EXIT | FRAME_ACK_END));
    assert_int_equal(f->count, 2);
    expect_record(f, 0, STREAM_STDOUT, "last words");
    expect_record(f, 1, STREAM_SYSTEM, "exited with code 3");
    assert_int_equal(f->records[1].level, LEVEL_ERROR);
    assert_int_equal(f->records[1].time_us, 2000);
}

static void a_grandchild_that_holds_a_pipe_does_not_hold_back_the_exit_record(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    put_exit(c, 0);
    flush(f, c);
    UNTIL(f, c->acked.flags == FRAME_ACK_EXIT);
    expect_record(f, 0, STREAM_SYSTEM, "exited with code 0");
    put_text(c, FRAME_STDOUT, 0, "the grandchild\n");
    frame_add_end(&c->out, 15, 0);
    flush(f, c);
    UNTIL(f, c->acked.flags == (FRAME_ACK_EXIT | FRAME_ACK_END));
    assert_int_equal(f->count, 2);
    expect_record(f, 1, STREAM_STDOUT, "the grandchild");
}

static void an_exit_record_that_waited_is_its_own_runs(void **state)
{
    struct fixture *f = *state;
    struct caller *a = call(f, 0, 1), *b = call(f, 1, 2);

    put_text(a, FRAME_STDOUT, 0, "from a\n");
    put_exit(a, 0);
    flush(f, a);
    put_text(b, FRAME_STDOUT, 0, "from b, longer\n");
    flush(f, b);
    UNTIL(f, a->acked.flags == FRAME_ACK_EXIT);
    expect_position(f, 1, 7, 0, RUN_EXIT_WRITTEN);
    expect_position(f, 2, 15, 0, 0);
}

static void an_exit_after_the_end_is_written_at_once(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    frame_add_end(&c->out, 0, 0);
    put_exit(c, 0);
    flush(f, c);
    turn(f);
    assert_int_equal(f->count, 1);
    assert_int_equal(c->acked.flags, FRAME_ACK_EXIT | FRAME_ACK_END);
}

static void an_exit_that_is_told_twice_is_one_record(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    put_exit(c, 0);
    put_exit(c, 0);
    flush(f, c);
    UNTIL(f, c->acked.flags == FRAME_ACK_EXIT);
    put_exit(c, 0);
    flush(f, c);
    c = call(f, 0, 1);
    assert_int_equal(c->resume.flags, FRAME_ACK_EXIT);
    put_exit(c, 0);
    frame_add_end(&c->out, 0, 0);
    flush(f, c);
    UNTIL(f, c->acked.flags == (FRAME_ACK_EXIT | FRAME_ACK_END));
    assert_int_equal(f->count, 1);
}

static void a_run_that_ended_is_forgotten_and_one_that_broke_off_is_not(void **state)
{
    struct fixture *f = *state;
    struct caller *c = call(f, 0, 1);

    put_text(c, FRAME_STDOUT, 0, "line\n");
    flush(f, c);
    hang_up(c);
    UNTIL(f, f->metrics.keepers == 0);
    assert_int_equal(f->forgotten, 0);
    assert_int_equal(supervise_at(f->supervise, 0)->state, PROCESS_DISCONNECTED);
    c = call(f, 0, 1);
    assert_int_equal(c->resume.stdout_n, 5);
    put_exit(c, 0);
    frame_add_end(&c->out, 5, 0);
    flush(f, c);
    UNTIL(f, c->acked.flags & FRAME_ACK_END);
    assert_int_equal(supervise_at(f->supervise, 0)->state, PROCESS_EXITED);
    hang_up(c);
    UNTIL(f, f->metrics.keepers == 0);
    assert_int_equal(f->forgotten, 1);
}

/* --- compatibility --- */

static void the_recorded_keeper_of_version_1_is_understood_for_ever(void **state)
{
    struct fixture *f = *state;
    struct caller *c = dial(f, 0);
    FILE *file = fopen(GOLDEN_DIR "/keeper-v1.frames", "rb");

    assert_non_null(file);
    assert_int_equal(buf_reserve(&c->out, 65536), 0);
    c->out.n = fread(c->out.p, 1, 65536, file);
    fclose(file);
    flush(f, c);
    UNTIL(f, c->acked.flags == (FRAME_ACK_EXIT | FRAME_ACK_END));
    assert_int_equal(f->count, 7);
    expect_record(f, 0, STREAM_STDOUT, "ready");
    expect_record(f, 1, STREAM_STDOUT, "half a line");
    expect_record(f, 2, STREAM_SYSTEM, "7 bytes of stdout were given up");
    assert_non_null(strstr(f->records[3].message, "7 bytes of stdout are missing here"));
    expect_record(f, 4, STREAM_STDOUT, "last");
    assert_int_equal(f->records[5].stream, STREAM_STDERR);
    assert_int_equal(f->records[5].message_n, 15);
    assert_memory_equal(f->records[5].message, "\0\xef\xbf\xbd\x1b[31mbad\rno", 15);
    expect_record(f, 6, STREAM_SYSTEM, "killed by signal 11 (SIGSEGV), core dumped");
    assert_non_null(strstr(f->records[6].fields, "\"event\":\"exit\",\"signal\":\"SIGSEGV\""));
    assert_int_equal(f->records[4].flags | f->records[5].flags, RECORD_UNTERMINATED);
    assert_int_equal(c->acked.stdout_n, 29);
    assert_int_equal(c->acked.stderr_n, 13);
    assert_non_null(strstr(f->records[0].labels, "\"job_run_id\":\"nightly-42\""));
    assert_non_null(strstr(f->records[0].labels, "\"source\":\"game_control\""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_process_writes_becomes_records_of_its_streams_and_labels),
        TEST(frames_may_arrive_in_any_two_pieces),
        TEST(bytes_may_be_cut_into_frames_and_sent_again_from_anywhere),
        TEST(bytes_that_were_given_up_are_said_in_their_place),
        TEST(an_end_beyond_what_came_is_a_gap),
        TEST(a_very_long_line_comes_in_parts),
        TEST(a_flood_of_empty_lines_is_published_in_batches),
        TEST(who_writes_faster_than_is_sealed_waits_and_loses_nothing),
        TEST(keepers_that_talk_at_once_do_not_mix),
        TEST(the_exit_record_stands_behind_the_last_words),
        TEST(a_grandchild_that_holds_a_pipe_does_not_hold_back_the_exit_record),
        TEST(an_exit_record_that_waited_is_its_own_runs),
        TEST(an_exit_after_the_end_is_written_at_once),
        TEST(an_exit_that_is_told_twice_is_one_record),
        TEST(a_run_that_ended_is_forgotten_and_one_that_broke_off_is_not),
        TEST(the_recorded_keeper_of_version_1_is_understood_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
