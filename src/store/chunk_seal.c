/* SPDX-License-Identifier: MIT
 *
 * chunk_seal.c - where rows come from: a file of the journal, or an older chunk.
 */
#include "store/chunk_seal.h"

#include "store/seal_image.h"

#include <errno.h>

/* --- from the journal --- */

static bool expired(const struct chunk_seal_opts *opts, uint16_t class, int64_t arrival_us)
{
    return class && opts->now_us && opts->now_us - arrival_us > chunk_class_ttl_us(class);
}

static int add_unstored(struct seal_rows *rows, const struct jframe_reader *reader)
{
    const struct jframe *f = &reader->frame;
    const struct chunk_hole hole = {.first_id = f->first_id - f->unstored,
                                    .end_id = f->first_id,
                                    .reason = HOLE_UNSTORED,
                                    .sets = reader->sets,
                                    .set_count = f->set_count};

    return f->unstored && hole.first_id < hole.end_id ? seal_rows_add_hole(rows, &hole) : 0;
}

static int add_frame(struct seal_rows *rows, struct jframe_reader *reader, const struct jframe *f,
                     const struct chunk_seal_opts *opts)
{
    struct record r;
    int err = jframe_open(reader, f, &rows->table);

    if (err == 0)
        err = add_unstored(rows, reader);
    while (err == 0 && jframe_next(reader, &r)) {
        const struct chunk_hole hole = {r.id, r.id + 1, HOLE_CLEARED, NULL, 0};
        err = expired(opts, r.class, f->arrival_us)
                  ? seal_rows_add_hole(rows, &hole)
                  : seal_rows_add(rows, &r, r.class, f->arrival_us);
    }
    return err == -LM_E_DAMAGED ? 0 : err; /* its ids will be missing, as they are in the journal */
}

static int add_file(struct seal_rows *rows, struct jframe_reader *reader,
                    const struct journal_view *v, uint32_t file, const struct chunk_seal_opts *opts)
{
    struct journal_cursor c = journal_file_start(v, file);
    struct jframe f;
    int err = 0;

    rows->first_id = rows->end_id = c.next_id;
    while (err == 0 && journal_next_or_unstored(&c, &f) && c.file == file) {
        err = add_frame(rows, reader, &f, opts);
        rows->end_id = f.first_id + f.count;
        if (err == 0 && opts->cancel && atomic_load_explicit(opts->cancel, memory_order_relaxed))
            err = -ECANCELED;
    }
    return err;
}

int chunk_seal(const struct journal_view *v, uint32_t file, const struct chunk_seal_opts *opts,
               struct chunk_image *ret)
{
    struct seal_rows rows = {.tombs = opts->tombs};
    struct jframe_reader reader = {0};
    int err;

    *ret = (struct chunk_image){0};
    err = add_file(&rows, &reader, v, file, opts);
    if (err == 0)
        err = seal_image(&rows, opts, ret);
    jframe_close(&reader);
    seal_rows_fini(&rows);
    return err;
}
