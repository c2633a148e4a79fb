/* SPDX-License-Identifier: MIT
 *
 * jframe.h - one journal frame: a batch as bytes (docs/journal-format.md, "Frame").
 *
 *     head 56 │ key, position │ label sets │ record heads 24 each │ texts │ zeros to 8
 *
 * jframe_measure() measures a batch, jframe_write() copies it in. jframe_check() looks at bytes and
 * gives a view; a jframe_reader walks the records of a view. What does not hold is refused as a
 * whole: nothing torn is ever handed out.
 *
 * Threads: any. Owns: a reader holds references to the label sets of its frame.
 */
#ifndef LM_HUB_JFRAME_H
#define LM_HUB_JFRAME_H

#include "record/record.h"

enum { JFRAME_HEAD = 56, JFRAME_RECORD = 24, JFRAME_MAGIC = 0x4d524652 };

/* A checked frame. Views point into the bytes given to jframe_check(). */
struct jframe {
    uint32_t length;
    uint64_t first_id;
    uint32_t count;
    uint32_t unstored; /* ids right before first_id that are not stored on purpose */
    uint32_t set_count;
    int64_t arrival_us;
    struct origin origin;
    struct position position;
    struct str sets;
    struct str heads;
    struct str texts;
};

/* Was it written before the record with this id? One without records stands before its first_id. */
static inline bool jframe_is_below(const struct jframe *f, uint64_t id)
{
    return f->count > 0 ? f->first_id + f->count <= id : f->first_id < id;
}

/* Bytes the batch takes as a frame. Of a batch that is not to be stored only its origin, its
 * position, its label sets and its ids remain: a frame without records whose first_id is the one
 * behind them. */
struct jframe_layout {
    uint32_t length, count, unstored, set_count, sets_n, texts_n;
};
void jframe_measure(const struct batch *b, struct jframe_layout *ret);

/* Writes b (with b->first_id set) to `at`, which has room for layout->length bytes, except for its
 * first 8 bytes, length and magic, which stay 0: jframe_commit() stores them at once and so makes
 * the frame exist. The 8 bytes after the frame are cleared when `clear_next`. `seed` is the secret
 * of the file: without it nobody can make up bytes that pass for a frame. */
void jframe_write(char *at, const struct batch *b, const struct jframe_layout *layout,
                  uint64_t seed, bool clear_next);
/* A copy of a whole frame of another file, for one with this seed. It exists at once. */
void jframe_copy(char *at, const char *frame, uint32_t length, uint64_t seed, bool clear_next);
void jframe_commit(char *at, const struct jframe_layout *layout);

/* Looks for a valid frame at the start of `bytes`. Returns 1, 0 when nothing was written here
 * (length 0 or fewer than 8 bytes left), or -LM_E_DAMAGED. */
int jframe_check(struct str bytes, uint64_t seed, struct jframe *ret) LM_MUST_CHECK;
/* Is there a frame whose length is 0 and that holds otherwise, its magic included? It was committed
 * and has lost its length since. */
bool jframe_lost_length(struct str bytes, uint64_t seed);

/* Walks the records of one checked frame. */
struct jframe_reader {
    struct jframe frame;
    bool open;
    struct label_table *table;
    struct labels **sets; /* made when first asked for */
    uint32_t sets_cap;
    uint32_t at; /* record next handed out */
    size_t text_at;
};

/* A zeroed reader may be opened again and again; it keeps its array. -ENOMEM, -LM_E_DAMAGED. */
int jframe_open(struct jframe_reader *r, const struct jframe *f,
                struct label_table *t) LM_MUST_CHECK;
/* The next record, or false at the end. Its labels are borrowed from the reader. */
bool jframe_next(struct jframe_reader *r, struct record *ret);
/* Releases the sets of the frame; jframe_close() also the array. */
void jframe_release(struct jframe_reader *r);
void jframe_close(struct jframe_reader *r);

#endif
