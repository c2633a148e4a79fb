/* SPDX-License-Identifier: MIT
 *
 * join.c - a buffer for each stream; a line in one piece never touches it.
 */
#include "record/join.h"

#include "record/record.h"

#include <errno.h>

int join_rest(struct join *j, enum stream stream, struct arena *scratch, struct str *ret)
{
    struct buf *b = &j->pieces[stream];

    if (b->n == 0)
        return 0;
    struct str whole = arena_copy(scratch, buf_str(b));
    if (!whole.p)
        return -ENOMEM;
    buf_clear(b);
    j->waiting--;
    *ret = whole;
    return 1;
}

int join_add(struct join *j, enum stream stream, struct str piece, bool more, struct arena *scratch,
             struct str *ret, bool *ret_cut)
{
    struct buf *b = &j->pieces[stream];

    *ret_cut = false;
    if (!more && b->n == 0) {
        *ret = piece;
        return 1;
    }
    size_t before = b->n;
    buf_add_str(b, piece);
    if (buf_error(b) < 0) {
        b->failed = false;
        return -ENOMEM;
    }
    j->waiting += before == 0 && b->n > 0;
    if (more && b->n < RECORD_MESSAGE_MAX)
        return 0;
    *ret_cut = more;
    return join_rest(j, stream, scratch, ret);
}

void join_fini(struct join *j)
{
    for (int i = 0; i <= STREAM_STDERR; i++)
        buf_fini(&j->pieces[i]);
    *j = (struct join){0};
}
