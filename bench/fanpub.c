/* SPDX-License-Identifier: MIT */
/* fanpub - rate-controlled or closed-loop producer of stamped JSON log records. C11 + libc.
 * Build: gcc -O2 -Wall -Wextra -o fanpub fanpub.c     See --help. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
static const char HELP[] =
    "fanpub - producer for fanload\n"
    "usage: fanpub --mode lines|ws|http|nats|stdout --url URL [options]\n"
    "  lines   tcp://H:P or unix:///PATH  one JSON record per line\n"
    "  ws      ws://H:P/PATH    one masked text frame per record\n"
    "  http    http://H:P/PATH  one pipelined keep-alive POST per record (answers are read and "
    "discarded)\n"
    "  nats    tcp://H:P        PUB <subject>\n"
    "  stdout  records to standard output\n"
    "  --rate R       records/s, evenly spaced on an absolute schedule; 0 = closed loop (default "
    "1000)\n"
    "  --window W     closed loop: at most W records ahead of --progress FILE (fanload's mapped "
    "u64)\n"
    "  --progress F   the file; without it --rate 0 floods\n"
    "  --size B       record size in bytes (default 200)   --count M  stop after M   --duration S  "
    "stop after S\n"
    "  --burst K      send K records at each tick of R/K per second (default 1)\n"
    "  --subject S    nats subject (default log)            --runs N  cycle job_run_id over N "
    "values (default 1)\n"
    "prints to stderr: records sent, seconds, rate, stalls (1 s without progress: the rest of the "
    "window was taken as lost)\n";
static uint64_t ns(clockid_t c)
{
    struct timespec t;
    clock_gettime(c, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}
static volatile sig_atomic_t stop;
static void on_term(int s)
{
    (void)s;
    stop = 1;
}
static int fd = -1;
enum { P_LINES, P_WS, P_HTTP, P_NATS, P_STDOUT } mode;
static char host[256], path[512];
static int port;
static const char *subject = "log";
static char drainbuf[65536];
static int inflight;
static void drain_in(void)
{ /* answers (http status lines, nats PING): count http answers, answer pings */
    ssize_t k;
    while ((k = recv(fd, drainbuf, sizeof drainbuf - 1, MSG_DONTWAIT)) > 0) {
        drainbuf[k] = 0;
        if (mode == P_HTTP)
            for (char *p = drainbuf; (p = strstr(p, "HTTP/1.1 ")); p += 9)
                inflight--;
        if (mode == P_NATS && strstr(drainbuf, "PING"))
            (void)!write(fd, "PONG\r\n", 6);
    }
}
static int wr(const char *p, size_t n)
{
    while (n && !stop) {
        ssize_t k = mode == P_STDOUT ? write(1, p, n) : send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k > 0) {
            p += k;
            n -= (size_t)k;
            continue;
        }
        if (k < 0 && (errno == EAGAIN || errno == EINTR)) {
            struct pollfd pf = {fd, POLLOUT | POLLIN, 0};
            poll(&pf, 1, 100);
            if (pf.revents & POLLIN)
                drain_in();
            continue;
        }
        return -1;
    }
    return 0;
}
static size_t rec(char *o, uint64_t seq, size_t size, int runs)
{
    static const char fill[] =
        "GET /api/v1/items?page=3&limit=50 200 12ms cache=miss user=4711 region=eu-west worker "
        "pool resized to 8 threads after backlog of jobs; ";
    int n =
        sprintf(o,
                "{\"sent_ns\":%llu,\"seq\":%llu,\"level\":\"%s\",\"stream\":\"stdout\",\"job_run_"
                "id\":\"run-%06d\",\"message\":\"",
                (unsigned long long)ns(CLOCK_REALTIME), (unsigned long long)seq,
                seq % 50 == 49 ? "warn" : "info", (int)(seq % (uint64_t)runs));
    size_t k = (size_t)n;
    while (k + 2 < size) {
        size_t m = sizeof fill - 1;
        if (m > size - 2 - k)
            m = size - 2 - k;
        memcpy(o + k, fill, m);
        k += m;
    }
    o[k++] = '"';
    o[k++] = '}';
    return k;
}
int main(int argc, char **argv)
{
    const struct option lo[] = {
        {"mode", 1, 0, 'm'},   {"url", 1, 0, 'u'},      {"rate", 1, 0, 'r'},
        {"window", 1, 0, 'w'}, {"progress", 1, 0, 'p'}, {"size", 1, 0, 's'},
        {"count", 1, 0, 'c'},  {"duration", 1, 0, 'd'}, {"subject", 1, 0, 'j'},
        {"runs", 1, 0, 'n'},   {"burst", 1, 0, 'b'},    {"help", 0, 0, 'h'},
        {0, 0, 0, 0}};
    const char *names[] = {"lines", "ws", "http", "nats", "stdout"}, *url = "", *prog = NULL;
    double rate = 1000, dur = 0;
    uint64_t window = 1024, count = 0;
    size_t size = 200;
    int runs = 1, burst = 1, o;
    while ((o = getopt_long(argc, argv, "h", lo, NULL)) != -1)
        switch (o) {
        case 'm':
            for (int i = 0; i < 5; i++)
                if (!strcmp(names[i], optarg))
                    mode = i;
            break;
        case 'u':
            url = optarg;
            break;
        case 'r':
            rate = atof(optarg);
            break;
        case 'w':
            window = strtoull(optarg, 0, 10);
            break;
        case 'p':
            prog = optarg;
            break;
        case 's':
            size = strtoul(optarg, 0, 10);
            break;
        case 'c':
            count = strtoull(optarg, 0, 10);
            break;
        case 'd':
            dur = atof(optarg);
            break;
        case 'j':
            subject = optarg;
            break;
        case 'n':
            runs = atoi(optarg);
            break;
        case 'b':
            burst = atoi(optarg);
            break;
        default:
            fputs(HELP, stderr);
            return o != 'h';
        }
    if (size > 16000)
        size = 16000;
    struct sigaction sa = {.sa_handler = on_term};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1);
    if (mode != P_STDOUT) {
        struct sockaddr_storage a = {0};
        socklen_t al;
        if (!strncmp(url, "unix://", 7)) {
            struct sockaddr_un *u = (void *)&a;
            u->sun_family = AF_UNIX;
            snprintf(u->sun_path, sizeof u->sun_path, "%s", url + 7);
            al = sizeof *u;
        } else {
            const char *p = strstr(url, "://");
            if (!p) {
                fputs(HELP, stderr);
                return 2;
            }
            p += 3;
            size_t k = strcspn(p, ":/");
            if (k > 255)
                return 2;
            memcpy(host, p, k);
            p += k;
            port = *p == ':' ? atoi(p + 1) : 80;
            p += strcspn(p, "/");
            snprintf(path, sizeof path, "%s", *p ? p : "/");
            struct addrinfo h = {.ai_socktype = SOCK_STREAM}, *ai;
            char ps[8];
            snprintf(ps, sizeof ps, "%d", port);
            if (getaddrinfo(host, ps, &h, &ai))
                return 2;
            memcpy(&a, ai->ai_addr, ai->ai_addrlen);
            al = ai->ai_addrlen;
        }
        fd = socket(a.ss_family, SOCK_STREAM, 0);
        if (connect(fd, (void *)&a, al)) {
            perror("fanpub: connect");
            return 1;
        }
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        char b[2048], in[4096];
        ssize_t k;
        if (mode == P_WS) {
            int n = snprintf(b, sizeof b,
                             "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: "
                             "Upgrade\r\nSec-WebSocket-Key: "
                             "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                             path, host, port);
            wr(b, (size_t)n);
            k = recv(fd, in, sizeof in - 1, 0);
            if (k < 12 || memcmp(in + 9, "101", 3)) {
                fprintf(stderr, "fanpub: upgrade refused\n");
                return 1;
            }
        }
        if (mode == P_NATS) {
            k = recv(fd, in, sizeof in, 0);
            int n = snprintf(
                b, sizeof b,
                "CONNECT "
                "{\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"0\"}\r\n");
            wr(b, (size_t)n);
        }
    }
    volatile uint64_t *pg = NULL;
    if (prog) {
        int pf = open(prog, O_RDONLY);
        if (pf < 0) {
            perror(prog);
            return 1;
        }
        pg = mmap(NULL, 4096, PROT_READ, MAP_SHARED, pf, 0);
        close(pf);
        if (pg == MAP_FAILED)
            return 1;
    }
    static char buf[1 << 20];
    char r[16400];
    uint64_t sent = 0, lost = 0, stalls = 0, t0 = ns(CLOCK_MONOTONIC), lastp = 0, lastpt = t0;
    size_t maxb = sizeof buf - 40000;
    while (!stop && (!count || sent < count) &&
           (!dur || (double)(ns(CLOCK_MONOTONIC) - t0) / 1e9 < dur)) {
        uint64_t batch = 1;
        if (rate > 0) {
            uint64_t due = t0 + (uint64_t)((double)sent * 1e9 / rate);
            struct timespec ts = {(time_t)(due / 1000000000ull), (long)(due % 1000000000ull)};
            while (!stop && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) {
            }
            batch = (uint64_t)burst;
            uint64_t now = ns(CLOCK_MONOTONIC),
                     should = (uint64_t)((double)(now - t0) * rate / 1e9) + 1;
            if (should > sent + batch)
                batch = should - sent;
            if (batch > 200)
                batch = 200;
        } else if (pg) {
            uint64_t p = __atomic_load_n(pg, __ATOMIC_ACQUIRE), t = ns(CLOCK_MONOTONIC);
            if (p != lastp) {
                lastp = p;
                lastpt = t;
                if (p + lost > sent)
                    lost = sent > p ? sent - p : 0;
            }
            uint64_t ahead = sent > p + lost ? sent - p - lost : 0;
            if (ahead + (window + 3) / 4 > window) {
                if (t - lastpt > 3000000000ull && ahead) {
                    lost += ahead;
                    stalls++;
                    lastpt = t;
                }
                struct timespec ts = {0, 50000};
                nanosleep(&ts, NULL);
                if (mode != P_STDOUT)
                    drain_in();
                continue;
            }
            batch = window - ahead;
        } else
            batch = 64;
        if (mode == P_HTTP) {
            drain_in();
        }
        if (count && sent + batch > count)
            batch = count - sent;
        size_t n = 0;
        uint64_t k = 0;
        for (; k < batch && n < maxb; k++) {
            size_t l = rec(r, sent + k, size, runs);
            if (mode == P_LINES || mode == P_STDOUT) {
                memcpy(buf + n, r, l);
                n += l;
                buf[n++] = '\n';
            } else if (mode == P_NATS) {
                n += (size_t)sprintf(buf + n, "PUB %s %zu\r\n", subject, l);
                memcpy(buf + n, r, l);
                n += l;
                buf[n++] = '\r';
                buf[n++] = '\n';
            } else if (mode == P_HTTP) {
                n += (size_t)sprintf(
                    buf + n, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", path, l);
                memcpy(buf + n, r, l);
                n += l;
                inflight++;
            } else {
                buf[n++] = (char)0x81;
                if (l < 126)
                    buf[n++] = (char)(0x80 | l);
                else {
                    buf[n++] = (char)(0x80 | 126);
                    buf[n++] = (char)(l >> 8);
                    buf[n++] = (char)l;
                }
                memcpy(buf + n, "\x12\x34\x56\x78", 4);
                n += 4;
                static const uint8_t mk[4] = {0x12, 0x34, 0x56, 0x78};
                for (size_t i = 0; i < l; i++)
                    buf[n + i] = (char)((uint8_t)r[i] ^ mk[i & 3]);
                n += l;
            }
        }
        if (wr(buf, n)) {
            perror("fanpub: write");
            break;
        }
        sent += k;
        if (mode != P_STDOUT)
            drain_in();
    }
    if (mode == P_HTTP)
        for (int i = 0; i < 50 && inflight > 0; i++) {
            struct pollfd pf = {fd, POLLIN, 0};
            poll(&pf, 1, 20);
            drain_in();
        }
    double s = (double)(ns(CLOCK_MONOTONIC) - t0) / 1e9;
    fprintf(stderr, "{\"pub_sent\":%llu,\"secs\":%.3f,\"rate\":%.0f,\"stalls\":%llu}\n",
            (unsigned long long)sent, s, (double)sent / s, (unsigned long long)stalls);
    if (fd >= 0) {
        shutdown(fd, SHUT_WR);
        close(fd);
    }
    return 0;
}
