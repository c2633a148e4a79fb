/* SPDX-License-Identifier: MIT
 *
 * conn_test.c - the loop, connections and doors, on real sockets.
 */
#include "net/conn.h"

#include "base/clock.h"
#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_US = 10000000 };

/* One end of a connection is ours, the other is the test's blocking socket. */
struct fixture {
    struct loop loop;
    struct conn *conn; /* NULL after on_close */
    int peer;
    struct buf got;
    int data_calls, drained_calls, close_calls;
    bool take; /* on_data consumes */
};

static void on_data(struct conn *c)
{
    struct fixture *f = c->self;
    f->data_calls++;
    if (f->take) {
        buf_add(&f->got, c->in.p, c->in.n);
        buf_consume(&c->in, c->in.n);
    }
}

static void on_drained(struct conn *c)
{
    struct fixture *f = c->self;
    f->drained_calls++;
}

static void on_close(struct conn *c)
{
    struct fixture *f = c->self;
    f->close_calls++;
    f->conn = NULL;
}

static const struct conn_ops ops = {on_data, on_drained, on_close};

static void turn(struct fixture *f)
{
    uv_run(&f->loop.uv, UV_RUN_NOWAIT);
}

#define UNTIL(f, cond)                                                                             \
    do {                                                                                           \
        int64_t until_ = clock_mono_us() + DEADLINE_US;                                            \
        while (!(cond)) {                                                                          \
            turn(f);                                                                               \
            if (clock_mono_us() > until_)                                                          \
                fail_msg("waited too long for " #cond);                                            \
        }                                                                                          \
    } while (0)

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    int pair[2];

    assert_int_equal(loop_init(&f->loop), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    f->peer = pair[0];
    f->take = true;
    assert_int_equal(conn_open(&f->loop, pair[1], true, &ops, f, &f->conn), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    if (f->conn)
        conn_close(f->conn, 0);
    loop_fini(&f->loop);
    if (f->peer >= 0)
        close(f->peer);
    buf_fini(&f->got);
    free(f);
    return 0;
}

struct counted_hook {
    struct turn_hook hook;
    struct loop *loop;
    int runs, ask_again;
};

static void count_run(struct turn_hook *hook)
{
    struct counted_hook *h = LIST_ITEM(hook, struct counted_hook, hook);
    h->runs++;
    if (h->ask_again-- > 0)
        turn_hook_ask(h->loop, hook);
}

static void a_hook_runs_once_a_turn_however_often_it_was_asked(void **state)
{
    struct fixture *f = *state;
    struct counted_hook h = {.loop = &f->loop};

    turn_hook_init(&h.hook, count_run);
    turn_hook_ask(&f->loop, &h.hook);
    turn_hook_ask(&f->loop, &h.hook);
    turn(f);
    assert_int_equal(h.runs, 1);
    turn(f);
    assert_int_equal(h.runs, 1);
}

static void a_hook_that_asks_again_runs_in_the_next_turn(void **state)
{
    struct fixture *f = *state;
    struct counted_hook h = {.loop = &f->loop, .ask_again = 2};

    turn_hook_init(&h.hook, count_run);
    turn_hook_ask(&f->loop, &h.hook);
    for (int i = 1; i <= 3; i++) {
        turn(f);
        assert_int_equal(h.runs, i);
    }
}

static void a_cancelled_hook_does_not_run(void **state)
{
    struct fixture *f = *state;
    struct counted_hook h = {.loop = &f->loop};

    turn_hook_init(&h.hook, count_run);
    turn_hook_ask(&f->loop, &h.hook);
    turn_hook_cancel(&h.hook);
    turn(f);
    assert_int_equal(h.runs, 0);
}

static void set_flag(struct job *job)
{
    *(int *)job->uv.reserved[0] = 1;
}

static void stop_loop(struct job *job)
{
    loop_stop(job->uv.reserved[1]);
}

static void a_job_works_in_the_pool_and_is_done_on_the_loop(void **state)
{
    struct fixture *f = *state;
    int flag = 0;
    struct job job = {.uv.reserved = {&flag, &f->loop}};

    assert_int_equal(job_start(&f->loop, &job, set_flag, stop_loop), 0);
    loop_run(&f->loop);
    assert_int_equal(flag, 1);
}

static void bytes_arrive_and_the_peer_is_named(void **state)
{
    struct fixture *f = *state;
    char peer[CONN_PEER_MAX];

    assert_int_equal(f->conn->peer_uid, getuid());
    assert_int_equal(strncmp(conn_peer(f->conn, peer), "unix uid ", 9), 0);
    assert_int_equal(write(f->peer, "hello", 5), 5);
    UNTIL(f, f->got.n == 5);
    assert_memory_equal(f->got.p, "hello", 5);
}

static void reading_pauses_at_in_max_and_goes_on_when_asked(void **state)
{
    struct fixture *f = *state;
    static char block[32768];

    f->take = false;
    f->conn->in_max = 1;
    assert_int_equal(write(f->peer, block, sizeof block), sizeof block);
    UNTIL(f, f->conn->in.n == sizeof block);
    assert_int_equal(write(f->peer, "x", 1), 1);
    for (int i = 0; i < 20; i++)
        turn(f);
    assert_int_equal(f->conn->in.n, sizeof block);
    buf_consume(&f->conn->in, sizeof block);
    conn_pause_reading(f->conn, false);
    UNTIL(f, f->conn->in.n == 1);
}

static void a_paused_connection_reads_nothing(void **state)
{
    struct fixture *f = *state;

    conn_pause_reading(f->conn, true);
    assert_int_equal(write(f->peer, "x", 1), 1);
    for (int i = 0; i < 20; i++)
        turn(f);
    assert_int_equal(f->got.n, 0);
    conn_pause_reading(f->conn, false);
    UNTIL(f, f->got.n == 1);
}

static void a_full_socket_queues_the_rest_and_says_when_it_is_gone(void **state)
{
    struct fixture *f = *state;
    size_t total = 4 << 20, seen = 0;
    char *big = malloc(total);

    for (size_t i = 0; i < total; i++)
        big[i] = (char)(i * 31 >> 3);
    assert_int_equal(conn_write(f->conn, big, total), 0);
    assert_true(f->conn->out.n > 0);
    assert_int_equal(conn_writev(f->conn, &(struct iovec){big, 1}, 1), 0);
    fcntl(f->peer, F_SETFL, O_NONBLOCK);
    while (seen < total) {
        char part[65536];
        ssize_t n = read(f->peer, part, sizeof part);
        if (n < 0) {
            turn(f);
            continue;
        }
        assert_memory_equal(part, big + seen, (size_t)n);
        seen += (size_t)n;
    }
    UNTIL(f, f->drained_calls == 1);
    assert_int_equal(f->conn->out.n, 0);
    free(big);
}

static void writev_takes_what_fits_and_asks_for_drained(void **state)
{
    struct fixture *f = *state;
    size_t total = 4 << 20;
    char *big = calloc(1, total);
    struct iovec iov[2] = {{big, total / 2}, {big + total / 2, total / 2}};

    ssize_t sent = conn_writev(f->conn, iov, 2);
    assert_true(sent > 0 && (size_t)sent < total);
    assert_int_equal(f->conn->out.n, 0);
    assert_true(conn_kernel_unsent(f->conn) > 0);
    for (ssize_t left = sent; left > 0;)
        left -= read(f->peer, big, (size_t)left);
    UNTIL(f, f->drained_calls == 1);
    free(big);
}

static void the_end_of_the_stream_closes_once(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->loop.conns, 1);
    close(f->peer);
    f->peer = -1;
    UNTIL(f, f->close_calls == 1);
    turn(f);
    assert_int_equal(f->close_calls, 1);
    assert_int_equal(f->loop.conns, 0);
}

static void closing_stops_callbacks_and_comes_once(void **state)
{
    struct fixture *f = *state;
    struct conn *c = f->conn;

    assert_int_equal(write(f->peer, "late", 4), 4);
    conn_close(c, 0);
    conn_close(c, 0);
    assert_int_equal(f->close_calls, 0);
    assert_int_equal(conn_write(c, "x", 1), 0);
    UNTIL(f, f->close_calls == 1);
    turn(f);
    assert_int_equal(f->close_calls, 1);
    assert_int_equal(f->data_calls, 0);
}

static void lingering_delivers_the_last_answer_although_bytes_were_unread(void **state)
{
    struct fixture *f = *state;
    char text[8] = "";

    f->take = false;
    assert_int_equal(write(f->peer, "unread", 6), 6);
    conn_write(f->conn, "sorry", 5);
    conn_close(f->conn, 5000);
    for (int i = 0; i < 5; i++)
        turn(f);
    assert_int_equal(write(f->peer, "more", 4), 4);
    assert_int_equal(read(f->peer, text, sizeof text), 5);
    assert_string_equal(text, "sorry");
    assert_int_equal(read(f->peer, text, sizeof text), 0);
    close(f->peer);
    f->peer = -1;
    UNTIL(f, f->close_calls == 1);
    assert_int_equal(f->data_calls, 0);
}

static void lingering_ends_at_its_deadline(void **state)
{
    struct fixture *f = *state;

    conn_close(f->conn, 20);
    UNTIL(f, f->close_calls == 1);
}

static void last_words_of_a_dead_peer_are_delivered_after_a_failed_write(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(write(f->peer, "last words", 10), 10);
    close(f->peer);
    f->peer = -1;
    conn_write(f->conn, "ack", 3);
    UNTIL(f, f->close_calls == 1);
    assert_int_equal(f->got.n, 10);
}

static void last_words_survive_a_reset(void **state)
{
    struct fixture *f = *state;

    conn_write(f->conn, "never read", 10);
    assert_int_equal(write(f->peer, "last words", 10), 10);
    close(f->peer); /* with unread bytes: the kernel reports an error, not an end */
    f->peer = -1;
    UNTIL(f, f->close_calls == 1);
    assert_int_equal(f->got.n, 10);
}

struct door {
    struct fixture *f;
    struct listener *ls;
    int accepted;
};

static void on_accept(struct loop *l, int fd, bool is_local, void *ctx)
{
    struct door *d = ctx;
    d->accepted++;
    assert_int_equal(conn_open(l, fd, is_local, &ops, d->f, &d->f->conn), 0);
}

static int connect_tcp(const char *address)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void drop_first_conn(struct fixture *f)
{
    conn_close(f->conn, 0);
    UNTIL(f, f->close_calls == 1);
    f->close_calls = 0;
}

static void a_tcp_door_on_any_port_takes_connections(void **state)
{
    struct fixture *f = *state;
    struct door d = {.f = f};
    struct errinfo info;
    char peer[CONN_PEER_MAX];

    drop_first_conn(f);
    assert_int_equal(listener_open_tcp(&f->loop, "localhost:0", false, on_accept, &d, &d.ls, &info),
                     0);
    assert_int_equal(strncmp(listener_address(d.ls), "127.0.0.1:", 10), 0);
    int fd = connect_tcp(listener_address(d.ls));
    UNTIL(f, d.accepted == 1);
    assert_false(f->conn->is_local);
    assert_int_equal(strncmp(conn_peer(f->conn, peer), "127.0.0.1:", 10), 0);
    close(fd);
    UNTIL(f, f->close_calls == 1);
    listener_close(d.ls);
}

static void a_taken_port_is_named(void **state)
{
    struct fixture *f = *state;
    struct door d = {.f = f};
    struct listener *second;
    struct errinfo info;
    const char *address;

    assert_int_equal(listener_open_tcp(&f->loop, "127.0.0.1:0", false, on_accept, &d, &d.ls, &info),
                     0);
    address = listener_address(d.ls);
    assert_int_equal(listener_open_tcp(&f->loop, address, false, on_accept, &d, &second, &info),
                     -EADDRINUSE);
    assert_non_null(strstr(info.text, strrchr(address, ':') + 1));
    assert_non_null(strstr(info.text, "--listen 127.0.0.1:0"));
    listener_close(d.ls);
}

static void addresses_that_others_could_reach_are_refused(void **state)
{
    static const char *const open_to_others[] = {"0.0.0.0:0", "[::]:0", "192.0.2.1:8514",
                                                 "[::ffff:127.0.0.1]:0"};
    static const char *const nonsense[] = {
        "", ":", "8514", "127.0.0.1", "example.com:80", "127.0.0.1:65536", "127.0.0.1:-1"};
    struct fixture *f = *state;
    struct listener *ls;
    struct errinfo info;

    for (size_t i = 0; i < sizeof open_to_others / sizeof *open_to_others; i++) {
        assert_int_equal(
            listener_open_tcp(&f->loop, open_to_others[i], false, on_accept, NULL, &ls, &info),
            -LM_E_REFUSED);
        assert_non_null(strstr(info.text, "no token is configured"));
    }
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
        assert_int_equal(
            listener_open_tcp(&f->loop, nonsense[i], false, on_accept, NULL, &ls, &info),
            -LM_E_INVALID);
}

static void without_descriptors_clients_are_turned_away_and_the_loop_does_not_spin(void **state)
{
    struct fixture *f = *state;
    struct door d = {.f = f};
    struct errinfo info;
    struct rlimit before, none;
    char text[16] = "";

    drop_first_conn(f);
    assert_int_equal(listener_open_tcp(&f->loop, "127.0.0.1:0", false, on_accept, &d, &d.ls, &info),
                     0);
    int fd = connect_tcp(listener_address(d.ls));
    int lowest_free = dup(0);
    close(lowest_free);
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = (rlim_t)lowest_free;
    setrlimit(RLIMIT_NOFILE, &none);
    for (int i = 0; i < 20; i++)
        turn(f);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(d.accepted, 0);
    assert_int_equal(read(fd, text, 12), 12);
    assert_string_equal(text, "HTTP/1.1 503");
    close(fd);
    fd = connect_tcp(listener_address(d.ls));
    UNTIL(f, d.accepted == 1);
    close(fd);
    UNTIL(f, f->close_calls == 1);
    listener_close(d.ls);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void a_unix_door_is_private_and_cleans_up(void **state)
{
    struct fixture *f = *state;
    struct door d = {.f = f};
    struct errinfo info;
    char dir[] = "/tmp/conn_test.XXXXXX", path[64];
    struct listener *second;
    struct stat st;

    drop_first_conn(f);
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/hub.sock", dir);
    assert_int_equal(listener_open_unix(&f->loop, path, on_accept, &d, &d.ls, &info), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    int fd = connect_unix(path);
    UNTIL(f, d.accepted == 1);
    assert_true(f->conn->is_local);
    assert_int_equal(listener_open_unix(&f->loop, path, on_accept, &d, &second, &info),
                     -EADDRINUSE);
    close(fd);
    UNTIL(f, f->close_calls == 1);
    listener_close(d.ls);
    assert_int_equal(stat(path, &st), -1);
    assert_int_equal(rmdir(dir), 0);
}

static void a_stale_socket_is_replaced_and_a_file_is_not(void **state)
{
    struct fixture *f = *state;
    struct door d = {.f = f};
    struct errinfo info;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char dir[] = "/tmp/conn_test.XXXXXX";

    assert_non_null(mkdtemp(dir));
    snprintf(a.sun_path, sizeof a.sun_path, "%s/hub.sock", dir);
    int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&a, sizeof a), 0);
    close(dead);
    assert_int_equal(listener_open_unix(&f->loop, a.sun_path, on_accept, &d, &d.ls, &info), 0);
    listener_close(d.ls);
    close(open(a.sun_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(listener_open_unix(&f->loop, a.sun_path, on_accept, &d, &d.ls, &info),
                     -EEXIST);
    assert_non_null(strstr(info.text, "not a socket"));
    unlink(a.sun_path);
    assert_int_equal(rmdir(dir), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_hook_runs_once_a_turn_however_often_it_was_asked),
        TEST(a_hook_that_asks_again_runs_in_the_next_turn),
        TEST(a_cancelled_hook_does_not_run),
        TEST(a_job_works_in_the_pool_and_is_done_on_the_loop),
        TEST(bytes_arrive_and_the_peer_is_named),
        TEST(reading_pauses_at_in_max_and_goes_on_when_asked),
        TEST(a_paused_connection_reads_nothing),
        TEST(a_full_socket_queues_the_rest_and_says_when_it_is_gone),
        TEST(writev_takes_what_fits_and_asks_for_drained),
        TEST(the_end_of_the_stream_closes_once),
        TEST(closing_stops_callbacks_and_comes_once),
        TEST(lingering_delivers_the_last_answer_although_bytes_were_unread),
        TEST(lingering_ends_at_its_deadline),
        TEST(last_words_of_a_dead_peer_are_delivered_after_a_failed_write),
        TEST(last_words_survive_a_reset),
        TEST(a_tcp_door_on_any_port_takes_connections),
        TEST(a_taken_port_is_named),
        TEST(addresses_that_others_could_reach_are_refused),
        TEST(without_descriptors_clients_are_turned_away_and_the_loop_does_not_spin),
        TEST(a_unix_door_is_private_and_cleans_up),
        TEST(a_stale_socket_is_replaced_and_a_file_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
