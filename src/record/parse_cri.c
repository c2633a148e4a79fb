/* SPDX-License-Identifier: MIT
 *
 * parse_cri.c - a container's line as Kubernetes keeps it.
 *
 *     2026-01-02T03:04:05.123456789Z stdout F text of the container
 *
 * P instead of F says that the line goes on in the next one of the same stream. Further tags may
 * follow behind colons.
 */
#include "record/parse_impl.h"

/* "stdout " at the front; *s moves on behind it. */
static enum stream take_stream(struct str *s)
{
    struct str rest, word = str_cut(*s, ' ', &rest);
    enum stream stream = stream_from_text(word);

    if (stream == STREAM_STDOUT || stream == STREAM_STDERR)
        *s = rest;
    return stream;
}

int parse_cri(const struct reading *in, struct str line, struct said *ret)
{
    struct str rest = line;
    const char *space = line.n > 36 ? memchr(line.p + 20, ' ', 16) : NULL;

    if (!space || line.p[10] != 'T' || space[1] != 's' || space[2] != 't' || space[3] != 'd')
        return 0;
    said_begin(ret, line);
    ret->wrapped = ret->timed = true;
    size_t n = (size_t)(space - line.p);
    if (!stamp_parse(str_of(line.p, n), in->zone, in->read_us, in->second, &ret->time_us))
        return 0;
    rest = str_of(line.p + n + 1, line.n - n - 1);
    ret->stream = take_stream(&rest);
    if (ret->stream != STREAM_STDOUT && ret->stream != STREAM_STDERR)
        return 0;
    struct str tags = str_cut(rest, ' ', &ret->message);
    if (tags.n == 0 || (tags.p[0] != 'P' && tags.p[0] != 'F') || (tags.n > 1 && tags.p[1] != ':'))
        return 0;
    ret->partial = tags.p[0] == 'P';
    return 1;
}
