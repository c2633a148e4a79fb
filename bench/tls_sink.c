/* SPDX-License-Identifier: MIT
 *
 * tls_sink.c - N clients of one WebSocket stream, over TLS or plain, that only read and count.
 *
 *   tls_sink tls|plain PORT N FRAMES [PATH]
 *
 * Ends when every client has FRAMES text frames; prints how long that took. The server's CPU time
 * is read from outside (bench/tls.py).
 */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    SSL_CTX *ctx; /* NULL: plain */
    uint16_t port;
    long frames;
    const char *path;
} plan;

struct stream {
    int fd;
    SSL *ssl;
    unsigned char bytes[256 * 1024];
    size_t n;
};

static bool fill(struct stream *s)
{
    size_t room = sizeof s->bytes - s->n;
    ssize_t n =
        s->ssl ? SSL_read(s->ssl, s->bytes + s->n, (int)room) : read(s->fd, s->bytes + s->n, room);

    if (n > 0)
        s->n += (size_t)n;
    return n > 0;
}

static void take(struct stream *s, size_t n)
{
    s->n -= n;
    memmove(s->bytes, s->bytes + n, s->n);
}

/* Frames that are whole; `*used` bytes of them. */
static long count_frames(const struct stream *s, size_t *used)
{
    size_t at = 0;
    long frames = 0;

    for (;;) {
        size_t head = 2, n;
        if (s->n - at < 10)
            break;
        n = s->bytes[at + 1] & 127;
        if (n == 126) {
            n = (size_t)s->bytes[at + 2] << 8 | s->bytes[at + 3];
            head = 4;
        }
        if (s->n - at < head + n)
            break;
        frames += (s->bytes[at] & 15) == 1;
        at += head + n;
    }
    *used = at;
    return frames;
}

static bool open_stream(struct stream *s)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(plan.port)};
    char request[512];
    const char *end;

    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s->fd, (struct sockaddr *)&to, sizeof to) < 0)
        return false;
    if (plan.ctx) {
        s->ssl = SSL_new(plan.ctx);
        SSL_set_fd(s->ssl, s->fd);
        if (SSL_connect(s->ssl) != 1)
            return false;
    }
    int n = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                     plan.path);
    if ((s->ssl ? SSL_write(s->ssl, request, n) : write(s->fd, request, (size_t)n)) != n)
        return false;
    while (!(end = memmem(s->bytes, s->n, "\r\n\r\n", 4)))
        if (!fill(s))
            return false;
    take(s, (size_t)(end + 4 - (const char *)s->bytes));
    return true;
}

static void *client(void *arg)
{
    struct stream *s = calloc(1, sizeof *s);
    long *frames = arg;
    size_t used;

    if (!s || !open_stream(s)) {
        fprintf(stderr, "tls_sink: no connection\n");
        exit(1);
    }
    for (;;) {
        *frames += count_frames(s, &used);
        take(s, used);
        if (*frames >= plan.frames || !fill(s))
            break;
    }
    close(s->fd);
    free(s);
    return NULL;
}

int main(int argc, char **argv)
{
    struct timespec from, to;

    if (argc < 5) {
        fprintf(stderr, "usage: tls_sink tls|plain PORT N FRAMES [PATH]\n");
        return 2;
    }
    int n = atoi(argv[3]);
    pthread_t *threads = calloc((size_t)n, sizeof *threads);
    long *frames = calloc((size_t)n, sizeof *frames), total = 0;
    plan.port = (uint16_t)atoi(argv[2]);
    plan.frames = atol(argv[4]);
    plan.path = argc > 5 ? argv[5] : "/api/v1/logs/stream/ws?slow=wait&after=1";
    if (strcmp(argv[1], "tls") == 0)
        plan.ctx = SSL_CTX_new(TLS_client_method());
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < n; i++)
        pthread_create(&threads[i], NULL, client, &frames[i]);
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        total += frames[i];
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("{\"frames\":%ld,\"seconds\":%.3f}\n", total,
           (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    return 0;
}
