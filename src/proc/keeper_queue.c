/* SPDX-License-Identifier: MIT
 *
 * keeper_queue.c - unacknowledged output in memory and spool.
 *
 * Every byte in memory, slots and window belongs to a DATA frame; EXIT and END are the link's. The
 * two streams share the queue in the order they were read, but are acknowledged apart: a prompt on
 * stdout that stays unfinished for an hour must not hold back the stderr behind it. Hence
 * compact(), which takes acknowledged frames out of the middle.
 *
 * While anything waits in window or spool, nothing of memory has been sent (sent == head), because
 * it is newer.
 */
#include "proc/keeper_queue.h"

#include <errno.h>
#include <sys/mman.h>

enum {
    QUEUE_SMALL = 32 * 1024, /* below this much memory in use, gaps are left alone ... */
    GAIN = 4, /* ... as they are while less than this times what moves would be free */
};

int queue_init(struct queue *q, size_t cap, const char *spool_dir, size_t spool_bytes)
{
    lm_assert(cap >= 4 * QUEUE_FRAME_MAX);
    char *p = mmap(NULL, cap + QUEUE_WINDOW, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return -errno;
    *q = (struct queue){.memory = p, .window = p + cap, .cap = cap};
    spool_init(&q->spool, spool_dir, cap, spool_bytes / cap);
    return 0;
}

void queue_fini(struct queue *q)
{
    if (q->memory)
        munmap(q->memory, q->cap + QUEUE_WINDOW);
    spool_close(&q->spool);
    *q = (struct queue){.spool.fd = -1};
}

static struct frame_data look(const char *at)
{
    struct frame f;
    struct frame_data data;

    int64_t n = frame_read(str_of(at, QUEUE_FRAME_MAX), FRAME_MAX, &f);
    lm_assert(n > 0 && frame_get_data(f.payload, &data) == 0);
    return data;
}

static uint64_t *of_stream(uint64_t counts[2], uint32_t stream)
{
    return &counts[stream - FRAME_STDOUT];
}

static void put_frame_head(char *at, const struct frame_data *data)
{
    uint8_t *head = (uint8_t *)at;
    frame_put_header(head, FRAME_DATA, (uint32_t)(FRAME_DATA_HEAD + data->bytes.n));
    frame_put_data_head(head + FRAME_HEADER, data);
}

/* Moves the frame at base + from to base + to (to <= from), without what the hub has of it.
 * Returns the bytes it takes there, 0 when the hub has it all. */
static size_t move_needed(struct queue *q, char *base, size_t from, size_t to)
{
    struct frame_data data = look(base + from);
    uint64_t acked = *of_stream(q->acked, data.stream);

    if (acked >= data.offset + data.bytes.n)
        return 0;
    size_t cut = acked > data.offset ? (size_t)(acked - data.offset) : 0;
    data.offset += cut;
    data.bytes = str_of(data.bytes.p + cut, data.bytes.n - cut);
    memmove(base + to + QUEUE_FRAME_HEAD, data.bytes.p, data.bytes.n);
    put_frame_head(base + to, &data);
    return QUEUE_FRAME_HEAD + data.bytes.n;
}

/* Closes the gaps in memory. A half-sent frame stays as it is: the hub waits for its rest. */
static void compact(struct queue *q)
{
    size_t to = 0, sent = SIZE_MAX, size;

    for (size_t from = q->head; from < q->tail; from += size) {
        size = QUEUE_FRAME_HEAD + look(q->memory + from).bytes.n;
        bool half_sent = from < q->sent && q->sent < from + size;
        if (from >= q->sent && sent == SIZE_MAX)
            sent = to;
        if (half_sent) {
            memmove(q->memory + to, q->memory + from, size);
            sent = to + (q->sent - from);
            to += size;
        } else {
            to += move_needed(q, q->memory, from, to);
        }
    }
    q->head = 0;
    q->tail = to;
    q->sent = sent == SIZE_MAX ? to : sent;
}

/* ---- making room ---- */

/* The rest of a half-sent frame goes to the window, so that memory may be moved or forgotten. */
static void set_aside(struct queue *q)
{
    if (q->mid == 0 || q->window_at < q->window_n)
        return;
    memcpy(q->window, q->memory + q->sent, q->mid);
    q->window_at = 0;
    q->window_n = q->mid;
    q->sent += q->mid;
}

static void drop_oldest_slot(struct queue *q)
{
    spool_pop(&q->spool);
    if (q->cursor_slot > 0)
        q->cursor_slot--;
    else
        q->cursor_at = 0;
}

/* Without a spool the older half goes. */
static void drop_older_half(struct queue *q)
{
    set_aside(q);
    while (q->tail - q->head > q->cap / 2)
        q->head += QUEUE_FRAME_HEAD + look(q->memory + q->head).bytes.n;
    if (q->sent < q->head)
        q->sent = q->head;
    compact(q);
}

/* All of memory moves into a new slot. */
static int spill(struct queue *q)
{
    uint64_t end[2] = {0, 0};
    int rc;

    for (size_t at = q->head; at < q->tail;) {
        struct frame_data data = look(q->memory + at);
        *of_stream(end, data.stream) = data.offset + data.bytes.n;
        at += QUEUE_FRAME_HEAD + data.bytes.n;
    }
    set_aside(q);
    for (;;) {
        rc = spool_push(&q->spool, q->memory + q->head, q->tail - q->head, end);
        if (rc == 0 || q->spool.count == 0)
            break;
        drop_oldest_slot(q);
    }
    if (rc < 0)
        return rc;
    if (q->sent > q->head) {
        q->cursor_slot = q->spool.count - 1;
        q->cursor_at = q->sent - q->head;
    }
    q->head = q->sent = q->tail = 0;
    return 0;
}

char *queue_room(struct queue *q)
{
    size_t live = q->tail - q->head;

    if (live == 0)
        q->head = q->sent = q->tail = 0;
    else if (q->tail > QUEUE_SMALL && GAIN * live <= q->head)
        compact(q);
    if (q->cap - q->tail < QUEUE_FRAME_MAX) {
        compact(q);
        /* Little gained: every further read would compact again. */
        if (q->tail > q->cap / 4 * 3 - QUEUE_FRAME_MAX && spill(q) < 0)
            drop_older_half(q);
    }
    lm_assert(q->cap - q->tail >= QUEUE_FRAME_MAX);
    return q->memory + q->tail + QUEUE_FRAME_HEAD;
}

void queue_commit(struct queue *q, const struct frame_data *data)
{
    lm_assert(data->bytes.n > 0 && data->bytes.n <= FRAME_DATA_MAX);
    put_frame_head(q->memory + q->tail, data);
    q->tail += QUEUE_FRAME_HEAD + data->bytes.n;
}

/* ---- acknowledgement ---- */

static bool hub_has(const struct queue *q, const uint64_t end[2])
{
    return q->acked[0] >= end[0] && q->acked[1] >= end[1];
}

static void release_slots(struct queue *q)
{
    while (q->spool.count > 0 && hub_has(q, spool_at(&q->spool, 0)->end))
        drop_oldest_slot(q);
}

void queue_ack(struct queue *q, const struct frame_ack *ack)
{
    q->acked[0] = ack->stdout_n;
    q->acked[1] = ack->stderr_n;
    release_slots(q);
    while (q->head < q->sent) {
        struct frame_data data = look(q->memory + q->head);
        size_t end = q->head + QUEUE_FRAME_HEAD + data.bytes.n;
        if (end > q->sent || *of_stream(q->acked, data.stream) < data.offset + data.bytes.n)
            break;
        q->head = end;
    }
}

void queue_resume(struct queue *q, const struct frame_ack *ack)
{
    q->window_at = q->window_n = q->mid = 0;
    q->acked[0] = q->sent_to[0] = ack->stdout_n;
    q->acked[1] = q->sent_to[1] = ack->stderr_n;
    q->lost[0] = q->lost[1] = 0;
    q->cursor_slot = 0;
    q->cursor_at = 0;
    release_slots(q);
    q->sent = q->head;
    compact(q);
}

/* ---- sending ---- */

/* Fills the window with the next whole frames of the spool that the hub needs. A slot that cannot
 * be read any more is given up; the jump of the offset will tell. */
static void fill_window(struct queue *q)
{
    q->window_at = q->window_n = 0;
    while (q->window_n == 0 && q->cursor_slot < q->spool.count) {
        size_t from = 0, to = 0, size;
        ssize_t n = spool_read(&q->spool, q->cursor_slot, q->cursor_at, q->window, QUEUE_WINDOW);
        for (; n > 0 && (size_t)n - from > QUEUE_FRAME_HEAD; from += size) {
            size = QUEUE_FRAME_HEAD + look(q->window + from).bytes.n;
            if (size > (size_t)n - from)
                break;
            to += move_needed(q, q->window, from, to);
        }
        q->window_n = to;
        q->cursor_at += from;
        if (from == 0 || q->cursor_at >= spool_at(&q->spool, q->cursor_slot)->n) {
            q->cursor_slot++;
            q->cursor_at = 0;
        }
    }
}

struct str queue_next(struct queue *q, bool finish_frame)
{
    if (q->window_at == q->window_n)
        fill_window(q);
    struct str next = q->window_at < q->window_n
                          ? str_of(q->window + q->window_at, q->window_n - q->window_at)
                          : str_of(q->memory + q->sent, q->tail - q->sent);
    if (finish_frame && q->mid > 0)
        next.n = q->mid;
    return next;
}

/* A frame begins to go out: its stream is now sent up to its end, jumps are counted. */
static void count_frame(struct queue *q, const char *at)
{
    struct frame_data data = look(at);
    uint64_t *sent_to = of_stream(q->sent_to, data.stream);

    if (data.offset > *sent_to)
        *of_stream(q->lost, data.stream) += data.offset - *sent_to;
    *sent_to = data.offset + data.bytes.n;
    q->mid = QUEUE_FRAME_HEAD + data.bytes.n;
}

void queue_sent(struct queue *q, size_t n)
{
    bool from_window = q->window_at < q->window_n;
    size_t *at = from_window ? &q->window_at : &q->sent;
    const char *base = from_window ? q->window : q->memory;

    while (n > 0) {
        if (q->mid == 0)
            count_frame(q, base + *at);
        size_t step = n < q->mid ? n : q->mid;
        *at += step;
        q->mid -= step;
        n -= step;
    }
    lm_assert(from_window ? q->window_at <= q->window_n : q->sent <= q->tail);
}

bool queue_has_unsent(const struct queue *q)
{
    return q->window_at < q->window_n || q->cursor_slot < q->spool.count || q->sent < q->tail;
}

bool queue_is_filling(const struct queue *q)
{
    return q->spool.cap > 0 && 2 * q->spool.count > q->spool.cap;
}
