/* SPDX-License-Identifier: MIT
 *
 * pages.c - pages of one size, larger ones for frames that need it.
 */
#include "stream/pages.h"

#include <stdlib.h>

struct page *page_new(struct page_pool *pool, uint32_t n, uint32_t records)
{
    uint32_t need = ((n + 15) & ~15u) + records * (uint32_t)sizeof(struct page_entry);
    uint32_t size = need > PAGE_SIZE ? need : PAGE_SIZE;
    struct page *p = malloc(sizeof *p + size);

    if (!p)
        return NULL;
    *p = (struct page){.size = size};
    pool->used += size;
    return p;
}

void page_free(struct page_pool *pool, struct page *p)
{
    pool->used -= p->size;
    free(p);
}
