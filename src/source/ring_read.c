/* SPDX-License-Identifier: MIT
 *
 * ring_read.c - bytes of a ring become a batch.
 *
 * A piece of the ring is copied out with one pread, and everything is decided on the copy: the
 * writer may change the file meanwhile and only hurts itself.
 */
#include "source/ring_read.h"

#include "base/clock.h"
#include "record/json.h"
#include "record/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1024 * 1024 };

void ring_scratch_fini(struct ring_scratch *s)
{
    buf_fini(&s->bytes);
    batch_fini(&s->batch);
}

/* --- opening --- */

static bool read_at(int fd, void *out, size_t n, uint64_t at)
{
    return pread(fd, out, n, (off_t)at) == (ssize_t)n;
}

static bool file_ok(int fd, uint64_t *ret_size)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1)
        return false;
    *ret_size = (uint64_t)st.st_size;
    return true;
}

static bool head_ok(const struct ring_head *h, uint64_t size)
{
    return h->magic == RING_MAGIC && h->version == RING_VERSION && h->data_n >= RING_DATA_MIN &&
           h->data_n <= RING_DATA_MAX && (h->data_n & (h->data_n - 1)) == 0 &&
           size >= RING_DATA_AT + h->data_n && h->source_n >= 1 && h->source_n <= RING_SOURCE_MAX;
}

int ring_file_open(struct ring_file *r, int fd, const struct intake *in)
{
    struct ring_head head;
    uint64_t size, tail, to;

    if (!file_ok(fd, &size) || !read_at(fd, &head, sizeof head, 0) || !head_ok(&head, size) ||
        !read_at(fd, r->source, head.source_n, RING_SOURCE_AT) ||
        !read_at(fd, &to, sizeof to, RING_HEAD_AT) ||
        !read_at(fd, &tail, sizeof tail, RING_TAIL_AT))
        return -LM_E_INVALID;
    r->source_n = head.source_n;
    if (utf8_valid_prefix(str_of(r->source, r->source_n)) < r->source_n)
        return -LM_E_INVALID;
    r->data_n = head.data_n;
    r->origin = run_origin(head.run);
    struct run_position known = run_position_decode(in->position(in->hub, &r->origin));
    r->position = known.stdout_n > tail ? known.stdout_n : tail;
    if (r->position > to || to - r->position > r->data_n)
        return -LM_E_INVALID;
    r->acked = tail;
    r->wait_id = in->next_id(in->hub);
    r->dropped = 0;
    r->broken = false;
    r->fd = fd;
    return 0;
}

void ring_file_close(struct ring_file *r)
{
    if (r->fd >= 0)
        close(r->fd);
    labels_unref(r->labels);
    buf_fini(&r->block);
    *r = (struct ring_file){.fd = -1};
}

/* --- records --- */

static bool take_label(struct str *rest, struct label *ret)
{
    uint16_t n[2];

    if (rest->n < sizeof n)
        return false;
    memcpy(n, rest->p, sizeof n);
    if (rest->n - sizeof n < (size_t)n[0] + n[1])
        return false;
    ret->name = str_of(rest->p + sizeof n, n[0]);
    ret->value = str_of(ret->name.p + n[0], n[1]);
    *rest = str_of(ret->value.p + n[1], rest->n - sizeof n - n[0] - n[1]);
    return true;
}

/* Labels that cannot be are left out, all of the record's together; it keeps its source. */
static int make_labels(struct ring_file *r, struct str block, struct label_table *table,
                       struct labels **ret)
{
    struct label pairs[LABELS_MAX];
    struct str rest = block, source = str_of(r->source, r->source_n);
    size_t n = 0;
    bool good = utf8_valid_prefix(block) <= block.n;

    while (good && rest.n && n < LABELS_MAX) {
        good =
            take_label(&rest, &pairs[n]) && utf8_valid_prefix(pairs[n].value) == pairs[n].value.n;
        n++;
    }
    int err = good && !rest.n ? labels_make(table, source, pairs, n, ret) : -LM_E_INVALID;
    return err == 0 || err == -ENOMEM ? err : labels_make(table, source, NULL, 0, ret);
}

/* Most records have the labels of the one before. */
static int set_labels(struct ring_file *r, struct str block, struct label_table *table)
{
    struct labels *made;

    if (r->labels && str_eq(buf_str(&r->block), block))
        return 0;
    int err = make_labels(r, block, table, &made);
    if (err < 0)
        return err;
    labels_unref(r->labels);
    r->labels = made;
    buf_clear(&r->block);
    buf_add_str(&r->block, block);
    return buf_error(&r->block);
}

static bool is_object(struct str json)
{
    return json.n && json.p[0] == '{' && json_valid(json) && utf8_valid_prefix(json) == json.n;
}

static int add_record(struct ring_file *r, const struct ring_record *head, const char *at,
                      struct intake *in, struct batch *b)
{
    struct str block = str_of(at, head->labels_n);
    struct str message = str_of(at + head->labels_n, head->message_n);
    struct str fields = str_of(message.p + message.n, head->fields_n);
    int err = set_labels(r, block, in->labels);

    if (err < 0)
        return err;
    if (utf8_valid_prefix(message) < message.n)
        message = utf8_clean(&b->scratch, message);
    if (!message.p)
        return -ENOMEM;
    struct record record = {.time_us = head->time_us > 0 ? head->time_us : b->arrival_us,
                            .labels = r->labels,
                            .message = message,
                            .fields = is_object(fields) ? fields : STR_NONE,
                            .level = head->level >= LEVEL_TRACE && head->level <= LEVEL_FATAL
                                         ? (enum level)head->level
                                         : LEVEL_INFO,
                            .stream = head->labels_n ? STREAM_NONE : STREAM_SYSTEM};
    return batch_add(b, &record);
}

/* Of one record: its size, 0 when it is not whole in `rest`, -LM_E_INVALID when it cannot be. */
static int64_t look(struct str rest, uint64_t to_end, struct ring_record *head)
{
    uint32_t size;

    if (rest.n < 8)
        return 0;
    memcpy(&size, rest.p, sizeof size);
    if (size < 8 || size % 8 || size > to_end)
        return -LM_E_INVALID;
    if ((uint8_t)rest.p[5] & RING_PAD) {
        *head = (struct ring_record){.size = size, .flags = RING_PAD};
        return size == to_end ? (int64_t)size : -LM_E_INVALID;
    }
    if (size < RING_RECORD_HEAD)
        return -LM_E_INVALID;
    if (rest.n < size)
        return 0;
    memcpy(head, rest.p, sizeof *head);
    if (head->labels_n > RING_LABELS_MAX || head->message_n > RING_TEXT_MAX ||
        head->fields_n > RING_TEXT_MAX ||
        ring_record_size(head->labels_n, head->message_n, head->fields_n) != size)
        return -LM_E_INVALID;
    return size;
}

/* Records of one piece that starts `to_end` bytes before the end of the data. How many bytes were
 * understood; -ENOMEM. */
static int64_t add_records(struct ring_file *r, struct str piece, uint64_t to_end,
                           struct intake *in, struct batch *b)
{
    struct str rest = piece;
    struct ring_record head;
    int64_t size = 1;

    while (rest.n && !batch_full(b) && (size = look(rest, to_end, &head)) > 0) {
        if (!(head.flags & RING_PAD)) {
            int err = add_record(r, &head, rest.p + RING_RECORD_HEAD, in, b);
            if (err < 0)
                return err;
        }
        size_t n = (size_t)size < rest.n ? (size_t)size : rest.n;
        rest = str_of(rest.p + n, rest.n - n);
        to_end -= (uint64_t)size;
        if ((size_t)size > n) /* the rest of a pad was not copied */
            return (int64_t)(piece.n - rest.n) + size - (int64_t)n;
    }
    if (size < 0)
        r->broken = true;
    return (int64_t)(piece.n - rest.n);
}

/* The ring was full: what did not fit is said once it is known. */
static int say_dropped(struct ring_file *r, uint64_t dropped, struct intake *in, struct batch *b)
{
    char text[96];

    if (dropped <= r->dropped)
        return 0;
    int n = snprintf(text, sizeof text,
                     "%" PRIu64 " records dropped: the ring of this program was full",
                     dropped - r->dropped);
    int err = set_labels(r, STR(""), in->labels);
    if (err < 0)
        return err;
    r->dropped = dropped;
    struct str message = arena_copy(&b->scratch, str_of(text, (size_t)n));
    struct record record = {.time_us = b->arrival_us,
                            .labels = r->labels,
                            .message = message,
                            .level = LEVEL_WARN,
                            .stream = STREAM_SYSTEM};
    return message.p ? batch_add(b, &record) : -ENOMEM;
}

static void say_broken(struct ring_file *r, struct intake *in, struct batch *b)
{
    if (set_labels(r, STR(""), in->labels) < 0)
        return;
    struct record record = {.time_us = b->arrival_us,
                            .labels = r->labels,
                            .message =
                                STR("the ring of this program is damaged; nothing more is read "
                                    "from it"),
                            .level = LEVEL_ERROR,
                            .stream = STREAM_SYSTEM};
    (void)!batch_add(b, &record);
}

/* One piece: read, understood, published. */
static int64_t read_piece(struct ring_file *r, uint64_t head, uint64_t dropped, struct intake *in,
                          struct ring_scratch *s)
{
    uint64_t place = r->position & (r->data_n - 1), to_end = r->data_n - place;
    uint64_t n = head - r->position;
    struct batch *b = &s->batch;
    int64_t taken = 0;

    n = n > to_end ? to_end : n;
    n = n > 4 * PIECE ? 4 * PIECE : n; /* larger than any record */
    buf_clear(&s->bytes);
    if (buf_reserve(&s->bytes, n + 1) < 0)
        return -ENOMEM;
    if (n && !read_at(r->fd, s->bytes.p, n, RING_DATA_AT + place)) {
        r->broken = true;
        return 0;
    }
    batch_begin(b, &r->origin, clock_wall_us());
    taken = add_records(r, str_of(s->bytes.p, n), to_end, in, b);
    if (taken >= 0 && say_dropped(r, dropped, in, b) < 0)
        taken = -ENOMEM;
    if (r->broken)
        say_broken(r, in, b);
    if (taken == 0 && n && !r->broken && b->count == 0)
        r->broken = true; /* a record that is longer than what was written */
    b->position = run_position_encode(
        &(struct run_position){.stdout_n = r->position + (uint64_t)(taken > 0 ? taken : 0)});
    int err = taken < 0 ? (int)taken : b->count || taken ? in->publish(in->hub, b) : 0;
    if (err == 0) {
        r->position += (uint64_t)taken;
        r->wait_id = in->next_id(in->hub);
    }
    batch_clear(b);
    return err < 0 ? err : taken;
}

int64_t ring_file_read(struct ring_file *r, struct intake *in, struct ring_scratch *s)
{
    uint64_t words[2]; /* head, dropped */
    int64_t n = 0, sum = 0;

    if (!read_at(r->fd, words, sizeof words, RING_HEAD_AT) || words[0] < r->position ||
        words[0] - r->position > r->data_n) {
        r->broken = true;
        return 0;
    }
    if (words[0] == r->position && words[1] <= r->dropped)
        return 0;
    do {
        n = read_piece(r, words[0], words[1], in, s);
        sum += n > 0 ? n : 0;
    } while (n > 0 && sum < RING_ROUND && r->position < words[0] && !r->broken);
    return n < 0 ? n : sum;
}

void ring_file_acked(struct ring_file *r, uint64_t acked_id)
{
    if (r->fd < 0 || r->acked == r->position || r->wait_id > acked_id)
        return;
    r->acked = r->position;
    (void)!pwrite(r->fd, &r->acked, sizeof r->acked, RING_TAIL_AT);
}

bool ring_file_sleep(struct ring_file *r)
{
    static const uint32_t yes = 1;
    uint64_t head;

    if (r->fd < 0 || r->broken)
        return false;
    return pwrite(r->fd, &yes, sizeof yes, RING_WAKE_AT) == sizeof yes &&
           read_at(r->fd, &head, sizeof head, RING_HEAD_AT) && head != r->position;
}
