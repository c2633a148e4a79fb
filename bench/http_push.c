/* SPDX-License-Identifier: MIT
 *
 * http_push.c - the client of http_ingest.py: posts the same body of NDJSON again and again.
 *
 *     http_push PORT SECONDS CONNECTIONS RECORDS
 *
 * Each connection is a thread that writes a request, waits for its answer, and counts what was
 * accepted. The body is made once: about 200 bytes a record, with level, time, two labels and two
 * further members.
 */
#include "base/buf.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct buf request;
static uint16_t port;
static int64_t until_us;
static atomic_ullong accepted;

static void make_request(unsigned records)
{
    struct buf body = {0};

    for (unsigned i = 0; i < records; i++)
        buf_printf(
            &body,
            "{\"timestamp\":\"2026-01-02T03:04:%02u.%06uZ\",\"level\":\"%s\","
            "\"message\":\"GET /api/v1/items/%u 200 in %u ms\",\"job_run_id\":\"nightly-42\","
            "\"task_name\":\"load\",\"duration\":%u,\"path\":\"/api/v1/items/%u\"}\n",
            i / 1000 % 60, i, i % 50 ? "info" : "warn", i * 7919 % 100000, i % 300, i % 300,
            i * 7919 % 100000);
    buf_printf(&request,
               "POST /api/v1/logs?source=bench HTTP/1.1\r\nHost: localhost\r\n"
               "Content-Type: application/x-ndjson\r\nContent-Length: %zu\r\n\r\n",
               body.n);
    buf_add_str(&request, buf_str(&body));
    fprintf(stderr, "%u records, %zu bytes each\n", records, body.n / records);
    buf_fini(&body);
}

static int connect_hub(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        perror("connect");
        exit(1);
    }
    return fd;
}

static void post(int fd)
{
    char answer[4096];
    size_t sent = 0;

    while (sent < request.n) {
        ssize_t n = send(fd, request.p + sent, request.n - sent, MSG_NOSIGNAL);
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
    answer[n > 0 ? n : 0] = '\0';
    const char *at = strstr(answer, "{\"accepted\":");
    if (!at) {
        fprintf(stderr, "not accepted: %s\n", answer);
        exit(1);
    }
    atomic_fetch_add(&accepted, strtoull(at + 12, NULL, 10));
}

static void *client(void *none)
{
    int fd = connect_hub();

    (void)none;
    while (clock_mono_us() < until_us)
        post(fd);
    close(fd);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[64];

    if (argc < 5) {
        fprintf(stderr, "usage: http_push PORT SECONDS CONNECTIONS RECORDS\n");
        return 2;
    }
    port = (uint16_t)atoi(argv[1]);
    int count = atoi(argv[3]) < 64 ? atoi(argv[3]) : 64;
    make_request((unsigned)atoi(argv[4]));
    int64_t start = clock_mono_us();
    until_us = start + atoll(argv[2]) * 1000000;
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, client, NULL);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    printf("%llu %lld\n", (unsigned long long)accepted, (long long)(clock_mono_us() - start));
    return 0;
}
