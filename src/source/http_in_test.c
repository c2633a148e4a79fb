/* SPDX-License-Identifier: MIT
 *
 * http_in_test.c - requests over real sockets to a hub that can be told to refuse, to be slow, and
 * to give up.
 */
#include "source/http_in.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_US = 10000000, PEERS = 4, BODY_MAX = 8 << 20 };

struct peer {
    int fd;
    struct buf answer; /* zero-terminated */
};

struct fixture {
    struct loop loop;
    struct http_server server;
    struct http_in *in;
    struct peer peers[PEERS];
    struct label_table labels;
    struct metrics metrics;
    uint64_t next_id, acked_id;
    bool acks, stuck, behind;
    int fail_with;
    uint64_t read_in_turn_max; /* records; each has a byte that is counted when it is read */
};

static int publish(void *hub, struct batch *b)
{
    struct fixture *f = hub;

    if (f->fail_with)
        return f->fail_with;
    b->first_id = f->next_id;
    f->next_id += b->count;
    if (f->acks)
        f->acked_id = f->next_id;
    return 0;
}

static const struct position *position(void *hub, const struct origin *o)
{
    (void)hub;
    (void)o;
    return NULL;
}

static uint64_t acked_id(void *hub)
{
    return ((struct fixture *)hub)->acked_id;
}

static uint64_t next_id(void *hub)
{
    return ((struct fixture *)hub)->next_id;
}

static bool can_acknowledge(void *hub)
{
    return !((struct fixture *)hub)->stuck;
}

static bool has_room(void *hub)
{
    return !((struct fixture *)hub)->behind;
}

static uint32_t wait_ms(void *hub, struct str source)
{
    (void)hub;
    return str_is(source, "noisy") ? 2500 : 0;
}

static void charge(void *hub, struct str source, uint64_t records)
{
    (void)hub;
    (void)source;
    (void)records;
}

static void dispatch(struct http_req *req, void *ctx)
{
    http_in_serve(((struct fixture *)ctx)->in, req, STR("app"), 0);
}

static bool streams(const struct http_req *req, void *ctx)
{
    (void)req;
    (void)ctx;
    return true;
}

static int start(void **state, uint64_t memory_max)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct http_in_opts opts = {.loop = &f->loop,
                                .body_max = BODY_MAX,
                                .memory_max = memory_max,
                                .intake = {.hub = f,
                                           .publish = publish,
                                           .position = position,
                                           .acked_id = acked_id,
                                           .next_id = next_id,
                                           .can_acknowledge = can_acknowledge,
                                           .has_room = has_room,
                                           .push_wait_ms = wait_ms,
                                           .push_charge = charge,
                                           .labels = &f->labels,
                                           .metrics = &f->metrics}};

    assert_int_equal(loop_init(&f->loop), 0);
    assert_int_equal(http_in_new(&f->in, &opts), 0);
    f->server = (struct http_server){.loop = &f->loop,
                                     .dispatch = dispatch,
                                     .streams = streams,
                                     .ctx = f,
                                     .body_max = 1000,
                                     .head_timeout_ms = 5000,
                                     .idle_timeout_ms = 5000};
    f->next_id = f->acked_id = 1;
    f->acks = true;
    for (int i = 0; i < PEERS; i++)
        f->peers[i].fd = -1;
    *state = f;
    return 0;
}

static int setup(void **state)
{
    return start(state, 64 << 20);
}

static int setup_with_little_memory(void **state)
{
    return start(state, 300 * 1024);
}

static void turn(struct fixture *f)
{
    uint64_t before = f->metrics.lines_invalid_utf8_total;

    uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    uint64_t read_now = f->metrics.lines_invalid_utf8_total - before;
    if (read_now > f->read_in_turn_max)
        f->read_in_turn_max = read_now;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < PEERS; i++) {
        if (f->peers[i].fd >= 0)
            close(f->peers[i].fd);
        buf_fini(&f->peers[i].answer);
    }
    http_close_all(&f->server);
    loop_run(&f->loop);
    assert_int_equal(f->metrics.push_bytes, 0);
    http_in_free(f->in);
    loop_fini(&f->loop);
    label_table_fini(&f->labels);
    free(f);
    return 0;
}

static struct peer *peer(struct fixture *f, int i)
{
    static const struct conn_ops none = {0};
    struct peer *p = &f->peers[i];
    int pair[2];
    struct conn *c;

    if (p->fd >= 0)
        return p;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    p->fd = pair[0];
    assert_int_equal(conn_open(&f->loop, pair[1], true, &none, NULL, &c), 0);
    assert_int_equal(http_serve(&f->server, c), 0);
    return p;
}

static const char *answer(struct peer *p)
{
    char part[65536];
    ssize_t n;

    while ((n = read(p->fd, part, sizeof part)) > 0)
        buf_add(&p->answer, part, (size_t)n);
    assert_int_equal(buf_reserve(&p->answer, 1), 0);
    p->answer.p[p->answer.n] = '\0';
    return p->answer.p;
}

#define UNTIL(f, p, cond)                                                                          \
    do {                                                                                           \
        int64_t until_ = clock_mono_us() + DEADLINE_US;                                            \
        while (!(cond)) {                                                                          \
            turn(f);                                                                               \
            if (clock_mono_us() > until_)                                                          \
                fail_msg("waited too long for " #cond ", have: %s", answer(p));                    \
        }                                                                                          \
    } while (0)

/* As much as the socket takes; returns how much that was. */
static size_t offer(struct peer *p, struct str bytes)
{
    size_t sent = 0;
    ssize_t n;

    while (sent < bytes.n && (n = send(p->fd, bytes.p + sent, bytes.n - sent, MSG_NOSIGNAL)) > 0)
        sent += (size_t)n;
    return sent;
}

static void say(struct fixture *f, struct peer *p, struct str bytes)
{
    int64_t until = clock_mono_us() + DEADLINE_US;

    while (bytes.n && clock_mono_us() < until) {
        size_t n = offer(p, bytes);
        bytes = str_of(bytes.p + n, bytes.n - n);
        turn(f);
    }
}

static struct buf request(const char *headers, struct str body)
{
    struct buf out = {0};

    buf_printf(&out, "POST /logs HTTP/1.1\r\nHost: h\r\n%sContent-Length: %zu\r\n\r\n", headers,
               body.n);
    buf_add_str(&out, body);
    return out;
}

static void post(struct fixture *f, struct peer *p, const char *headers, struct str body)
{
    struct buf all = request(headers, body);

    buf_clear(&p->answer);
    say(f, p, buf_str(&all));
    buf_fini(&all);
}

static struct buf lines(size_t n)
{
    struct buf body = {0};

    for (size_t i = 0; i < n; i++)
        buf_printf(&body, "{\"message\":\"line %zu of a body that is to be large\xff\"}\n", i);
    return body;
}

#define EXPECT(f, p, text) UNTIL(f, p, strstr(answer(p), text))

static void without_space_the_answer_is_507(void **state)
{
    struct fixture *f = *state;
    struct peer *p = peer(f, 0);

    f->fail_with = -ENOSPC;
    post(f, p, "", STR("{\"message\":\"a\"}"));
    EXPECT(f, p, "HTTP/1.1 507 ");
    assert_int_equal(f->metrics.push_unstored_total, 1);
    f->fail_with = -EAGAIN;
    post(f, p, "", STR("{\"message\":\"a\"}"));
    EXPECT(f, p, "HTTP/1.1 503 ");
    assert_non_null(strstr(answer(p), "Retry-After: 1\r\n"));
    f->fail_with = 0;
    post(f, p, "", STR("{\"message\":\"a\"}"));
    EXPECT(f, p, "{\"accepted\":1,\"rejected\":[],\"rejected_total\":0}");
}

static void while_the_sealer_is_behind_a_body_waits_and_then_is_taken(void **state)
{
    struct fixture *f = *state;
    struct peer *p = peer(f, 0);

    f->behind = true;
    post(f, p, "", STR("{\"message\":\"a\"}"));
    for (int i = 0; i < 20; i++)
        uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    assert_int_equal(f->next_id, 1);
    f->behind = false;
    http_in_go_on(f->in);
    EXPECT(f, p, "{\"accepted\":1,\"rejected\":[],\"rejected_total\":0}");
}

static void a_body_that_waits_too_long_is_told_to_come_again(void **state)
{
    struct fixture *f = *state;
    struct peer *p = peer(f, 0);

    clock_fake(1768473045123456);
    f->behind = true;
    post(f, p, "", STR("{\"message\":\"a\"}"));
    for (int i = 0; i < 20; i++)
        uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    clock_advance(11 * 1000 * 1000);
    http_in_go_on(f->in); /* looks, and finds no room */
    for (int i = 0; i < 20; i++)
        uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    EXPECT(f, p, "HTTP/1.1 429 ");
    assert_non_null(strstr(answer(p), "Retry-After: 1\r\n"));
    assert_int_equal(f->next_id, 1);
}

static void a_source_over_its_limit_gets_429_and_when_to_come_again(void **state)
{
    struct fixture *f = *state;
    struct peer *p = peer(f, 0);

    post(f, p, "", STR("{\"message\":\"a\",\"source\":\"noisy\"}"));
    EXPECT(f, p, "HTTP/1.1 429 ");
    assert_non_null(strstr(answer(p), "Retry-After: 3\r\n"));
    assert_int_equal(f->next_id, 1);
    assert_int_equal(f->metrics.push_limited_total, 1);
}

static void bodies_that_hold_too_much_memory_are_told_to_come_again(void **state)
{
    struct fixture *f = *state;
    struct peer *p = peer(f, 0), *small = peer(f, 1);
    struct buf body = lines(20000);

    post(f, p, "", buf_str(&body));
    EXPECT(f, p, "HTTP/1.1 429 ");
    assert_non_null(strstr(answer(p), "Retry-After: 1\r\n"));
    post(f, small, "", STR("{\"message\":\"a\"}"));
    EXPECT(f, small, "\"accepted\":1");
    buf_fini(&body);
}

static void what_is_not_understood_gets_its_status(void **state)
{
    static const struct {
        const char *headers, *body, *status;
    } cases[] = {
        {"", "hello", "400"},
        {"", "", "400"},
        {"", "[]", "200"},
        {"", "[{\"a\":1}]", "400"},
        {"Content-Type: application/x-ndjson\r\n", "\n\n", "400"},
        {"Content-Encoding: br\r\n", "x", "415"},
        {"Content-Encoding: gzip\r\n", "not gzip", "400"},
        {"X-Logmill-Batch: \r\n", "{\"message\":\"a\"}", "400"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture *f = *state;
        struct peer *p = peer(f, 0);
        char want[32];

        snprintf(want, sizeof want, "HTTP/1.1 %s ", cases[i].status);
        post(f, p, cases[i].headers, str_from(cases[i].body));
        EXPECT(f, p, want);
        close(p->fd);
        p->fd = -1;
    }
}

static void an_answer_waits_until_the_disk_has_it(void **state)
{
    struct fixture *f = *state;
    struct peer *p = peer(f, 0);

    f->acks = false;
    post(f, p, "", STR("{\"message\":\"a\"}"));
    UNTIL(f, p, f->next_id == 2);
    for (int i = 0; i < 10; i++)
        turn(f);
    assert_string_equal(answer(p), "");
    f->acked_id = 2;
    http_in_acked(f->in, 2);
    EXPECT(f, p, "\"accepted\":1");
}

static void a_disk_that_has_failed_is_507_for_those_who_wait(void **state)
{
    struct fixture *f = *state;
    struct peer *p = peer(f, 0);

    f->acks = false;
    post(f, p, "", STR("{\"message\":\"a\"}"));
    UNTIL(f, p, f->next_id == 2);
    f->stuck = true;
    http_in_acked(f->in, 1);
    EXPECT(f, p, "HTTP/1.1 507 ");
}

static void a_second_attempt_waits_for_the_first(void **state)
{
    struct fixture *f = *state;
    struct peer *first = peer(f, 0), *second = peer(f, 1);

    f->acks = false;
    post(f, first, "X-Logmill-Batch: k\r\n", STR("{\"message\":\"a\"}"));
    UNTIL(f, first, f->next_id == 2);
    post(f, second, "X-Logmill-Batch: k\r\n", STR("{\"message\":\"a\"}"));
    EXPECT(f, second, "HTTP/1.1 503 ");
    assert_non_null(strstr(answer(second), "batch_in_progress"));
}

static void who_leaves_in_the_middle_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct peer *p = peer(f, 0), *waiting = peer(f, 1);

    say(f, p,
        STR("POST /logs HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n"
            "{\"message\":\"a\"}\n{\"mess"));
    UNTIL(f, p, f->metrics.push_bytes > 0);
    f->acks = false;
    post(f, waiting, "", STR("{\"message\":\"a\"}"));
    UNTIL(f, waiting, f->next_id == 2);
    close(p->fd);
    close(waiting->fd);
    p->fd = waiting->fd = -1;
    UNTIL(f, p, f->metrics.push_bytes == 0 && f->server.live == 0);
    assert_int_equal(f->next_id, 2);
    http_in_acked(f->in, 2);
}

/* All bodies of all clients together get one slice in a turn, and all of them are taken in the
 * end. */
static void a_turn_looks_at_one_slice_whoever_sends(void **state)
{
    struct fixture *f = *state;
    struct buf body = lines(60000),
               all = request("Content-Type: application/x-ndjson\r\n", buf_str(&body));
    size_t sent[PEERS] = {0};
    int64_t until = clock_mono_us() + DEADLINE_US;

    while (f->metrics.push_requests_total < PEERS && clock_mono_us() < until) {
        for (int i = 0; i < PEERS; i++)
            sent[i] += offer(peer(f, i), str_of(all.p + sent[i], all.n - sent[i]));
        turn(f);
    }
    for (int i = 0; i < PEERS; i++)
        assert_non_null(strstr(answer(&f->peers[i]), "\"accepted\":60000"));
    assert_true(f->metrics.push_accepted_total == 60000 * PEERS);
    /* Two hooks may run in one call of the loop. */
    assert_in_range(f->read_in_turn_max, HTTP_IN_SLICE / 100, 2 * HTTP_IN_SLICE / 50);
    buf_fini(&body);
    buf_fini(&all);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_space_the_answer_is_507),
        TEST(while_the_sealer_is_behind_a_body_waits_and_then_is_taken),
        TEST(a_source_over_its_limit_gets_429_and_when_to_come_again),
        cmocka_unit_test_setup_teardown(bodies_that_hold_too_much_memory_are_told_to_come_again,
                                        setup_with_little_memory, teardown),
        TEST(what_is_not_understood_gets_its_status),
        TEST(an_answer_waits_until_the_disk_has_it),
        TEST(a_disk_that_has_failed_is_507_for_those_who_wait),
        TEST(a_second_attempt_waits_for_the_first),
        TEST(who_leaves_in_the_middle_leaves_nothing_behind),
        TEST(a_turn_looks_at_one_slice_whoever_sends),
        TEST(
            a_body_that_waits_too_long_is_told_to_come_again), /* the clock stands still from here on */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
