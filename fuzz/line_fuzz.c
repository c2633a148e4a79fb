/* SPDX-License-Identifier: MIT
 *
 * line_fuzz.c - arbitrary bytes as a stream of lines, in one piece and in pieces.
 *
 * The first byte chooses the pieces. What must hold: both ways give the same lines, the lines and
 * their ends put together are the stream, and line_end counts it. The second byte makes a run of
 * bytes so long that parts appear.
 */
#include "record/line.h"
#include "record/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hear(struct buf *heard, const struct line_splitter *s, const struct line *l)
{
    lm_assert(l->text.n <= RECORD_MESSAGE_MAX);
    lm_assert(!memchr(l->text.n ? l->text.p : "", '\n', l->text.n));
    lm_assert(l->part > 0 || l->last);
    buf_printf(heard, "%zu %u %d %d @%llu:", l->text.n, l->part, l->last, l->unterminated,
               (unsigned long long)s->line_end);
    buf_add_str(heard, l->text);
}

static void run(struct str in, size_t piece, struct buf *heard)
{
    struct line_splitter s = {0};
    struct line l;
    size_t total = in.n;
    int r;

    line_start(&s, 0);
    while (in.n) {
        struct str bytes = str_of(in.p, piece < in.n ? piece : in.n);
        in = str_of(in.p + bytes.n, in.n - bytes.n);
        while ((r = line_next(&s, &bytes, &l)) == 1)
            hear(heard, &s, &l);
        lm_assert(r == 0 && bytes.n == 0);
    }
    if (line_finish(&s, &l) == 1)
        hear(heard, &s, &l);
    lm_assert(s.line_end == total);
    line_fini(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf in = {0}, whole = {0}, cut = {0};

    if (size < 2)
        return 0;
    size_t piece = 1 + (size_t)data[0] * data[0],
           longer = data[1] % 4 == 3 ? RECORD_MESSAGE_MAX : 0;
    buf_add(&in, data + 2, size - 2);
    if (longer && buf_reserve(&in, longer) == 0) {
        memset(in.p + in.n, 'x', longer);
        in.n += longer;
        buf_add(&in, data + 2, size - 2);
        piece += 1000;
    }
    run(buf_str(&in), in.n + 1, &whole);
    run(buf_str(&in), piece, &cut);
    lm_assert(str_eq(buf_str(&whole), buf_str(&cut)));
    buf_fini(&in);
    buf_fini(&whole);
    buf_fini(&cut);
    return 0;
}
