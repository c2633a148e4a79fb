/* SPDX-License-Identifier: MIT
 *
 * arena.h - scratch memory that is given back all at once.
 *
 * Pointers stay valid until arena_reset() or arena_fini(). A zeroed struct is an empty arena.
 *
 * Threads: one at a time. Owns: every block it handed out.
 */
#ifndef LM_BASE_ARENA_H
#define LM_BASE_ARENA_H

#include "base/err.h"
#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t used; /* bytes handed out since the last reset */
};

/* n bytes aligned for any type, not cleared; NULL when memory is short. */
void *arena_alloc(struct arena *a, size_t n) LM_MUST_CHECK;

/* A zero-terminated copy; its n excludes the terminator. p is NULL when memory is short. */
struct str arena_copy(struct arena *a, struct str s) LM_MUST_CHECK;

/* Everything handed out becomes invalid; one block is kept for the next round. */
void arena_reset(struct arena *a);
void arena_fini(struct arena *a);

#endif
