/* SPDX-License-Identifier: MIT
 *
 * keeper_lines.c - the one place where a keeper looks into what its child writes, and only when
 * asked.
 */
#include "proc/keeper_lines.h"

#include "base/clock.h"
#include "ipc/frame.h"
#include "record/show.h"
#include "record/utf8.h"

void keeper_lines_fini(struct keeper_lines *l)
{
    for (int i = 0; i < 2; i++)
        line_fini(&l->splitters[i]);
    buf_fini(&l->clean);
    buf_fini(&l->out);
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "[error] ...", "WARNING: ...", "<info> ..." and "ERROR ...": the word in front, if it stands
 * there like a level. */
static enum level level_in_front(struct str text, enum level otherwise)
{
    size_t from = 0, to;

    while (from < text.n && strchr(" \t[(<", text.p[from]))
        from++;
    for (to = from; to < text.n && is_letter(text.p[to]);)
        to++;
    bool marked = to < text.n && strchr(":])>", text.p[to]);
    bool upper = to > from && text.p[from] < 'a' && text.p[to - 1] < 'a';
    enum level level =
        marked || upper ? level_from_text(str_of(text.p + from, to - from)) : LEVEL_NONE;
    return level == LEVEL_NONE ? otherwise : level;
}

static int add_line(struct keeper_lines *l, uint32_t stream, struct str text)
{
    enum level otherwise = stream == FRAME_STDERR ? LEVEL_ERROR : LEVEL_INFO;

    buf_clear(&l->clean);
    utf8_add_clean(&l->clean, text);
    enum level level = level_in_front(buf_str(&l->clean), otherwise);
    show_line(&l->out, clock_wall_us(), level, STR_NONE, buf_str(&l->clean), SHOW_PLAIN);
    return buf_error(&l->clean) < 0 ? buf_error(&l->clean) : buf_error(&l->out);
}

enum file_event keeper_lines_write(struct keeper_lines *l, struct keeper_file *f, uint32_t stream,
                                   struct str bytes, bool last, int64_t now_us,
                                   struct errinfo *info)
{
    struct line_splitter *splitter = &l->splitters[stream - 1];
    size_t n = bytes.n;
    struct line line;
    int rc;

    while ((rc = line_next(splitter, &bytes, &line)) > 0)
        if ((rc = add_line(l, stream, line.text)) < 0)
            break;
    if (rc >= 0 && last && (rc = line_finish(splitter, &line)) > 0)
        rc = add_line(l, stream, line.text);
    enum file_event event = FILE_OK;
    if (rc < 0)
        f->missing += n;
    else if (l->out.n > 0)
        event = file_write(f, stream, buf_str(&l->out), now_us, info);
    buf_clear(&l->out);
    return event;
}
