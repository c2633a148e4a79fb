/* SPDX-License-Identifier: MIT
 *
 * query_part.h - one piece of the history, a chunk or a file of the journal, behind one face.
 *
 * A row is a number that rises with the id. part_find() says which rows match, part_emit() shows
 * them.
 *
 * Threads: a searcher belongs to one thread; parts do not change.
 * Owns:    a searcher owns what it has read.
 */
#ifndef LM_STORE_QUERY_PART_H
#define LM_STORE_QUERY_PART_H

#include "store/chunk_emit.h"
#include "store/chunk_find.h"
#include "store/query.h"

struct part {
    struct chunk *chunk; /* NULL: a file of the journal */
    uint32_t file;
    uint64_t records; /* about, of a file of the journal */
};

struct searcher {
    const struct store_view *view;
    const struct plan *plan;
    struct find_range range;         /* of the query */
    struct find_range journal_range; /* the same without ids that chunks have */
    struct finder finder;
    struct jframe_reader frames;
    struct label_table table;     /* of the frames */
    const struct labels *decided; /* the set that `verdict` and `dead_to` are about; NULL: none */
    struct filter_verdict verdict;
    uint64_t dead_to;
    int64_t arrival_us; /* of the open frame */
};

/* The parts of a view that the query may touch, oldest first. *ret is to be freed. -ENOMEM. */
int parts_of(const struct store_view *v, const struct query *q, struct part **ret,
             uint32_t *ret_count) LM_MUST_CHECK;

void searcher_init(struct searcher *s, const struct store_view *v, const struct query *q,
                   const struct plan *plan, int64_t end_us);
void searcher_fini(struct searcher *s);

/* As find_rows(). What cannot be read is noted in the view, and nothing found there. */
int part_find(struct searcher *s, const struct part *p, bool count_only,
              struct found *ret) LM_MUST_CHECK;
/* What becomes of an error that came from columns of this part: 0 when it is damage, which is
 * noted. */
int part_pass(struct searcher *s, const struct part *p, int err) LM_MUST_CHECK;

/* Shows the found rows from the skip-th on, at most `limit`, oldest or newest first. `texts`: with
 * their messages and fields. What emit returns, when it is not 0, and what part_find() does.
 * *ret_emitted is counted up. */
struct part_window {
    uint64_t skip;
    uint32_t limit;
    enum query_order order;
    bool texts;
};
int part_emit(struct searcher *s, const struct part *p, const struct found *f,
              const struct part_window *w, query_emit_fn *emit, void *ctx,
              uint32_t *ret_emitted) LM_MUST_CHECK;

/* --- query_journal.c --- */
int journal_find(struct searcher *s, uint32_t file, struct found *ret) LM_MUST_CHECK;
int journal_emit(struct searcher *s, uint32_t file, const struct found *f,
                 const struct part_window *w, query_emit_fn *emit, void *ctx,
                 uint32_t *ret_emitted) LM_MUST_CHECK;

#endif
