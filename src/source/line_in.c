/* SPDX-License-Identifier: MIT
 *
 * line_in.c - parsing, and the marks of parts and unterminated lines.
 */
#include "source/line_in.h"

#include <errno.h>

/* `{"part":2,"last":false}` */
static int add_part_fields(struct batch *b, const struct line *line, struct record *r)
{
    struct buf text = {0};

    buf_printf(&text, "{\"part\":%u,\"last\":%s}", line->part, line->last ? "true" : "false");
    if (buf_error(&text) == 0)
        r->fields = arena_copy(&b->scratch, buf_str(&text));
    buf_fini(&text);
    return r->fields.p ? 0 : -ENOMEM;
}

int line_in(struct parser *parser, struct batch *b, const struct line *line, struct record *r,
            struct metrics *m)
{
    bool replaced;

    if (line->part > 0)
        r->flags |= RECORD_PART;
    int n = line->part > 1 ? parse_part(parser, r, line->text, &b->scratch, &replaced)
                           : parse_line(parser, r, line->text, &b->scratch, &replaced);
    if (n < 0)
        return n;
    m->lines_invalid_utf8_total += replaced;
    if (line->unterminated)
        r->flags |= RECORD_UNTERMINATED;
    int err = line->part > 0 ? add_part_fields(b, line, r) : 0;
    return err < 0 ? err : n;
}
