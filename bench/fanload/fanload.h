/* SPDX-License-Identifier: MIT
 *
 * fanload.h - many subscribers in one process, and what they received.
 *
 *     fanload.c      the run: connect ─▶ warm-up ─▶ window ─▶ drain
 *     fan_options.c  what the command line asks for
 *     fan_client.c   one subscriber: connects, shakes hands, reads
 *     fan_wire.c     bytes ─▶ messages, for each protocol
 *     fan_count.c    a message ─▶ counters, lag, gaps
 *     fan_usage.c    processor time and memory of the server and of this process
 *     fan_report.c   one line of JSON
 *
 * Nothing is assumed of the server but the protocol: the same program measures others.
 *
 * Threads: one. Owns: struct load everything.
 */
#ifndef LM_FANLOAD_H
#define LM_FANLOAD_H

#include "base/buf.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

enum mode { MODE_WS, MODE_SSE, MODE_SIO, MODE_NATS_WS };
enum { PIDS_MAX = 16, ROOM = 512 * 1024 };

struct options {
    enum mode mode;
    const char *mode_name, *url;
    int clients;
    double window_s, warmup_s, drain_s;
    bool unescape; /* a record may travel as a JSON string in the message */
    bool records;  /* a message may have several records: each is counted */
    bool idle;     /* nothing is expected: the connections are held for the window */
    bool tree;     /* descendants of the processes belong to them */
    const char *progress, *on_ready;
    const char *send;   /* what each says when it is ready; NULL: nothing */
    struct buf headers; /* lines of the request */
    int pids[PIDS_MAX], pid_count;
};

struct target {
    struct sockaddr_storage address;
    socklen_t address_n;
    char host[256], path[1024];
    int port;
};

/* What is sent next, or waited for. */
enum step { CONNECTING, AWAITS_HEAD, AWAITS_OPEN, AWAITS_JOIN, AWAITS_INFO, READY, GONE };

struct client {
    int fd, number;
    enum step step;
    uint64_t received; /* messages, or records; since the beginning */
    int64_t last_seq;  /* -1: none yet */
    struct buf carry;  /* bytes that are no whole frame yet */
    struct buf line;   /* bytes of a stream that are no whole line yet */
    uint64_t frame_left, chunk_left;
    bool chunked, has_data; /* SSE: this event has a data line */
};

/* Values up to 2^60 with an error below 1.6 %: 64 steps for each power of two. */
enum { STEPS = 64 };
struct histogram {
    uint64_t counts[STEPS * 56];
    uint64_t n, max;
    double sum;
};

/* Within the window; gaps and reordered since the beginning. */
struct counts {
    uint64_t messages, bytes, wire_bytes, frames, reads, gaps, reordered;
    bool has_seq;
};

struct usage {
    double user_s, system_s;
    uint64_t rss_kb;
};

/* The machine and the processes at one moment. */
struct moment {
    uint64_t mono_ns;
    struct usage server;
    double own_cpu_s, busy_s, softirq_s;
};

struct load {
    struct options opts;
    struct target target;
    int epoll;
    struct client *clients;
    int connecting, ready, failed, closed;
    bool is_running;   /* all are connected */
    bool is_measuring; /* within the window */
    uint64_t first_ns; /* of the first message, monotonic; 0: none came */
    uint64_t last_ns;  /* of the last bytes, monotonic */
    struct counts counts;
    struct histogram lag_ns;
    struct usage before, connected;
    uint64_t rss_peak_kb;
    struct moment begin, end; /* of the window */
    const char *why;          /* it ended */
    char *room;               /* bytes of one read, ROOM */
};

/* Says why and ends the program. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* CLOCK_REALTIME or CLOCK_MONOTONIC, in nanoseconds. */
uint64_t now_ns(clockid_t clock);

/* --- fan_options.c --- */

/* Fills in all of it; what cannot be understood ends the program. */
void take_options(struct options *o, int argc, char **argv);
/* From "ws://HOST:PORT/PATH". */
void find_target(struct target *t, const struct options *o);

/* --- fan_client.c --- */

/* Begins to connect; epoll says what came of it. */
void client_start(struct load *l, struct client *c);
/* The socket of c has something to say. */
void client_event(struct load *l, struct client *c);
/* Its handshakes are over: messages count from now on. */
void client_is_ready(struct load *l, struct client *c);
/* Closes it; counted as failed before it was ready, as closed afterwards. */
void client_end(struct load *l, struct client *c, const char *why);
/* A frame of a WebSocket, masked. What a socket does not take at once ends the client: it is
 * little. */
void client_send_frame(struct load *l, struct client *c, int opcode, struct str payload);

/* --- fan_wire.c --- */

/* Takes what is whole from the front of `bytes`, which came at `read_ns` (real time). How many
 * bytes it took. */
size_t wire_take(struct load *l, struct client *c, struct str bytes, uint64_t read_ns);

/* --- fan_count.c --- */

void count_message(struct load *l, struct client *c, struct str text, uint64_t read_ns);
void histogram_add(struct histogram *h, uint64_t value);
/* The value that the part `q` (0 … 1) of all lies below; 0 when there is none. */
double histogram_at(const struct histogram *h, double q);

/* --- fan_usage.c --- */

/* Of all processes of the options together. */
struct usage usage_of_server(const struct options *o);
struct moment usage_now(const struct options *o);

/* --- fan_report.c --- */

void report(const struct load *l, const struct usage *at_end);

#endif
