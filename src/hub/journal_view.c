/* SPDX-License-Identifier: MIT
 *
 * journal_view.c - reading what does not change any more.
 *
 * Threads: views are taken and dropped on the loop thread; walking one is safe anywhere.
 */
#include "hub/journal_impl.h"

#include <stdlib.h>

static void add_file(struct journal_view *v, struct jfile *f)
{
    f->refs++;
    v->files[v->count].file = f;
    v->files[v->count].used = f->used;
    v->files[v->count].first_id = f->first_id;
    v->files[v->count].end_id = f->end_id;
    v->count++;
}

/* Of no file yet, with room for all; NULL when memory is short. */
static struct journal_view *new_view(const struct journal *j)
{
    struct journal_view *v = malloc(sizeof *v + j->file_count * sizeof v->files[0]);

    if (v)
        v->count = 0;
    return v;
}

struct journal_view *journal_view_take(struct journal *j, uint64_t from_id)
{
    struct journal_view *v = new_view(j);

    LIST_FOR_EACH (link, &j->files) {
        struct jfile *f = LIST_ITEM(link, struct jfile, link);
        if (v && f->end_id > from_id)
            add_file(v, f);
    }
    return v;
}

struct journal_view *journal_view_sealed(struct journal *j)
{
    struct journal_view *v = new_view(j);

    LIST_FOR_EACH (link, &j->files) {
        struct jfile *f = LIST_ITEM(link, struct jfile, link);
        if (v && f->sealed)
            add_file(v, f);
    }
    return v;
}

struct journal_view *journal_take_full(struct journal *j)
{
    LIST_FOR_EACH (link, &j->files) {
        struct jfile *f = LIST_ITEM(link, struct jfile, link);
        if (f->sealed || f == j->current)
            continue;
        struct journal_view *v = malloc(sizeof *v + sizeof v->files[0]);
        if (v) {
            v->count = 0;
            add_file(v, f);
        }
        return v;
    }
    return NULL;
}

int64_t journal_view_arrival_us(const struct journal_view *v)
{
    for (uint32_t i = 0; i < v->count; i++)
        if (v->files[i].file->began_us)
            return v->files[i].file->began_us;
    return 0;
}

void journal_view_drop(struct journal *j, struct journal_view *v)
{
    (void)j;
    if (!v)
        return;
    for (uint32_t i = 0; i < v->count; i++)
        v->files[i].file->refs--;
    free(v);
}

struct journal_cursor journal_file_start(const struct journal_view *v, uint32_t i)
{
    return (struct journal_cursor){
        .view = v, .file = i, .at = JFILE_HEAD, .next_id = i < v->count ? v->files[i].first_id : 0};
}

struct journal_cursor journal_seek(const struct journal_view *v, uint64_t from_id)
{
    uint32_t i = 0;

    while (i < v->count && v->files[i].end_id <= from_id)
        i++;
    struct journal_cursor c = journal_file_start(v, i);
    struct journal_cursor next = c;
    struct jframe f;
    while (journal_next(&next, &f) && f.first_id + f.count <= from_id)
        c = next;
    return c;
}

enum wanted { WITH_RECORDS, OR_UNSTORED, ANY };

static bool is_wanted(const struct jframe *f, enum wanted w)
{
    return f->count > 0 || (w == OR_UNSTORED && f->unstored > 0) || w == ANY;
}

static bool next_in_file(struct journal_cursor *c, enum wanted wanted, struct jframe *ret)
{
    const struct journal_view *v = c->view;
    size_t skipped;

    while (c->file < v->count) {
        if (!jfile_next_frame(v->files[c->file].file, v->files[c->file].used, &c->at, &c->next_id,
                              ret, &skipped))
            return false;
        if (is_wanted(ret, wanted))
            return true;
    }
    return false;
}

bool journal_next_in_file(struct journal_cursor *c, struct jframe *ret)
{
    return next_in_file(c, WITH_RECORDS, ret);
}

static bool next(struct journal_cursor *c, enum wanted wanted, struct jframe *ret)
{
    while (c->file < c->view->count) {
        if (next_in_file(c, wanted, ret))
            return true;
        *c = journal_file_start(c->view, c->file + 1);
    }
    return false;
}

bool journal_next(struct journal_cursor *c, struct jframe *ret)
{
    return next(c, WITH_RECORDS, ret);
}

bool journal_next_or_unstored(struct journal_cursor *c, struct jframe *ret)
{
    return next(c, OR_UNSTORED, ret);
}

bool journal_next_any(struct journal_cursor *c, struct jframe *ret)
{
    return next(c, ANY, ret);
}

uint32_t journal_view_files(const struct journal_view *v)
{
    return v->count;
}

uint64_t journal_view_start(const struct journal_view *v)
{
    return v->count ? v->files[0].first_id : 0;
}

uint64_t journal_view_end(const struct journal_view *v)
{
    return v->count ? v->files[v->count - 1].end_id : 0;
}
