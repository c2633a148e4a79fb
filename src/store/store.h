/* SPDX-License-Identifier: MIT
 *
 * store.h - the history: what is sealed on disk, and what is still in the journal.
 *
 *     store_open      before the hub: reads what is there
 *     hub_open
 *     store_attach    the hub's journal stands behind the chunks
 *     store_view_take, store_view_drop (view.h)
 *     store_close     before hub_close
 *
 * Threads: loop thread.
 * Owns:    nothing yet but what views hold.
 */
#ifndef LM_STORE_STORE_H
#define LM_STORE_STORE_H

#include "hub/publish.h"
#include "store/view.h"

struct store_opts {
    struct loop *loop;
    const char *state_dir;
};

/* Reads what is there. info gets the sentence when it cannot. */
int store_open(struct store **ret, const struct store_opts *opts,
               struct errinfo *info) LM_MUST_CHECK;
/* From here on views reach into the hub's journal. */
int store_attach(struct store *s, struct hub *hub) LM_MUST_CHECK;
/* The loop has ended and every view was dropped. NULL is fine. */
void store_close(struct store *s);

#endif
