/* SPDX-License-Identifier: MIT
 *
 * view.h - a snapshot of everything that is stored, for queries, replay and downloads.
 *
 *     chunks, oldest first            journal
 *     [ 1 … 9000 ][ 9001 … 20000 ]    [ 20001 … 31000 ]
 *                                     ▲ journal_from: ids below are looked for in chunks, ids from
 *                                       here on in the journal
 *
 * A file of the journal stays for a while after it has been sealed; then both have its records, and
 * journal_from says which of them counts, so that no record is seen twice.
 *
 * Threads: taken and dropped on the loop thread; what is inside does not change and may be read on
 *          any thread.
 * Owns:    a reference to each chunk, to the files of the journal view and to the tombs.
 */
#ifndef LM_STORE_VIEW_H
#define LM_STORE_VIEW_H

#include "hub/journal.h"
#include "store/tomb.h"

struct chunk;
struct store;
struct unread;

struct store_view {
    struct chunk **chunks;
    uint32_t chunk_count;
    uint64_t journal_from;
    struct journal_view *journal;
    const struct tombs *tombs; /* what was cleared; NULL: nothing was */
    int64_t now_us;            /* wall clock: for the expiry of retention classes */
    struct unread *unread; /* readers note here what they cannot read, and go on; NULL: they fail */
};

/* What the readers of a view could not look at, because files are damaged. */
enum { UNREAD_PLACES_MAX = 64 };
struct store_unread {
    uint64_t records;
    uint32_t place_count; /* of the first places; there may be more */
    struct {
        uint64_t first_id, last_id; /* the records lie from here to there, among others */
        uint32_t records;
    } places[UNREAD_PLACES_MAX];
};

/* Everything stored that may have ids >= from_id. NULL: memory is short. */
struct store_view *store_view_take(struct store *s, uint64_t from_id) LM_MUST_CHECK;
/* What its readers could not look at so far. */
void store_view_unread(const struct store_view *v, struct store_unread *ret);
/* What readers could not read is said, each place once. NULL is fine. */
void store_view_drop(struct store *s, struct store_view *v);

#endif
