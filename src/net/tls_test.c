/* SPDX-License-Identifier: MIT
 *
 * tls_test.c - bytes through TLS, however the socket takes them.
 *
 * The client is OpenSSL's own, on the other end of a socket pair, pumped by hand between turns of
 * the loop.
 */
#include "net/conn.h"
#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { BYTES = 3 * 1024 * 1024, SMALL_BUFFER = 8 * 1024 };

struct fixture {
    struct loop loop;
    char dir[64], cert[96], key[96];
    struct tls *tls;
    struct conn *conn;
    SSL_CTX *client_ctx;
    SSL *client;
    int client_fd;
    struct buf got; /* by the client */
    size_t drained, closed;
};

static void make_certificate(const char *cert, const char *key, const char *name)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    FILE *f;

    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, pkey);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
    f = fopen(key, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL), 1);
    fclose(f);
    f = fopen(cert, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, x), 1);
    fclose(f);
    X509_free(x);
    EVP_PKEY_free(pkey);
}

/* --- the server's end --- */

static void echo_nothing(struct conn *c)
{
    (void)c;
}

static void on_drained(struct conn *c)
{
    ((struct fixture *)c->self)->drained++;
}

static void on_close(struct conn *c)
{
    struct fixture *f = c->self;

    f->closed++;
    f->conn = NULL;
}

static const struct conn_ops ops = {echo_nothing, on_drained, on_close};

static void connect_pair(struct fixture *f, unsigned handshake_ms)
{
    int pair[2], size = SMALL_BUFFER;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    assert_int_equal(conn_open(&f->loop, pair[0], true, &ops, f, &f->conn), 0);
    f->conn->in_max = 4 * BYTES;
    assert_int_equal(conn_start_tls(f->conn, f->tls, handshake_ms), 0);
    f->client_fd = pair[1];
    f->client = SSL_new(f->client_ctx);
    SSL_set_fd(f->client, pair[1]);
    SSL_set_connect_state(f->client);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct errinfo info = {0};

    strcpy(f->dir, "/tmp/logmill-tls-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->cert, sizeof f->cert, "%s/cert.pem", f->dir);
    snprintf(f->key, sizeof f->key, "%s/key.pem", f->dir);
    make_certificate(f->cert, f->key, "first");
    assert_int_equal(loop_init(&f->loop), 0);
    assert_int_equal(tls_new(&f->tls, f->cert, f->key, &info), 0);
    f->client_ctx = SSL_CTX_new(TLS_client_method());
    f->client_fd = -1;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    if (f->conn)
        conn_close(f->conn, 0);
    SSL_free(f->client);
    SSL_CTX_free(f->client_ctx);
    if (f->client_fd >= 0)
        close(f->client_fd);
    loop_fini(&f->loop);
    tls_free(f->tls);
    unlink(f->cert);
    unlink(f->key);
    rmdir(f->dir);
    buf_fini(&f->got);
    free(f);
    return 0;
}

static void turn(struct fixture *f)
{
    uv_run(&f->loop.uv, UV_RUN_NOWAIT);
}

static void shake(struct fixture *f)
{
    for (int i = 0; i < 1000 && SSL_do_handshake(f->client) != 1; i++)
        turn(f);
    assert_true(SSL_is_init_finished(f->client));
    for (int i = 0; i < 10; i++)
        turn(f);
}

/* Reads at most `max` bytes that are there. */
static void client_read(struct fixture *f, size_t max)
{
    char piece[16 * 1024];
    size_t n;

    while (max > 0) {
        if (SSL_read_ex(f->client, piece, max < sizeof piece ? max : sizeof piece, &n) != 1)
            return;
        buf_add(&f->got, piece, n);
        max -= n;
    }
}

static unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 2654435761u >> 24);
}

static char *make_bytes(size_t n)
{
    char *bytes = malloc(n);

    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)pattern(i);
    return bytes;
}

/* --- what must hold --- */

static void what_is_written_before_the_handshake_arrives_after_it(void **state)
{
    struct fixture *f = *state;

    connect_pair(f, 10000);
    assert_int_equal(conn_write(f->conn, "early", 5), 0);
    assert_int_equal(f->conn->out.n, 5);
    shake(f);
    client_read(f, 100);
    assert_int_equal(f->got.n, 5);
    assert_memory_equal(f->got.p, "early", 5);
    assert_int_equal(f->drained, 1);
    assert_true(f->conn->is_tls);
}

static void megabytes_arrive_in_order_at_a_slow_reader(void **state)
{
    struct fixture *f = *state;
    char *bytes = make_bytes(BYTES);
    size_t offered = 0;

    connect_pair(f, 10000);
    shake(f);
    srand(7);
    for (int i = 0; i < 100000 && f->got.n < BYTES; i++) {
        size_t n = (size_t)rand() % 60000, rest = BYTES - offered;
        n = n < rest ? n : rest;
        if (n > 0 && f->conn->out.n < 200000) {
            assert_int_equal(conn_write(f->conn, bytes + offered, n), 0);
            offered += n;
        }
        client_read(f, (size_t)rand() % 40000);
        turn(f);
    }
    assert_int_equal(f->got.n, BYTES);
    assert_memory_equal(f->got.p, bytes, BYTES);
    free(bytes);
}

/* A slow client loses its oldest: what comes after a full socket is not what was refused. */
static void bytes_that_were_taken_are_sent_whatever_is_written_next(void **state)
{
    struct fixture *f = *state;
    char *bytes = make_bytes(BYTES);
    struct buf taken = {0};
    size_t at = 0;

    connect_pair(f, 10000);
    shake(f);
    srand(11);
    for (int i = 0; i < 3000; i++) {
        size_t a = (size_t)rand() % 9000 + 1, b = (size_t)rand() % 9000 + 1;
        struct iovec pieces[2] = {conn_piece(bytes + at, a), conn_piece(bytes + at + a, b)};
        ssize_t n = conn_writev(f->conn, pieces, 2);
        assert_true(n >= 0);
        buf_add(&taken, bytes + at, (size_t)n);
        at = (at + (size_t)rand() % 100000) % (BYTES - 20000); /* jump: drop what was not taken */
        if (i % 3 == 0)
            client_read(f, (size_t)rand() % 30000);
        turn(f);
    }
    for (int i = 0; i < 10000 && f->got.n < taken.n; i++) {
        client_read(f, 100000);
        turn(f);
    }
    assert_int_equal(f->got.n, taken.n);
    assert_memory_equal(f->got.p, taken.p, taken.n);
    assert_true(f->drained > 0);
    buf_fini(&taken);
    free(bytes);
}

static void what_the_client_sends_arrives_though_reading_pauses(void **state)
{
    struct fixture *f = *state;
    char *bytes = make_bytes(BYTES);
    size_t sent = 0, n, taken = 0;

    connect_pair(f, 10000);
    shake(f);
    f->conn->in_max = 100000;
    for (int i = 0; i < 100000 && taken < BYTES; i++) {
        if (sent < BYTES && SSL_write_ex(f->client, bytes + sent,
                                         BYTES - sent < 16384 ? BYTES - sent : 16384, &n) == 1)
            sent += n;
        turn(f);
        assert_true(f->conn->in.n < 100000 + 65536);
        if (i % 7 == 0 || sent == BYTES) {
            assert_memory_equal(f->conn->in.p, bytes + taken, f->conn->in.n);
            taken += f->conn->in.n;
            buf_clear(&f->conn->in);
            conn_pause_reading(f->conn, false);
        }
    }
    assert_int_equal(taken, BYTES);
    free(bytes);
}

static void the_last_words_arrive_before_the_end(void **state)
{
    struct fixture *f = *state;
    char *bytes = make_bytes(300000);
    char one;
    size_t n;

    connect_pair(f, 10000);
    shake(f);
    assert_int_equal(conn_write(f->conn, bytes, 300000), 0);
    conn_close(f->conn, 10000);
    for (int i = 0; i < 10000 && f->got.n < 300000; i++) {
        client_read(f, 20000);
        turn(f);
    }
    assert_int_equal(f->got.n, 300000);
    assert_memory_equal(f->got.p, bytes, 300000);
    turn(f);
    assert_int_equal(SSL_read_ex(f->client, &one, 1, &n), 0);
    assert_int_equal(SSL_get_error(f->client, 0), SSL_ERROR_ZERO_RETURN);
    SSL_shutdown(f->client);
    shutdown(f->client_fd, SHUT_WR);
    for (int i = 0; i < 10 && !f->closed; i++)
        turn(f);
    assert_int_equal(f->closed, 1);
    free(bytes);
}

static void a_client_that_does_not_shake_hands_is_sent_away(void **state)
{
    struct fixture *f = *state;

    connect_pair(f, 20);
    for (int i = 0; i < 1000 && !f->closed; i++) {
        turn(f);
        usleep(1000);
    }
    assert_int_equal(f->closed, 1);
}

static void garbage_is_no_handshake(void **state)
{
    struct fixture *f = *state;

    connect_pair(f, 10000);
    assert_int_equal(send(f->client_fd, "\x16\x03\x01garbage", 10, 0), 10);
    assert_int_equal(send(f->client_fd, "more and more garbage", 21, 0), 21);
    for (int i = 0; i < 100 && !f->closed; i++)
        turn(f);
    shutdown(f->client_fd, SHUT_WR);
    for (int i = 0; i < 100 && !f->closed; i++)
        turn(f);
    assert_int_equal(f->closed, 1);
}

static void plain_http_is_told_to_use_https(void **state)
{
    struct fixture *f = *state;
    char answer[512] = "";

    connect_pair(f, 10000);
    assert_int_equal(send(f->client_fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    for (int i = 0; i < 100 && !f->closed; i++)
        turn(f);
    assert_true(recv(f->client_fd, answer, sizeof answer - 1, 0) > 0);
    assert_non_null(strstr(answer, "400 Bad Request"));
    assert_non_null(strstr(answer, "use https://"));
    assert_int_equal(f->closed, 1);
}

static void old_protocols_are_refused(void **state)
{
    struct fixture *f = *state;

    SSL_CTX_set_security_level(f->client_ctx, 0);
    SSL_CTX_set_min_proto_version(f->client_ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(f->client_ctx, TLS1_1_VERSION);
    connect_pair(f, 10000);
    for (int i = 0; i < 100 && !f->closed; i++) {
        assert_int_not_equal(SSL_do_handshake(f->client), 1);
        turn(f);
    }
    assert_int_equal(f->closed, 1);
}

static void subject_of(struct fixture *f, char out[64])
{
    connect_pair(f, 10000);
    shake(f);
    X509 *x = SSL_get1_peer_certificate(f->client);
    X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, out, 64);
    X509_free(x);
    conn_close(f->conn, 0);
    turn(f);
    SSL_free(f->client);
    close(f->client_fd);
    f->client = NULL;
    f->client_fd = -1;
}

static void certificates_are_read_again_and_bad_ones_change_nothing(void **state)
{
    struct fixture *f = *state;
    struct errinfo info = {0};
    char name[64], other_key[128];

    subject_of(f, name);
    assert_string_equal(name, "first");
    make_certificate(f->cert, f->key, "second");
    assert_int_equal(tls_reload(f->tls, &info), 0);
    subject_of(f, name);
    assert_string_equal(name, "second");
    snprintf(other_key, sizeof other_key, "%s/other.pem", f->dir);
    make_certificate(f->cert, other_key, "third");
    assert_int_equal(tls_reload(f->tls, &info), -LM_E_INVALID);
    assert_non_null(strstr(info.text, "does not belong to the certificate"));
    unlink(other_key);
    subject_of(f, name);
    assert_string_equal(name, "second");
}

static void a_file_that_is_no_certificate_is_named(void **state)
{
    struct fixture *f = *state;
    struct errinfo info = {0};
    struct tls *t;

    assert_int_equal(tls_new(&t, "/nowhere/cert.pem", f->key, &info), -LM_E_INVALID);
    assert_non_null(strstr(info.text, "the certificate /nowhere/cert.pem cannot be used: No such"));
    assert_int_equal(tls_new(&t, f->cert, f->cert, &info), -LM_E_INVALID);
    assert_non_null(strstr(info.text, "the private key "));
    assert_int_equal(tls_new(&t, f->key, f->key, &info), -LM_E_INVALID);
    assert_non_null(strstr(info.text, "PEM file"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_before_the_handshake_arrives_after_it),
        TEST(megabytes_arrive_in_order_at_a_slow_reader),
        TEST(bytes_that_were_taken_are_sent_whatever_is_written_next),
        TEST(what_the_client_sends_arrives_though_reading_pauses),
        TEST(the_last_words_arrive_before_the_end),
        TEST(a_client_that_does_not_shake_hands_is_sent_away),
        TEST(garbage_is_no_handshake),
        TEST(plain_http_is_told_to_use_https),
        TEST(old_protocols_are_refused),
        TEST(certificates_are_read_again_and_bad_ones_change_nothing),
        TEST(a_file_that_is_no_certificate_is_named),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
