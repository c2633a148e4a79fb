/* SPDX-License-Identifier: MIT */
/* fanload - fan-out load client: opens N subscriber connections and measures what arrives.
 * C11 + libc only (epoll). Build: gcc -O2 -Wall -Wextra -o fanload fanload.c
 * See --help. It makes no assumption about the server beyond the wire protocol of the chosen mode. */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char HELP[] =
    "fanload - open N subscribers, count live messages, measure latency; prints ONE JSON line on "
    "stdout\n"
    "\n"
    "usage: fanload --mode MODE --url URL [options]\n"
    "\n"
    "modes (what one message is)\n"
    "  ws       ws://HOST:PORT/PATH    one WebSocket text (or, with --binary, also binary) "
    "message\n"
    "  sse      http://HOST:PORT/PATH  one Server-Sent Event that has at least one data: line\n"
    "                                  (HTTP/1.1, identity or chunked; lines end in \\n or "
    "\\r\\n)\n"
    "  sio      ws://HOST:PORT         one Socket.IO event packet (\"42...\"), Engine.IO 4, "
    "websocket transport;\n"
    "                                  path defaults to /socket.io/?EIO=4&transport=websocket; "
    "sends \"40\",\n"
    "                                  answers ping \"2\" with \"3\"\n"
    "  lines    tcp://HOST:PORT or unix:///PATH   one \\n-terminated line\n"
    "  nats     tcp://HOST:PORT        one MSG of the NATS protocol (subject: --subject)\n"
    "  nats-ws  ws://HOST:PORT/        the same, inside WebSocket binary frames\n"
    "\n"
    "load\n"
    "  -c, --clients N         subscribers (default 1)\n"
    "  -d, --duration S        measured window in seconds, after the warm-up (default 5)\n"
    "  -w, --warmup S          after the FIRST message arrives, ignore this long (default 0: the\n"
    "                          window starts with the first message)\n"
    "  -m, --messages M        stop early once every (non-stalled) client has M messages (default: "
    "off)\n"
    "      --wait S            give up if no message came S seconds after all are ready (default "
    "10)\n"
    "      --idle              expect no messages: hold the connections for --duration, sample "
    "memory, exit\n"
    "      --drain S           after the window (and after the --on-ready child was told to stop) "
    "keep reading\n"
    "                          until nothing came for 300 ms, at most S seconds; for exact loss "
    "counts (default 2)\n"
    "      --parallel K        connection handshakes in flight at once (default 128)\n"
    "      --connect-timeout S all connections must be ready within S (default 60)\n"
    "      --stall K           the first K connections never read once ready (slow-consumer test); "
    "their\n"
    "                          counts are left out of all figures\n"
    "      --rcvbuf B          SO_RCVBUF for every connection\n"
    "      --header 'N: V'     extra request header (repeatable)\n"
    "      --send TEXT         after the handshake send this (text frame in ws; raw bytes + \\n in "
    "lines);\n"
    "                          \\n and %d, %06d (client number) are expanded; for sio it is sent "
    "as is "
    "(e.g. 42[...])\n"
    "      --sio-ns /NS        Socket.IO namespace (default /)\n"
    "      --subject S         NATS subject (default log)\n"
    "\n"
    "measuring\n"
    "      --key K             latency key: the digits after K are ns since the epoch, "
    "CLOCK_REALTIME\n"
    "                          (default '\"sent_ns\":'; '' turns latency off). Only searched in "
    "the "
    "first fragment\n"
    "                          of a fragmented message and the first 128 KiB of a huge one.\n"
    "      --seq-key K         sequence key (default '\"seq\":', '' = off): gaps, repeats and "
    "reordering are counted\n"
    "      --unescape          the record travels as a JSON string inside the message "
    "(\\\"sent_ns\\\":...): also accept\n"
    "                          the escaped keys\n"
    "      --records           one message may carry several records: count each occurrence of "
    "--key\n"
    "      --binary            ws: count binary messages too\n"
    "      --pid PID           server process to account (repeatable): CPU from /proc/PID/stat "
    "over exactly the\n"
    "                          measured window, RSS before connecting / with all connected / peak "
    "seen / at end\n"
    "      --tree              with --pid: include its live descendants\n"
    "      --progress FILE     publish, as a mapped u64, how many messages the slowest client has "
    "(by sequence\n"
    "                          number if seen, else by count), for a closed-loop producer (fanpub "
    "--window)\n"
    "      --on-ready CMD      when all are ready, run CMD with sh -c; SIGTERM to its group at "
    "window end\n"
    "      --label TEXT        copied to the output\n"
    "      --verbose           connection errors to stderr\n"
    "\n"
    "output keys: label mode clients connected failed closed (during the run) secs msgs msgs_s "
    "mb_s (payload\n"
    "bytes) wire_mb_s frames (ws frames / reads for streams) reads; lat_us {n p50 p90 p99 p999 max "
    "mean}; per\n"
    "client totals over the whole run incl. warm-up and drain: rx_min rx_max rx_total, "
    "missing_min/missing_max =\n"
    "rx_max minus each client's count; gaps (messages skipped by sequence number, all clients) "
    "reorder;\n"
    "srv {cpu_s cpu_util us_per_msg (= CPU seconds per million messages) user_s sys_s rss_kb_*, "
    "kb_per_conn};\n"
    "cli {cpu_s}; sys {busy_s softirq_s} = whole machine over the window; tcp_mem_kb kernel socket "
    "memory.\n"
    "latency is measured once per read(): receive time = the return of read(). Per-client totals "
    "include what came\n"
    "before all clients were ready, so start the producer with --on-ready when you want exact loss "
    "counts.\n";

/* ------------------------------------------------------------------ utilities */
static void die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("fanload: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(2);
}
static uint64_t now_ns(clockid_t c)
{
    struct timespec t;
    clock_gettime(c, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}
static void *xrealloc(void *p, size_t n)
{
    p = realloc(p, n);
    if (!p)
        die("out of memory");
    return p;
}

/* log-bucket histogram: 64 sub-buckets per power of two, error < 1.6 % */
#define HSUB 64
static uint64_t hist[HSUB * 60], hist_n, hist_max;
static double hist_sum;
static inline void hist_add(uint64_t v)
{
    unsigned i;
    if (v < HSUB)
        i = (unsigned)v;
    else {
        unsigned e = 63u - (unsigned)__builtin_clzll(v);
        i = (e - 5) * HSUB + (unsigned)((v >> (e - 6)) & 63);
    }
    hist[i]++;
    hist_n++;
    hist_sum += (double)v;
    if (v > hist_max)
        hist_max = v;
}
static double hist_q(double q)
{
    if (!hist_n)
        return 0;
    uint64_t want = (uint64_t)(q * (double)hist_n), acc = 0;
    if (want >= hist_n)
        want = hist_n - 1;
    for (unsigned i = 0; i < HSUB * 60; i++) {
        acc += hist[i];
        if (acc > want) {
            if (i < HSUB)
                return i;
            unsigned e = i / HSUB + 5, s = i % HSUB;
            double lo = (double)((64ull + s) << (e - 6)), w = (double)(1ull << (e - 6));
            double v = lo + w / 2;
            return v > (double)hist_max ? (double)hist_max : v;
        }
    }
    return (double)hist_max;
}

/* ------------------------------------------------------------------ options and state */
enum mode { M_WS, M_SSE, M_SIO, M_LINES, M_NATS, M_NATSWS };
static enum mode mode = M_WS;
static const char *mode_name = "ws";
static int nclients = 1, nstall, parallel = 128, rcvbuf;
static double duration = 5, warmup = 0, waits = 10, drain = 2, conn_timeout = 60;
static uint64_t want_msgs;
static bool idle, records, binary, verbose, tree, unescape;
static const char *key = "\"sent_ns\":", *seqkey = "\"seq\":", *sendtxt, *sio_ns = "",
                  *subject = "log", *progress_path, *on_ready, *label = "";
static size_t keylen, seqkeylen;
static char ekey[128], eseq[128];
static size_t ekeylen, eseqlen;
static char headers[4096];
static char host[256], path[1024];
static int port;
static struct sockaddr_storage addr;
static socklen_t addrlen;

enum st { S_NEW, S_CONNECTING, S_HTTP, S_SIO_OPEN, S_SIO_ACK, S_NATS_INFO, S_READY, S_DEAD };
struct conn {
    int fd;
    int idx;
    uint8_t state;
    bool stalled;
    uint8_t *carry;
    size_t clen, ccap; /* transport bytes not yet decodable */
    uint64_t skip;     /* rest of a huge ws frame, ignored */
    uint64_t srem;     /* rest of a ws frame whose payload is a stream (nats-ws) */
    bool skip_fin, in_frag, frag_count, big_count;
    bool chunked;
    uint8_t cst;
    uint64_t crem; /* chunked decoding: 0 size line, 1 data, 2 CRLF after data, 3 end */
    uint8_t *sbuf;
    size_t slen, scap; /* decoded stream bytes, unfinished line */
    bool ev_data;      /* sse: this event has data */
};
static struct conn *conns;
static uint64_t *rx;
static int64_t *lastseq;
static int ep, nready, nfailed, nclosed;
static bool running, measuring;
static uint64_t first_msg_at, last_rx_at;
static uint64_t w_msgs, w_bytes, w_wire, w_frames, w_reads, gaps, reorder;
static bool seq_seen;
#define BUFSZ    (512 * 1024)
#define CARRYMAX (128 * 1024)
static uint8_t *rbuf;

static void begin_window(void);
/* ------------------------------------------------------------------ one message */
static inline const uint8_t *find(const uint8_t *p, size_t n, const char *k, size_t kl)
{
    if (!kl || n < kl)
        return NULL;
    return memmem(p, n, k, kl);
}
static inline const uint8_t *digits(const uint8_t *p, const uint8_t *e, uint64_t *v)
{
    while (p < e && (*p == ' ' || *p == '"'))
        p++;
    const uint8_t *s = p;
    uint64_t x = 0;
    while (p < e && *p >= '0' && *p <= '9')
        x = x * 10 + (uint64_t)(*p++ - '0');
    *v = x;
    return p > s ? p : NULL;
}
static inline void see_seq(struct conn *c, uint64_t q)
{
    int64_t l = lastseq[c->idx];
    seq_seen = true;
    if (l >= 0) {
        if ((int64_t)q > l + 1)
            gaps += q - (uint64_t)l - 1;
        else if ((int64_t)q <= l) {
            reorder++;
            return;
        }
    }
    lastseq[c->idx] = (int64_t)q;
}
static inline const uint8_t *one_record(struct conn *c, const uint8_t *p, const uint8_t *e,
                                        uint64_t now, bool *found)
{
    uint64_t v;
    const uint8_t *q = NULL, *after = p;
    *found = false;
    if (keylen) {
        q = find(p, (size_t)(e - p), key, keylen);
        size_t kl = keylen;
        if (!q && unescape) {
            q = find(p, (size_t)(e - p), ekey, ekeylen);
            kl = ekeylen;
        }
        if (q && (q = digits(q + kl, e, &v))) {
            *found = true;
            after = q;
            if (measuring)
                hist_add(now > v ? now - v : 0);
        }
    }
    if (seqkeylen && (*found || !records)) {
        const uint8_t *s = find(after, (size_t)(e - after), seqkey, seqkeylen);
        size_t kl = seqkeylen;
        if (!s && unescape) {
            s = find(after, (size_t)(e - after), eseq, eseqlen);
            kl = eseqlen;
        }
        if (!s && !records && after != p)
            s = find(p, (size_t)(e - p), seqkey, seqkeylen), kl = seqkeylen;
        if (s && digits(s + kl, e, &v))
            see_seq(c, v);
    }
    return after;
}
static inline void message(struct conn *c, const uint8_t *p, size_t n, uint64_t now)
{
    if (!first_msg_at && running) {
        first_msg_at = now_ns(CLOCK_MONOTONIC);
        if (warmup <= 0)
            begin_window();
    }
    const uint8_t *e = p + n;
    bool f;
    uint64_t k = 1;
    const uint8_t *a = one_record(c, p, e, now, &f);
    if (records) {
        if (!f)
            k = 0;
        while (f) {
            a = one_record(c, a, e, now, &f);
            if (f)
                k++;
        }
    }
    rx[c->idx] += k;
    if (measuring) {
        w_msgs += k;
        w_bytes += n;
    }
}

/* ------------------------------------------------------------------ output to the server */
static void conn_dead(struct conn *c, const char *why)
{
    if (c->state == S_DEAD)
        return;
    if (verbose)
        fprintf(stderr, "fanload: client %d: %s (state %d)\n", c->idx, why, c->state);
    if (c->state == S_READY)
        nclosed++;
    else
        nfailed++;
    c->state = S_DEAD;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    free(c->carry);
    free(c->sbuf);
    c->carry = c->sbuf = NULL;
    c->clen = c->slen = c->ccap = c->scap = 0;
}
static void xsend(struct conn *c, const void *p, size_t n)
{ /* control traffic is tiny: a short write is an error */
    ssize_t k = send(c->fd, p, n, MSG_NOSIGNAL);
    if (k != (ssize_t)n)
        conn_dead(c, "short write");
}
static void ws_send(struct conn *c, int op, const void *p, size_t n)
{
    uint8_t b[8192];
    size_t h = 0;
    if (n > sizeof b - 16)
        n = sizeof b - 16;
    b[h++] = (uint8_t)(0x80 | op);
    if (n < 126)
        b[h++] = (uint8_t)(0x80 | n);
    else {
        b[h++] = 0x80 | 126;
        b[h++] = (uint8_t)(n >> 8);
        b[h++] = (uint8_t)n;
    }
    uint8_t m[4] = {0x12, 0x34, 0x56, 0x78};
    memcpy(b + h, m, 4);
    h += 4;
    for (size_t i = 0; i < n; i++)
        b[h + i] = ((const uint8_t *)p)[i] ^ m[i & 3];
    xsend(c, b, h + n);
}
static void set_ready(struct conn *c)
{
    c->state = S_READY;
    nready++;
    if (sendtxt) {
        char t[4096];
        size_t o = 0;
        for (const char *s = sendtxt; *s && o < sizeof t - 32; s++) {
            if (s[0] == '\\' && s[1] == 'n') {
                t[o++] = '\n';
                s++;
            } else if (s[0] == '%' && s[1] == 'd') {
                o += (size_t)sprintf(t + o, "%d", c->idx);
                s++;
            } else if (strncmp(s, "%06d", 4) == 0) {
                o += (size_t)sprintf(t + o, "%06d", c->idx);
                s += 3;
            } else
                t[o++] = *s;
        }
        if (mode == M_WS || mode == M_SIO)
            ws_send(c, 1, t, o);
        else if (mode == M_LINES) {
            t[o++] = '\n';
            xsend(c, t, o);
        }
    }
    if (c->stalled && c->state == S_READY)
        epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL);
}

/* ------------------------------------------------------------------ stream parsers (sse, lines, nats): return bytes consumed */
static void nats_hello(struct conn *c)
{
    char b[512];
    int n = snprintf(b, sizeof b,
                     "CONNECT "
                     "{\"verbose\":false,\"pedantic\":false,\"lang\":\"c\",\"version\":\"0\","
                     "\"protocol\":1}\r\nSUB %s 1\r\nPING\r\n",
                     subject);
    if (mode == M_NATSWS)
        ws_send(c, 2, b, (size_t)n);
    else
        xsend(c, b, (size_t)n);
}
static size_t parse_stream(struct conn *c, const uint8_t *p, size_t n, uint64_t now)
{
    size_t o = 0;
    while (o < n) {
        const uint8_t *l = p + o, *nl = memchr(l, '\n', n - o);
        if (!nl)
            break;
        size_t ll = (size_t)(nl - l), adv = ll + 1;
        if (ll && l[ll - 1] == '\r')
            ll--;
        if (mode == M_LINES)
            message(c, l, ll, now);
        else if (mode == M_SSE) {
            if (ll == 0) {
                if (c->ev_data) {
                    rx[c->idx]++;
                    if (measuring)
                        w_msgs++;
                    c->ev_data = false;
                }
            } else if (ll >= 5 && !memcmp(l, "data:", 5)) {
                /* the record is counted by message(), the event at its blank line: undo the line's count */
                bool m = measuring;
                uint64_t r = rx[c->idx], w = w_msgs;
                message(c, l + 5, ll - 5, now);
                if (!records) {
                    rx[c->idx] = r;
                    if (m)
                        w_msgs = w;
                    c->ev_data = true;
                }
            }
        } else { /* nats */
            if (ll >= 4 && !strncasecmp((const char *)l, "MSG ", 4)) {
                size_t k = ll;
                while (k && l[k - 1] != ' ')
                    k--;
                uint64_t sz;
                if (!digits(l + k, l + ll, &sz)) {
                    conn_dead(c, "bad MSG");
                    return n;
                }
                if (n - o < adv + sz + 2)
                    break;
                message(c, l + adv, sz, now);
                adv += sz + 2;
            } else if (ll >= 4 && !strncasecmp((const char *)l, "PING", 4)) {
                if (mode == M_NATSWS)
                    ws_send(c, 2, "PONG\r\n", 6);
                else
                    xsend(c, "PONG\r\n", 6);
            } else if (ll >= 4 && !strncasecmp((const char *)l, "PONG", 4)) {
                if (c->state == S_NATS_INFO)
                    set_ready(c);
            } else if (ll >= 4 && !strncasecmp((const char *)l, "INFO", 4)) {
                if (c->state == S_NATS_INFO)
                    nats_hello(c);
            } else if (ll >= 4 && !strncasecmp((const char *)l, "-ERR", 4)) {
                if (verbose)
                    fprintf(stderr, "fanload: %.*s\n", (int)ll, l);
            }
            if (c->state == S_DEAD)
                return n;
        }
        o += adv;
    }
    return o;
}
static void stream_feed(struct conn *c, const uint8_t *p, size_t n, uint64_t now)
{
    if (c->slen) {
        if (c->slen + n > c->scap) {
            c->scap = (c->slen + n) * 2;
            c->sbuf = xrealloc(c->sbuf, c->scap);
        }
        memcpy(c->sbuf + c->slen, p, n);
        c->slen += n;
        size_t k = parse_stream(c, c->sbuf, c->slen, now);
        if (c->state == S_DEAD)
            return;
        memmove(c->sbuf, c->sbuf + k, c->slen - k);
        c->slen -= k;
    } else {
        size_t k = parse_stream(c, p, n, now);
        if (c->state == S_DEAD || k >= n)
            return;
        if (n - k > c->scap) {
            c->scap = (n - k) * 2;
            c->sbuf = xrealloc(c->sbuf, c->scap);
        }
        memcpy(c->sbuf, p + k, n - k);
        c->slen = n - k;
    }
}
/* HTTP/1.1 chunked decoding; returns bytes consumed (an incomplete size line stays) */
static size_t chunked_feed(struct conn *c, const uint8_t *p, size_t n, uint64_t now)
{
    size_t o = 0;
    while (o < n && c->state != S_DEAD) {
        if (c->cst == 0) {
            const uint8_t *nl = memchr(p + o, '\n', n - o);
            if (!nl)
                break;
            c->crem = strtoull((const char *)p + o, NULL, 16);
            o = (size_t)(nl - p) + 1;
            c->cst = c->crem ? 1 : 3;
        } else if (c->cst == 1) {
            size_t k = n - o < c->crem ? n - o : (size_t)c->crem;
            stream_feed(c, p + o, k, now);
            o += k;
            c->crem -= k;
            if (!c->crem)
                c->cst = 2;
        } else if (c->cst == 2) {
            if (n - o < 2)
                break;
            o += 2;
            c->cst = 0;
        } else {
            conn_dead(c, "server ended the response");
            return n;
        }
    }
    return o;
}

/* ------------------------------------------------------------------ websocket: returns bytes consumed */
static void ws_msg(struct conn *c, const uint8_t *p, size_t n, uint64_t now)
{ /* a whole text message (or its searchable prefix) */
    if (mode == M_WS) {
        if (c->state == S_READY)
            message(c, p, n, now);
        return;
    }
    /* Engine.IO 4 / Socket.IO 5 */
    if (!n)
        return;
    if (p[0] == '2') {
        uint8_t pong[256];
        size_t k = n < sizeof pong ? n : sizeof pong;
        memcpy(pong, p, k);
        pong[0] = '3';
        ws_send(c, 1, pong, k);
    } else if (p[0] == '0' && c->state == S_SIO_OPEN) {
        char b[256];
        int k = *sio_ns ? snprintf(b, sizeof b, "40%s,", sio_ns) : snprintf(b, sizeof b, "40");
        c->state = S_SIO_ACK;
        ws_send(c, 1, b, (size_t)k);
    } else if (n >= 2 && p[0] == '4' && p[1] == '0' && c->state == S_SIO_ACK)
        set_ready(c);
    else if (n >= 2 && p[0] == '4' && p[1] == '4' && c->state == S_SIO_ACK)
        conn_dead(c, "socket.io refused");
    else if (n >= 2 && p[0] == '4' && p[1] == '2' && c->state == S_READY)
        message(c, p, n, now);
}
static size_t ws_feed(struct conn *c, uint8_t *p, size_t n, uint64_t now)
{
    size_t o = 0;
    while (o < n && c->state != S_DEAD) {
        if (c->skip) {
            size_t k = n - o < c->skip ? n - o : (size_t)c->skip;
            o += k;
            c->skip -= k;
            continue;
        }
        if (c->srem) {
            size_t k = n - o < c->srem ? n - o : (size_t)c->srem;
            stream_feed(c, p + o, k, now);
            o += k;
            c->srem -= k;
            continue;
        }
        if (n - o < 2)
            break;
        uint8_t *h = p + o;
        size_t av = n - o, hl = 2;
        bool fin = h[0] & 0x80;
        int op = h[0] & 15;
        bool masked = h[1] & 0x80;
        uint64_t len = h[1] & 0x7f;
        if (len == 126) {
            if (av < 4)
                break;
            len = (uint64_t)h[2] << 8 | h[3];
            hl = 4;
        } else if (len == 127) {
            if (av < 10)
                break;
            len = 0;
            for (int i = 0; i < 8; i++)
                len = len << 8 | h[2 + i];
            hl = 10;
        }
        if (h[0] & 0x70) {
            conn_dead(c, "RSV bit set (an extension nobody offered)");
            return n;
        }
        uint8_t *mk = h + hl;
        if (masked) {
            if (av < hl + 4)
                break;
            hl += 4;
        }
        bool whole = av - hl >= len;
        if (mode == M_NATSWS && op < 3 && !masked && av >= hl && !whole) {
            if (measuring)
                w_frames++;
            c->srem = len;
            o += hl;
            continue;
        }
        if (av < hl || (!whole && len <= CARRYMAX))
            break;
        size_t have = whole ? (size_t)len : av - hl;
        if (!whole && have < CARRYMAX)
            break; /* huge frame: wait for a prefix, then skip the rest */
        uint8_t *pl = h + hl;
        if (masked)
            for (size_t i = 0; i < have; i++)
                pl[i] ^= mk[i & 3];
        if (measuring)
            w_frames++;
        switch (op) {
        case 0:
        case 1:
        case 2: {
            if (mode == M_NATSWS) {
                stream_feed(c, pl, have, now);
                break;
            }
            bool first = op != 0, counts = first ? (op == 1 || binary) : c->frag_count;
            if (first) {
                c->frag_count = counts;
                c->in_frag = !fin;
            } else if (fin)
                c->in_frag = false;
            if (counts) {
                if (first) {
                    ws_msg(c, pl, have, now);
                    if (measuring && !whole)
                        w_bytes += len - have;
                } else if (measuring)
                    w_bytes += len; /* continuation: message was counted at its first fragment */
            }
            break;
        }
        case 8:
            conn_dead(c, "close frame");
            return n;
        case 9:
            ws_send(c, 10, pl, have < 125 ? have : 125);
            break;
        case 10:
            break;
        default:
            conn_dead(c, "bad opcode");
            return n;
        }
        o += hl + have;
        if (!whole)
            c->skip = len - have;
    }
    return o;
}

/* ------------------------------------------------------------------ handshake */
static void send_request(struct conn *c)
{
    char b[8192];
    int n;
    if (mode == M_LINES) {
        set_ready(c);
        return;
    }
    if (mode == M_NATS) {
        c->state = S_NATS_INFO;
        return;
    }
    if (mode == M_SSE)
        n = snprintf(b, sizeof b,
                     "GET %s HTTP/1.1\r\nHost: %s:%d\r\nAccept: "
                     "text/event-stream\r\nCache-Control: no-cache\r\n%s\r\n",
                     path, host, port, headers);
    else /* the key and its answer are those of RFC 6455 1.3, so no SHA-1 is needed to check the answer */
        n = snprintf(b, sizeof b,
                     "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: "
                     "Upgrade\r\nSec-WebSocket-Key: "
                     "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                     path, host, port, headers);
    c->state = S_HTTP;
    xsend(c, b, (size_t)n);
}
static size_t http_feed(struct conn *c, uint8_t *p, size_t n)
{ /* response head */
    uint8_t *e = memmem(p, n, "\r\n\r\n", 4);
    if (!e) {
        if (n > 65536)
            conn_dead(c, "response head too long");
        return 0;
    }
    size_t hl = (size_t)(e - p) + 4;
    e[2] = 0;
    const char *h = (const char *)p;
    int code = n > 12 ? atoi(h + 9) : 0;
    if (mode == M_SSE) {
        if (code != 200) {
            if (verbose)
                fprintf(stderr, "%s\n", h);
            conn_dead(c, "not 200");
            return n;
        }
        const char *te = strcasestr(h, "\r\ntransfer-encoding:");
        c->chunked = te && strncasecmp(te + 20, " chunked", 8) == 0;
        set_ready(c);
    } else {
        if (code != 101 || !strstr(h, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) {
            if (verbose)
                fprintf(stderr, "%s\n", h);
            conn_dead(c, "upgrade refused");
            return n;
        }
        if (mode == M_SIO)
            c->state = S_SIO_OPEN;
        else if (mode == M_NATSWS)
            c->state = S_NATS_INFO;
        else
            set_ready(c);
    }
    return hl;
}
static void on_read(struct conn *c)
{
    size_t have = c->clen;
    if (have)
        memcpy(rbuf, c->carry, have);
    ssize_t k = recv(c->fd, rbuf + have, BUFSZ - have, 0);
    if (k <= 0) {
        if (k < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        conn_dead(c, k ? strerror(errno) : "closed by server");
        return;
    }
    uint64_t now = now_ns(CLOCK_REALTIME);
    size_t n = have + (size_t)k, o = 0;
    if (measuring) {
        w_wire += (uint64_t)k;
        w_reads++;
    }
    if (running)
        last_rx_at = now;
    if (c->state == S_HTTP)
        o = http_feed(c, rbuf, n);
    if (c->state != S_HTTP && c->state != S_DEAD && o < n && !(c->stalled && c->state == S_READY)) {
        if (mode == M_WS || mode == M_SIO || mode == M_NATSWS)
            o += ws_feed(c, rbuf + o, n - o, now);
        else if (mode == M_SSE && c->chunked)
            o += chunked_feed(c, rbuf + o, n - o, now);
        else {
            stream_feed(c, rbuf + o, n - o, now);
            o = n;
        }
    }
    if (c->state == S_DEAD)
        return;
    size_t left = n - o;
    if (left) {
        if (left > c->ccap) {
            c->ccap = left < 1024 ? 1024 : left;
            c->carry = xrealloc(c->carry, c->ccap);
        }
        memcpy(c->carry, rbuf + o, left);
    }
    c->clen = left;
}
static void start_conn(struct conn *c)
{
    c->fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        die("socket: %s (ulimit -n?)", strerror(errno));
    int one = 1;
    if (addr.ss_family != AF_UNIX)
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (rcvbuf)
        setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
    c->state = S_CONNECTING;
    int r = connect(c->fd, (struct sockaddr *)&addr, addrlen);
    if (r < 0 && errno != EINPROGRESS) {
        conn_dead(c, strerror(errno));
        return;
    }
    struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
}

/* ------------------------------------------------------------------ /proc accounting */
static int pids[64], npids;
struct usage {
    double user, sys;
    uint64_t rss_kb;
};
static bool read_stat(int pid, struct usage *u, int *ppid)
{
    char f[64], b[2048];
    snprintf(f, sizeof f, "/proc/%d/stat", pid);
    int fd = open(f, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, b, sizeof b - 1);
    close(fd);
    if (n <= 0)
        return false;
    b[n] = 0;
    char *r = strrchr(b, ')');
    if (!r)
        return false;
    unsigned long ut, st;
    long rss;
    int pp;
    if (sscanf(r + 2,
               "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u "
               "%ld",
               &pp, &ut, &st, &rss) != 4)
        return false;
    double hz = (double)sysconf(_SC_CLK_TCK);
    u->user += (double)ut / hz;
    u->sys += (double)st / hz;
    u->rss_kb += (uint64_t)rss * (uint64_t)(sysconf(_SC_PAGESIZE) / 1024);
    if (ppid)
        *ppid = pp;
    return true;
}
static struct usage sample(void)
{
    struct usage u = {0, 0, 0};
    if (!tree) {
        for (int i = 0; i < npids; i++)
            read_stat(pids[i], &u, NULL);
        return u;
    }
    static struct {
        int pid, pp;
        struct usage u;
        bool in;
    } t[16384];
    int n = 0;
    DIR *d = opendir("/proc");
    struct dirent *e;
    while (d && (e = readdir(d)) && n < 16384)
        if (isdigit((unsigned char)e->d_name[0])) {
            memset(&t[n], 0, sizeof t[n]);
            t[n].pid = atoi(e->d_name);
            if (read_stat(t[n].pid, &t[n].u, &t[n].pp))
                n++;
        }
    if (d)
        closedir(d);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < npids; k++)
            if (t[i].pid == pids[k])
                t[i].in = true;
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < n; i++)
            if (!t[i].in)
                for (int k = 0; k < n; k++)
                    if (t[k].in && t[k].pid == t[i].pp) {
                        t[i].in = more = true;
                        break;
                    }
    }
    for (int i = 0; i < n; i++)
        if (t[i].in) {
            u.user += t[i].u.user;
            u.sys += t[i].u.sys;
            u.rss_kb += t[i].u.rss_kb;
        }
    return u;
}
static void sys_cpu(double *busy, double *soft)
{
    FILE *f = fopen("/proc/stat", "r");
    unsigned long long us = 0, ni = 0, sy = 0, id = 0, io = 0, ir = 0, so = 0, stl = 0;
    if (f) {
        if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &us, &ni, &sy, &id, &io, &ir,
                   &so, &stl) != 8)
            us = 0;
        fclose(f);
    }
    double hz = (double)sysconf(_SC_CLK_TCK);
    *busy = (double)(us + ni + sy + ir + so) / hz;
    *soft = (double)(ir + so) / hz;
}
static uint64_t tcp_mem_kb(void)
{
    FILE *f = fopen("/proc/net/sockstat", "r");
    char l[256];
    uint64_t v = 0;
    while (f && fgets(l, sizeof l, f))
        if (!strncmp(l, "TCP:", 4)) {
            char *m = strstr(l, " mem ");
            if (m)
                v = strtoull(m + 5, NULL, 10) * 4;
        }
    if (f)
        fclose(f);
    return v;
}

static struct usage u0, me;
static double busy0, soft0, cli0;
static uint64_t t_w0;
static void begin_window(void)
{
    if (t_w0)
        return;
    u0 = sample();
    me = (struct usage){0, 0, 0};
    read_stat(getpid(), &me, NULL);
    cli0 = me.user + me.sys;
    sys_cpu(&busy0, &soft0);
    t_w0 = now_ns(CLOCK_MONOTONIC);
    measuring = true;
}
int main(int argc, char **argv)
{
    enum {
        O_WAIT = 256,
        O_IDLE,
        O_DRAIN,
        O_PAR,
        O_CT,
        O_STALL,
        O_RCV,
        O_HDR,
        O_SEND,
        O_NS,
        O_SUBJ,
        O_KEY,
        O_SEQ,
        O_REC,
        O_BIN,
        O_PID,
        O_TREE,
        O_PROG,
        O_READY,
        O_LABEL,
        O_VERB,
        O_MODE,
        O_URL,
        O_HELP,
        O_UNESC
    };
    static const struct option lo[] = {{"mode", 1, 0, O_MODE},          {"url", 1, 0, O_URL},
                                       {"clients", 1, 0, 'c'},          {"duration", 1, 0, 'd'},
                                       {"warmup", 1, 0, 'w'},           {"messages", 1, 0, 'm'},
                                       {"wait", 1, 0, O_WAIT},          {"idle", 0, 0, O_IDLE},
                                       {"drain", 1, 0, O_DRAIN},        {"parallel", 1, 0, O_PAR},
                                       {"connect-timeout", 1, 0, O_CT}, {"stall", 1, 0, O_STALL},
                                       {"rcvbuf", 1, 0, O_RCV},         {"header", 1, 0, O_HDR},
                                       {"send", 1, 0, O_SEND},          {"sio-ns", 1, 0, O_NS},
                                       {"subject", 1, 0, O_SUBJ},       {"key", 1, 0, O_KEY},
                                       {"seq-key", 1, 0, O_SEQ},        {"records", 0, 0, O_REC},
                                       {"binary", 0, 0, O_BIN},         {"pid", 1, 0, O_PID},
                                       {"tree", 0, 0, O_TREE},          {"progress", 1, 0, O_PROG},
                                       {"on-ready", 1, 0, O_READY},     {"label", 1, 0, O_LABEL},
                                       {"verbose", 0, 0, O_VERB},       {"unescape", 0, 0, O_UNESC},
                                       {"help", 0, 0, O_HELP},          {0, 0, 0, 0}};
    static const char *names[] = {"ws", "sse", "sio", "lines", "nats", "nats-ws"};
    const char *url = NULL;
    int o;
    while ((o = getopt_long(argc, argv, "c:d:w:m:h", lo, NULL)) != -1)
        switch (o) {
        case O_MODE: {
            int i;
            for (i = 0; i < 6 && strcmp(names[i], optarg); i++) {
            }
            if (i == 6)
                die("unknown mode %s", optarg);
            mode = (enum mode)i;
            mode_name = names[i];
            break;
        }
        case O_URL:
            url = optarg;
            break;
        case 'c':
            nclients = atoi(optarg);
            break;
        case 'd':
            duration = atof(optarg);
            break;
        case 'w':
            warmup = atof(optarg);
            break;
        case 'm':
            want_msgs = strtoull(optarg, NULL, 10);
            break;
        case O_WAIT:
            waits = atof(optarg);
            break;
        case O_IDLE:
            idle = true;
            break;
        case O_DRAIN:
            drain = atof(optarg);
            break;
        case O_PAR:
            parallel = atoi(optarg);
            break;
        case O_CT:
            conn_timeout = atof(optarg);
            break;
        case O_STALL:
            nstall = atoi(optarg);
            break;
        case O_RCV:
            rcvbuf = atoi(optarg);
            break;
        case O_HDR:
            if (strlen(headers) + strlen(optarg) + 3 < sizeof headers) {
                strcat(headers, optarg);
                strcat(headers, "\r\n");
            }
            break;
        case O_SEND:
            sendtxt = optarg;
            break;
        case O_NS:
            sio_ns = strcmp(optarg, "/") ? optarg : "";
            break;
        case O_SUBJ:
            subject = optarg;
            break;
        case O_KEY:
            key = optarg;
            break;
        case O_SEQ:
            seqkey = optarg;
            break;
        case O_REC:
            records = true;
            break;
        case O_BIN:
            binary = true;
            break;
        case O_PID:
            if (npids < 64)
                pids[npids++] = atoi(optarg);
            break;
        case O_TREE:
            tree = true;
            break;
        case O_PROG:
            progress_path = optarg;
            break;
        case O_READY:
            on_ready = optarg;
            break;
        case O_LABEL:
            label = optarg;
            break;
        case O_VERB:
            verbose = true;
            break;
        case O_UNESC:
            unescape = true;
            break;
        case O_HELP:
        case 'h':
            fputs(HELP, stdout);
            return 0;
        default:
            fputs("try --help\n", stderr);
            return 2;
        }
    if (!url || nclients < 1 || optind < argc) {
        fputs(HELP, stderr);
        return 2;
    }
    if (nstall >= nclients && nstall)
        die("--stall must leave at least one reading client");
    keylen = strlen(key);
    seqkeylen = strlen(seqkey);
    for (const char *s = key; *s && ekeylen < sizeof ekey - 3; s++) {
        if (*s == '"')
            ekey[ekeylen++] = '\\';
        ekey[ekeylen++] = *s;
    }
    for (const char *s = seqkey; *s && eseqlen < sizeof eseq - 3; s++) {
        if (*s == '"')
            eseq[eseqlen++] = '\\';
        eseq[eseqlen++] = *s;
    }
    if (records && !keylen)
        die("--records needs --key");
    /* URL */
    if (!strncmp(url, "unix://", 7)) {
        struct sockaddr_un *un = (struct sockaddr_un *)&addr;
        un->sun_family = AF_UNIX;
        snprintf(un->sun_path, sizeof un->sun_path, "%s", url + 7);
        addrlen = sizeof *un;
        strcpy(host, "localhost");
        strcpy(path, "/");
    } else {
        const char *p = strstr(url, "://");
        if (!p)
            die("bad url");
        p += 3;
        size_t k = strcspn(p, ":/");
        if (k >= sizeof host)
            die("bad host");
        memcpy(host, p, k);
        host[k] = 0;
        p += k;
        port = *p == ':' ? atoi(p + 1) : 80;
        p += strcspn(p, "/");
        snprintf(path, sizeof path, "%s", *p ? p : "/");
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *ai;
        char ps[16];
        snprintf(ps, sizeof ps, "%d", port);
        int r = getaddrinfo(host, ps, &hints, &ai);
        if (r)
            die("%s: %s", host, gai_strerror(r));
        memcpy(&addr, ai->ai_addr, ai->ai_addrlen);
        addrlen = ai->ai_addrlen;
        freeaddrinfo(ai);
    }
    if (mode == M_SIO && !strcmp(path, "/"))
        strcpy(path, "/socket.io/?EIO=4&transport=websocket");
    signal(SIGPIPE, SIG_IGN);
    struct rlimit rl;
    if (!getrlimit(RLIMIT_NOFILE, &rl)) {
        rl.rlim_cur = rl.rlim_max;
        setrlimit(RLIMIT_NOFILE, &rl);
    }
    rbuf = xrealloc(NULL, BUFSZ);
    conns = calloc((size_t)nclients, sizeof *conns);
    rx = calloc((size_t)nclients, 8);
    lastseq = malloc((size_t)nclients * 8);
    if (!conns || !rx || !lastseq)
        die("out of memory");
    for (int i = 0; i < nclients; i++) {
        conns[i].idx = i;
        conns[i].fd = -1;
        conns[i].stalled = i < nstall;
        lastseq[i] = -1;
    }
    volatile uint64_t *prog = NULL;
    if (progress_path) {
        int fd = open(progress_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0 || ftruncate(fd, 4096))
            die("%s: %s", progress_path, strerror(errno));
        prog = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (prog == MAP_FAILED)
            die("mmap");
        *prog = 0;
    }
    ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event evs[512];
    struct usage u_start = sample(), u_conn = {0, 0, 0}, u1 = {0, 0, 0};
    uint64_t rss_peak = u_start.rss_kb, tm_start = tcp_mem_kb(), tm_conn = 0, tm_end = 0;
    uint64_t t_begin = now_ns(CLOCK_MONOTONIC), t_ready = 0, t_w1 = 0, t_prog = 0, t_rss = 0,
             t_drain = 0, t_check = 0;
    int next = 0;
    pid_t child = -1;
    const char *why = "duration";
    double busy1 = 0, soft1 = 0, cli1 = 0;
    for (;;) {
        while (next < nclients && next - nready - nfailed - nclosed < parallel && !running)
            start_conn(&conns[next++]);
        int n = epoll_wait(ep, evs, 512, running ? 1 : 5);
        for (int i = 0; i < n; i++) {
            struct conn *c = evs[i].data.ptr;
            if (c->state == S_DEAD)
                continue;
            if (c->state == S_CONNECTING) {
                int err = 0;
                socklen_t el = sizeof err;
                getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &el);
                if (err) {
                    conn_dead(c, strerror(err));
                    continue;
                }
                struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
                epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
                send_request(c);
            } else
                on_read(c);
        }
        uint64_t t = now_ns(CLOCK_MONOTONIC);
        if (!running) {
            if (next == nclients && nready + nfailed + nclosed >= nclients) {
                if (nready == 0) {
                    why = "no connection";
                    break;
                }
                running = true;
                t_ready = t;
                u_conn = sample();
                tm_conn = tcp_mem_kb();
                t_rss = t;
                if (idle) {
                    t_w0 = t;
                    u0 = u_conn;
                    sys_cpu(&busy0, &soft0);
                    measuring = true;
                }
                if (on_ready) {
                    child = fork();
                    if (!child) {
                        setpgid(0, 0);
                        execl("/bin/sh", "sh", "-c", on_ready, (char *)NULL);
                        _exit(127);
                    }
                    setpgid(child, child);
                }
            } else if ((double)(t - t_begin) / 1e9 > conn_timeout) {
                why = "connect timeout";
                break;
            }
            continue;
        }
        if (prog && (t - t_prog > 100000)) {
            uint64_t m = UINT64_MAX;
            for (int i = nstall; i < nclients; i++)
                if (conns[i].state == S_READY) {
                    uint64_t v = seq_seen ? (uint64_t)(lastseq[i] + 1) : rx[i];
                    if (v < m)
                        m = v;
                }
            __atomic_store_n(prog, m == UINT64_MAX ? 0 : m, __ATOMIC_RELEASE);
            t_prog = t;
        }
        if (npids && t - t_rss > 250000000ull && !tree) {
            struct usage u = sample();
            if (u.rss_kb > rss_peak)
                rss_peak = u.rss_kb;
            t_rss = t;
        }
        if (!measuring && !t_w0) { /* waiting for the first message / warm-up */
            if (first_msg_at && (double)(t - first_msg_at) / 1e9 >= warmup) {
                begin_window();
                t = t_w0;
            } else if (!first_msg_at && (double)(t - t_ready) / 1e9 > waits) {
                why = "no message";
                t_w0 = t_w1 = t;
                u0 = u1 = sample();
                break;
            }
        }
        bool all = false;
        if (want_msgs && t - t_check > 1000000ull) {
            t_check = t;
            all = true;
            for (int i = nstall; i < nclients && all; i++)
                if (conns[i].state == S_READY && rx[i] < want_msgs)
                    all = false;
            if (all)
                why = "messages";
        }
        if (t < t_w0)
            t = t_w0;
        if (!t_drain && measuring &&
            (all || (double)(t - t_w0) / 1e9 >= duration || nclosed + nfailed >= nclients)) {
            measuring = false;
            t_w1 = now_ns(CLOCK_MONOTONIC);
            u1 = sample();
            me = (struct usage){0, 0, 0};
            read_stat(getpid(), &me, NULL);
            cli1 = me.user + me.sys;
            sys_cpu(&busy1, &soft1);
            tm_end = tcp_mem_kb();
            if (u1.rss_kb > rss_peak)
                rss_peak = u1.rss_kb;
            if (child > 0)
                kill(-child, SIGTERM);
            t_drain = t;
            last_rx_at = now_ns(CLOCK_REALTIME);
            if (idle)
                break;
        } else if (!t_drain && all) { /* all arrived before the warm-up ended */
            why = "messages before the warm-up ended";
            t_w0 = t_w1 = t;
            u0 = u1 = sample();
            break;
        }
        if (t_drain && ((double)(t - t_drain) / 1e9 >= drain ||
                        now_ns(CLOCK_REALTIME) - last_rx_at > 300000000ull || all))
            break;
    }
    if (child > 0) {
        kill(-child, SIGTERM);
        waitpid(child, NULL, 0);
    }
    struct usage ue = sample();
    if (ue.rss_kb > rss_peak)
        rss_peak = ue.rss_kb;
    uint64_t mn = UINT64_MAX, mx = 0, tot = 0;
    int live = 0;
    for (int i = nstall; i < nclients; i++) {
        tot += rx[i];
        if (rx[i] > mx)
            mx = rx[i];
        if (conns[i].state == S_READY) {
            live++;
            if (rx[i] < mn)
                mn = rx[i];
        }
    }
    if (mn == UINT64_MAX)
        mn = 0;
    double secs = (double)(t_w1 - t_w0) / 1e9;
    if (secs <= 0)
        secs = 1e-9;
    double cpu = u1.user + u1.sys - u0.user - u0.sys, mm = (double)w_msgs / 1e6;
    printf("{\"label\":\"%s\",\"mode\":\"%s\",\"clients\":%d,\"connected\":%d,\"failed\":%d,"
           "\"closed\":%d,\"stalled\":%d,\"end\":\"%s\",\"connect_s\":%.3f,\"secs\":%.3f,\"msgs\":"
           "%" PRIu64 ",\"msgs_s\":%.0f,\"mb_s\":%.2f,\"wire_mb_s\":%.2f,\"frames\":%" PRIu64
           ",\"reads\":%" PRIu64,
           label, mode_name, nclients, nready, nfailed, nclosed, nstall, why,
           t_ready ? (double)(t_ready - t_begin) / 1e9 : 0.0, secs, w_msgs, (double)w_msgs / secs,
           (double)w_bytes / secs / 1e6, (double)w_wire / secs / 1e6, w_frames, w_reads);
    printf(",\"lat_us\":{\"n\":%" PRIu64
           ",\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f,\"mean\":%.1f}",
           hist_n, hist_q(.5) / 1e3, hist_q(.9) / 1e3, hist_q(.99) / 1e3, hist_q(.999) / 1e3,
           (double)hist_max / 1e3, hist_n ? hist_sum / (double)hist_n / 1e3 : 0.0);
    printf(",\"rx_min\":%" PRIu64 ",\"rx_max\":%" PRIu64 ",\"rx_total\":%" PRIu64
           ",\"missing_min\":0,\"missing_max\":%" PRIu64 ",\"gaps\":%" PRIu64
           ",\"reorder\":%" PRIu64,
           mn, mx, tot, live ? mx - mn : 0, gaps, reorder);
    if (npids)
        printf(",\"srv\":{\"cpu_s\":%.2f,\"cpu_util\":%.3f,\"us_per_msg\":%.4f,\"user_s\":%.2f,"
               "\"sys_s\":%.2f,\"rss_kb_start\":%" PRIu64 ",\"rss_kb_conn\":%" PRIu64
               ",\"rss_kb_peak\":%" PRIu64 ",\"rss_kb_end\":%" PRIu64 ",\"kb_per_conn\":%.2f}",
               cpu, cpu / secs, mm > 0 ? cpu / mm : 0.0, u1.user - u0.user, u1.sys - u0.sys,
               u_start.rss_kb, u_conn.rss_kb, rss_peak, ue.rss_kb,
               ((double)(idle ? ue.rss_kb : u_conn.rss_kb) - (double)u_start.rss_kb) / nclients);
    printf(",\"cli\":{\"cpu_s\":%.2f},\"sys\":{\"busy_s\":%.2f,\"softirq_s\":%.2f},\"tcp_mem_kb\":["
           "%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]}\n",
           cli1 - cli0, busy1 - busy0, soft1 - soft0, tm_start, tm_conn, tm_end);
    return nfailed || nclosed ? 1 : 0;
}
