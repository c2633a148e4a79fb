/* SPDX-License-Identifier: MIT
 *
 * arena.c - a chain of blocks, newest first; a block serves until it is full.
 */
#include "base/arena.h"

#include <stdlib.h>

enum { BLOCK_SIZE = 16 * 1024 };

struct arena_block {
    struct arena_block *older;
    size_t size, used;
    _Alignas(max_align_t) char bytes[];
};

void *arena_alloc(struct arena *a, size_t n)
{
    size_t need = (n + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
    struct arena_block *b = a->blocks;

    if (need < n || need > SIZE_MAX - sizeof *b)
        return NULL;
    if (!b || b->size - b->used < need) {
        size_t size = need > BLOCK_SIZE ? need : BLOCK_SIZE;
        b = malloc(sizeof *b + size);
        if (!b)
            return NULL;
        *b = (struct arena_block){.older = a->blocks, .size = size};
        a->blocks = b;
    }
    void *p = b->bytes + b->used;
    b->used += need;
    a->used += need;
    return p;
}

struct str arena_copy(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    if (!p)
        return STR_NONE;
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return str_of(p, s.n);
}

void arena_reset(struct arena *a)
{
    while (a->blocks && (a->blocks->older || a->blocks->size > BLOCK_SIZE)) {
        struct arena_block *b = a->blocks;
        a->blocks = b->older;
        free(b);
    }
    if (a->blocks)
        a->blocks->used = 0;
    a->used = 0;
}

void arena_fini(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *b = a->blocks;
        a->blocks = b->older;
        free(b);
    }
    a->used = 0;
}
