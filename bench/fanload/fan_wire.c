/* SPDX-License-Identifier: MIT
 *
 * fan_wire.c - what comes from a server, taken apart as far as it is whole.
 *
 *     WebSocket   [head][frame][frame] …           a text frame is a message
 *     Socket.IO   the same; "42…" is a message     Engine.IO's pings are answered
 *     NATS        the same; frames carry a stream: "MSG log 1 200\r\n<200 bytes>\r\n" is a message
 *     SSE         [head](chunks)lines              an event with a data line is a message
 *
 * Threads: one. Owns: nothing.
 */
#include "fanload.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { OP_CONTINUATION, OP_TEXT, OP_BINARY, OP_CLOSE = 8, OP_PING, OP_PONG };
enum { FRAME_MAX = ROOM - 64 * 1024 };

struct ws_frame {
    int opcode;
    bool last;
    size_t head;
    uint64_t n;
};

/* --- the answer to the request --- */

/* The answer of RFC 6455, section 1.3, to the key that client_start() always sends. */
static const char accept_line[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static size_t take_answer(struct load *l, struct client *c, struct str bytes)
{
    const char *end = memmem(bytes.p, bytes.n, "\r\n\r\n", 4);
    bool sse = l->opts.mode == MODE_SSE;

    if (!end)
        return 0;
    struct str head = str_of(bytes.p, (size_t)(end - bytes.p) + 4);
    bool good = str_starts(head, sse ? STR("HTTP/1.1 200 ") : STR("HTTP/1.1 101 ")) &&
                (sse || memmem(head.p, head.n, accept_line, sizeof accept_line - 1));
    if (!good) {
        client_end(l, c, "the request was refused");
        return head.n;
    }
    c->chunked = str_find_nocase(head, STR("\r\ntransfer-encoding: chunked")) < head.n;
    if (l->opts.mode == MODE_SIO)
        c->step = AWAITS_OPEN;
    else if (l->opts.mode == MODE_NATS_WS)
        c->step = AWAITS_INFO;
    else
        client_is_ready(l, c);
    return head.n;
}

/* --- lines of a stream --- */

static void take_sse_line(struct load *l, struct client *c, struct str line, uint64_t read_ns)
{
    static const struct str data = {"data:", 5};

    if (str_starts(line, data)) {
        count_message(l, c, str_of(line.p + data.n, line.n - data.n), read_ns);
        if (c->has_data && !l->opts.records) { /* one event, however many lines it has */
            c->received--;
            l->counts.messages -= l->is_measuring;
        }
        c->has_data = true;
    } else if (line.n == 0) {
        c->has_data = false;
    }
}

static void nats_say(struct load *l, struct client *c, const char *text)
{
    client_send_frame(l, c, OP_BINARY, str_from(text));
}

/* Returns how many bytes of `rest`, which follows the line, belong to it; SIZE_MAX: they have not
 * come yet. */
static size_t take_nats_line(struct load *l, struct client *c, struct str line, struct str rest,
                             uint64_t read_ns)
{
    if (str_starts(line, STR("MSG "))) {
        const char *size = memrchr(line.p, ' ', line.n);
        size_t n = strtoul(size, NULL, 10);
        if (rest.n < n + 2)
            return SIZE_MAX;
        count_message(l, c, str_of(rest.p, n), read_ns);
        return n + 2;
    }
    if (str_starts(line, STR("PING")))
        nats_say(l, c, "PONG\r\n");
    else if (str_starts(line, STR("INFO")) && c->step == AWAITS_INFO)
        nats_say(l, c, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB log 1\r\nPING\r\n");
    else if (str_starts(line, STR("PONG")) && c->step == AWAITS_INFO)
        client_is_ready(l, c);
    return 0;
}

/* Whole lines from the front. How many bytes they are. */
static size_t take_lines(struct load *l, struct client *c, struct str bytes, uint64_t read_ns)
{
    struct str rest = bytes;

    while (rest.n && c->step != GONE) {
        const char *end = memchr(rest.p, '\n', rest.n);
        if (!end)
            break;
        size_t n = (size_t)(end - rest.p), more = 0;
        struct str behind = str_of(end + 1, rest.n - n - 1);
        struct str line = str_of(rest.p, n && end[-1] == '\r' ? n - 1 : n);
        if (l->opts.mode == MODE_SSE)
            take_sse_line(l, c, line, read_ns);
        else
            more = take_nats_line(l, c, line, behind, read_ns);
        if (more == SIZE_MAX)
            break;
        rest = str_of(behind.p + more, behind.n - more);
    }
    return bytes.n - rest.n;
}

/* Bytes of a stream; what is no whole line waits in c->line. */
static void take_stream(struct load *l, struct client *c, struct str bytes, uint64_t read_ns)
{
    if (c->line.n == 0) {
        size_t n = take_lines(l, c, bytes, read_ns);
        buf_add(&c->line, bytes.p + n, bytes.n - n);
        return;
    }
    buf_add(&c->line, bytes.p, bytes.n);
    buf_consume(&c->line, take_lines(l, c, buf_str(&c->line), read_ns));
}

/* A body in chunks. How many bytes of it were taken: the line of a size is taken whole. */
static size_t take_chunks(struct load *l, struct client *c, struct str bytes, uint64_t read_ns)
{
    struct str rest = bytes;

    while (rest.n && c->step != GONE) {
        if (c->chunk_left == 0) {
            const char *end = memchr(rest.p, '\n', rest.n);
            if (!end)
                break;
            c->chunk_left = strtoull(rest.p, NULL, 16) + 2; /* with the end of its line */
            if (c->chunk_left == 2)
                client_end(l, c, "the server has ended its answer");
            rest = str_of(end + 1, rest.n - (size_t)(end + 1 - rest.p));
            continue;
        }
        size_t n = rest.n < c->chunk_left ? rest.n : (size_t)c->chunk_left;
        size_t data_n = c->chunk_left <= 2 ? 0 : c->chunk_left - 2;
        take_stream(l, c, str_of(rest.p, n < data_n ? n : data_n), read_ns);
        c->chunk_left -= n;
        rest = str_of(rest.p + n, rest.n - n);
    }
    return bytes.n - rest.n;
}

/* --- frames of a WebSocket --- */

/* Engine.IO 4 and Socket.IO 5. */
static void take_packet(struct load *l, struct client *c, struct str packet, uint64_t read_ns)
{
    if (str_starts(packet, STR("2"))) {
        client_send_frame(l, c, OP_TEXT, STR("3"));
    } else if (str_starts(packet, STR("0")) && c->step == AWAITS_OPEN) {
        c->step = AWAITS_JOIN;
        client_send_frame(l, c, OP_TEXT, STR("40"));
    } else if (str_starts(packet, STR("40")) && c->step == AWAITS_JOIN) {
        client_is_ready(l, c);
    } else if (str_starts(packet, STR("42")) && c->step == READY) {
        count_message(l, c, packet, read_ns);
    }
}

/* False: more bytes are needed. Frames of a server are not masked. */
static bool read_frame_head(struct str s, struct ws_frame *ret)
{
    const uint8_t *p = (const uint8_t *)s.p;
    size_t wide = s.n < 2 || p[1] < 126 ? 0 : p[1] == 126 ? 2 : 8;

    if (s.n < 2 + wide)
        return false;
    *ret = (struct ws_frame){
        .opcode = p[0] & 15, .last = p[0] & 0x80, .head = 2 + wide, .n = wide ? 0 : p[1]};
    for (size_t i = 0; i < wide; i++)
        ret->n = ret->n << 8 | p[2 + i];
    return true;
}

static void take_frame(struct load *l, struct client *c, const struct ws_frame *f,
                       struct str payload, uint64_t read_ns)
{
    if (f->opcode == OP_CLOSE)
        client_end(l, c, "the server has closed the WebSocket");
    else if (f->opcode == OP_PING)
        client_send_frame(l, c, OP_PONG, payload);
    else if (f->opcode == OP_CONTINUATION)
        l->counts.bytes += l->is_measuring ? payload.n : 0; /* counted with its first frame */
    else if (f->opcode == OP_TEXT && l->opts.mode == MODE_SIO)
        take_packet(l, c, payload, read_ns);
    else if (f->opcode == OP_TEXT)
        count_message(l, c, payload, read_ns);
}

/* Whole frames from the front; those of a stream as far as they have come. */
static size_t take_frames(struct load *l, struct client *c, struct str bytes, uint64_t read_ns)
{
    bool streams = l->opts.mode == MODE_NATS_WS;
    struct str rest = bytes;
    struct ws_frame f;

    while (rest.n && c->step != GONE) {
        if (c->frame_left) {
            size_t n = rest.n < c->frame_left ? rest.n : (size_t)c->frame_left;
            take_stream(l, c, str_of(rest.p, n), read_ns);
            c->frame_left -= n;
            rest = str_of(rest.p + n, rest.n - n);
            continue;
        }
        if (!read_frame_head(rest, &f))
            break;
        bool is_stream = streams && f.opcode <= OP_BINARY;
        if (!is_stream && f.n > FRAME_MAX)
            client_end(l, c, "a frame is too large");
        if (!is_stream && rest.n - f.head < f.n)
            break;
        l->counts.frames += l->is_measuring;
        size_t taken = f.head + (is_stream ? 0 : (size_t)f.n);
        if (is_stream)
            c->frame_left = f.n;
        else
            take_frame(l, c, &f, str_of(rest.p + f.head, (size_t)f.n), read_ns);
        rest = str_of(rest.p + taken, rest.n - taken);
    }
    return bytes.n - rest.n;
}

size_t wire_take(struct load *l, struct client *c, struct str bytes, uint64_t read_ns)
{
    size_t n = c->step == AWAITS_HEAD ? take_answer(l, c, bytes) : 0;
    struct str rest = str_of(bytes.p + n, bytes.n - n);

    if (c->step == AWAITS_HEAD || c->step == GONE || rest.n == 0)
        return n;
    if (l->opts.mode != MODE_SSE)
        return n + take_frames(l, c, rest, read_ns);
    if (c->chunked)
        return n + take_chunks(l, c, rest, read_ns);
    take_stream(l, c, rest, read_ns);
    return bytes.n;
}
