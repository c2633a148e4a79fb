/* SPDX-License-Identifier: MIT
 *
 * tail_read.c - the bytes of a file become records, and a position that says how far.
 *
 * One buffer serves all files. What is read begins where a line begins, and what has no end yet is
 * left in the file and read again when the end is there; so a quiet file holds no memory. `seen`
 * spares searching an unfinished line again and again.
 *
 *     line_end        seen
 *     ▼               ▼
 *     [unfinished line][new bytes …
 *
 * After each read the head of the file is compared with its fingerprint: a file that was cut short
 * and written anew, or replaced behind its inode, is noticed even when it is longer than before.
 *
 * Containers' files keep long lines in pieces. While a line waits for its last piece the position
 * stays before its first one; lines of the other stream that came in between are counted in `done`
 * and not made records again by a hub that starts there.
 */
#include "source/tail_impl.h"

#include "base/clock.h"
#include "base/diag.h"
#include "record/utf8.h"
#include "source/line_in.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <xxhash.h>

/* --- positions --- */

static struct file_position position_of(const struct tail_file *f)
{
    struct file_position p = {.offset = f->lines.line_end,
                              .fingerprint = f->fingerprint,
                              .fingerprint_n = f->fingerprint_n};

    for (int s = STREAM_STDOUT; s <= STREAM_STDERR && f->parser.join.waiting; s++) {
        if (f->parser.join.pieces[s].n > 0 && f->piece[s].at < p.offset) {
            p.offset = f->piece[s].at;
            p.done = f->piece[s].done;
        }
    }
    return p;
}

static void begin_batch(struct tail *t, const struct tail_file *f)
{
    struct origin origin = file_origin(f->dev, f->ino);

    batch_begin(&t->batch, &origin, t->now_us);
}

static int publish(struct tail *t, struct tail_file *f)
{
    struct file_position p = position_of(f);

    t->batch.position = file_position_encode(&p);
    t->batch.unstored = f->kind->unstored;
    t->batch.or_live = true;
    int err = t->opts.intake.publish(t->opts.intake.hub, &t->batch);
    if (err == 0) {
        f->published = p;
        f->published_part = f->lines.part;
        begin_batch(t, f);
    }
    return err;
}

static void forget_pieces(struct tail_file *f)
{
    join_fini(&f->parser.join);
    f->skip = 0;
}

/* The next read begins at `at`. */
static void go_to(struct tail_file *f, uint64_t at)
{
    forget_pieces(f);
    line_start(&f->lines, at);
    f->seen = at;
    buf_clear(&f->kept);
}

/* The journal has refused: back to what it has. */
static int give_back(struct tail *t, struct tail_file *f, int err)
{
    batch_clear(&t->batch);
    go_to(f, f->published.offset);
    f->lines.part = f->published_part;
    f->skip = f->published.done;
    t->blocked = true;
    return err;
}

/* --- records --- */

static int add_record(struct tail *t, struct tail_file *f, const struct record *r)
{
    int err = batch_add(&t->batch, r);
    return err == 0 && batch_full(&t->batch) ? publish(t, f) : err;
}

/* Notes where lines begin that wait for more, and what was said since. */
static void watch_pieces(struct tail_file *f, uint64_t start, const bool waited[], int n)
{
    for (int s = STREAM_STDOUT; s <= STREAM_STDERR; s++) {
        bool waits = f->parser.join.pieces[s].n > 0;
        if (waits && !waited[s]) {
            f->piece[s].at = start;
            f->piece[s].done = 0;
        } else if (waits && n == PARSE_RECORD) {
            f->piece[s].done++;
        }
    }
}

static int add_line(struct tail *t, struct tail_file *f, const struct line *line, uint64_t start)
{
    const struct join *join = &f->parser.join;
    struct record r = {.time_us = t->now_us, .labels = f->labels, .stream = STREAM_STDOUT};
    bool waited[STREAM_STDERR + 1] = {false};

    for (int s = STREAM_STDOUT; s <= STREAM_STDERR && join->waiting; s++)
        waited[s] = join->pieces[s].n > 0;
    int n = line_in(&f->parser, &t->batch, line, &r, t->opts.intake.metrics);
    if (n < 0)
        return n;
    if (join->waiting)
        watch_pieces(f, start, waited, n);
    if (n == PARSE_WAITS)
        return 0;
    if (f->skip > 0) {
        f->skip--;
        return 0;
    }
    return add_record(t, f, &r);
}

static int add_rests(struct tail *t, struct tail_file *f)
{
    int n = PARSE_WAITS;

    for (int s = STREAM_STDOUT; s <= STREAM_STDERR; s++) {
        struct record r = {.time_us = t->now_us, .labels = f->labels};
        n = parse_rest(&f->parser, &r, (enum stream)s, &t->batch.scratch);
        if (n == PARSE_RECORD)
            n = add_record(t, f, &r);
        if (n < 0)
            return n;
    }
    return 0;
}

/* The unfinished line, which is all of `text`, becomes a record. */
static int add_unterminated(struct tail *t, struct tail_file *f, struct str text)
{
    struct line line = {.text = text,
                        .part = f->lines.part ? f->lines.part + 1 : 0,
                        .last = true,
                        .unterminated = true};
    uint64_t start = f->lines.line_end;

    f->lines.line_end += text.n;
    f->lines.part = 0;
    return text.n ? add_line(t, f, &line, start) : 0;
}

LM_PRINTF(3, 4)
static int add_note(struct tail *t, struct tail_file *f, const char *fmt, ...)
{
    struct buf text = {0};
    char sentence[PATH_MAX + 256];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(sentence, sizeof sentence, fmt, args);
    va_end(args);
    buf_add(&text, sentence, (size_t)n < sizeof sentence ? (size_t)n : sizeof sentence - 1);
    struct record r = {.time_us = t->now_us,
                       .labels = f->labels,
                       .message = utf8_clean(&t->batch.scratch, buf_str(&text)),
                       .level = LEVEL_WARN,
                       .stream = STREAM_SYSTEM};
    int err = r.message.p ? 0 : -ENOMEM;
    buf_fini(&text);
    return err < 0 ? err : add_record(t, f, &r);
}

/* --- the head of the file --- */

/* Is this the file whose head was read? Takes the fingerprint of more of it while it is short. */
static int compare_head(struct tail_file *f, uint64_t end, bool *ret_same)
{
    char head[FINGERPRINT_MAX];
    size_t want = end < FINGERPRINT_MAX ? (size_t)end : FINGERPRINT_MAX;

    if (want < f->fingerprint_n)
        want = f->fingerprint_n;
    ssize_t n = pread(f->fd, head, want, 0);
    if (n < 0)
        return -errno;
    *ret_same = (size_t)n >= f->fingerprint_n &&
                (!f->fingerprint_n || XXH3_64bits(head, f->fingerprint_n) == f->fingerprint);
    if (*ret_same && (size_t)n > f->fingerprint_n) {
        f->fingerprint_n = (uint32_t)n;
        f->fingerprint = XXH3_64bits(head, (size_t)n);
    }
    return 0;
}

static int has_shrunk(const struct tail_file *f, bool *ret)
{
    struct stat st;

    if (fstat(f->fd, &st) < 0)
        return -errno;
    *ret = (uint64_t)st.st_size < f->seen;
    return 0;
}

/* Where bytes begin in a file that was cut short: a writer that did not notice goes on at its old
 * place and leaves a hole before it. */
static uint64_t first_data(int fd)
{
    off_t at = lseek(fd, 0, SEEK_DATA);

    return at > 0 ? (uint64_t)at : 0;
}

/* The file was cut short, or is another one: says so in its place, and begins again. */
static int start_over(struct tail *t, struct tail_file *f)
{
    uint64_t was = f->seen;
    struct str kept = buf_str(&f->kept);
    bool resumed = f->resumed;
    int err = 0;

    begin_batch(t, f);
    if (kept.n && f->lines.line_end + kept.n == f->seen) {
        kept = arena_copy(&t->batch.scratch, kept);
        err = kept.p ? add_unterminated(t, f, kept) : -ENOMEM;
    }
    if (err == 0)
        err = add_rests(t, f);
    go_to(f, first_data(f->fd));
    f->fingerprint = 0;
    f->fingerprint_n = 0;
    f->counted = f->seen;
    f->resumed = false;
    if (err == 0 && resumed)
        err =
            add_note(t, f,
                     "%s is not the file any more that was read to byte %" PRIu64
                     " before: it was cut short or replaced while nobody read it. It is read from "
                     "its beginning; whether lines are missing is unknown",
                     f->path, was);
    else if (err == 0)
        err = add_note(t, f,
                       "%s was cut short after byte %" PRIu64
                       " had been read; what was written between that read and the cut is "
                       "lost, and how much that was is unknown",
                       f->path, was);
    if (err == 0)
        err = publish(t, f);
    if (err < 0)
        return give_back(t, f, err);
    t->opts.intake.metrics->files_cut_total++;
    return 1;
}

/* --- reading --- */

/* Bytes that are read again, because the journal refused, count once. */
static void count_bytes(struct tail *t, struct tail_file *f)
{
    if (f->seen > f->counted) {
        t->opts.intake.metrics->file_bytes_total += f->seen - f->counted;
        f->counted = f->seen;
    }
}

/* Remembers the bytes of an unfinished line: those that are kept already, and `more`. */
static void keep(struct tail_file *f, struct str more)
{
    if (f->kept.n + more.n > TAIL_KEPT_MAX)
        buf_fini(&f->kept);
    else
        buf_add_str(&f->kept, more);
    if (f->kept.failed)
        buf_fini(&f->kept);
}

static int take_lines(struct tail *t, struct tail_file *f, struct str bytes)
{
    uint64_t start = f->lines.line_end, end = start + bytes.n;
    struct line line;
    int err = 0;

    begin_batch(t, f);
    while (err == 0 && line_take(&f->lines, &bytes, &line) > 0) {
        err = add_line(t, f, &line, start);
        start = f->lines.line_end;
    }
    if (err == 0 && t->batch.count > 0)
        err = publish(t, f);
    if (err < 0)
        return give_back(t, f, err);
    f->seen = end;
    count_bytes(t, f);
    buf_clear(&f->kept);
    keep(f, bytes);
    return 0;
}

/* New bytes have come behind an unfinished line. All of it in one piece, when it has an end now (or
 * is too long to wait for it): its length; else 0. */
static ssize_t gather(struct tail *t, struct tail_file *f, size_t n)
{
    size_t whole = (size_t)(f->seen - f->lines.line_end) + n;

    if (whole == n)
        return (ssize_t)n;
    if (!memchr(t->buffer, '\n', n) && whole <= RECORD_MESSAGE_MAX) {
        if (f->lines.line_end + f->kept.n == f->seen)
            keep(f, str_of(t->buffer, n));
        f->seen += n;
        count_bytes(t, f);
        return 0;
    }
    ssize_t got = pread(f->fd, t->buffer, whole, (off_t)f->lines.line_end);
    return got < 0 ? -errno : got;
}

/* The file is open, and it is the one that the journal knows. */
static int prepare(struct tail *t, struct tail_file *f, bool *ret_same)
{
    bool shrunk;
    int err = f->fd < 0 ? followed_open(t, f) : 0;

    *ret_same = true;
    if (err < 0 || !f->resumed)
        return err;
    err = compare_head(f, f->seen, ret_same);
    if (err == 0)
        err = has_shrunk(f, &shrunk);
    if (err == 0 && shrunk)
        *ret_same = false;
    if (err == 0 && *ret_same)
        f->resumed = false;
    return err;
}

/* Without a position the next hub would not know that this file was begun at its end. */
static int note_start(struct tail *t, struct tail_file *f)
{
    begin_batch(t, f);
    int err = publish(t, f);
    if (err < 0)
        return give_back(t, f, err);
    f->unnoted = false;
    return 0;
}

int tail_read(struct tail *t, struct tail_file *f)
{
    bool same, shrunk = false;
    int err = prepare(t, f, &same);

    t->now_us = clock_wall_us();
    if (err < 0)
        return err;
    if (!same)
        return start_over(t, f);
    ssize_t n = pread(f->fd, t->buffer, TAIL_PIECE, (off_t)f->seen);
    if (n < 0)
        return -errno;
    err = compare_head(f, f->seen + (uint64_t)n, &same);
    if (err == 0 && n == 0)
        err = has_shrunk(f, &shrunk);
    if (err < 0)
        return err;
    if (!same || shrunk)
        return start_over(t, f);
    if (f->unnoted && (err = note_start(t, f)) < 0)
        return err;
    if (n == 0)
        return 0;
    f->active_us = clock_mono_us();
    bool more = n == TAIL_PIECE;
    n = gather(t, f, (size_t)n);
    if (n > 0)
        n = take_lines(t, f, str_of(t->buffer, (size_t)n));
    return n < 0 ? (int)n : more;
}

int tail_finish(struct tail *t, struct tail_file *f)
{
    size_t n = (size_t)(f->seen - f->lines.line_end);

    if (n == 0 && f->parser.join.waiting == 0)
        return 0;
    t->now_us = clock_wall_us();
    begin_batch(t, f);
    struct str rest = buf_str(&f->kept);
    if (rest.n != n && f->fd >= 0) {
        ssize_t got = pread(f->fd, t->buffer, n, (off_t)f->lines.line_end);
        rest = str_of(t->buffer, got > 0 ? (size_t)got : 0);
    }
    int err = add_unterminated(t, f, rest);
    if (err == 0)
        err = add_rests(t, f);
    if (err == 0)
        err = publish(t, f);
    if (err < 0)
        return give_back(t, f, err);
    batch_clear(&t->batch);
    buf_fini(&f->kept);
    f->seen = f->lines.line_end;
    return 0;
}
