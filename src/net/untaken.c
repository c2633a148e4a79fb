/* SPDX-License-Identifier: MIT
 *
 * untaken.c - the list of those who hold much, and who has to go.
 */
#include "net/untaken.h"

#include "base/err.h"

void untaken_init(struct untaken *u, size_t max)
{
    *u = (struct untaken){.max = max};
    list_init(&u->holders);
}

void untaken_holder_init(struct untaken_holder *h, void (*give_up)(struct untaken_holder *))
{
    *h = (struct untaken_holder){.give_up = give_up};
    list_init(&h->link);
}

static void count(struct untaken *u, struct untaken_holder *h, size_t bytes)
{
    lm_assert(u->bytes >= h->bytes);
    u->bytes += bytes - h->bytes;
    h->bytes = bytes;
    list_remove(&h->link);
}

void untaken_note(struct untaken *u, struct untaken_holder *h, size_t bytes)
{
    count(u, h, bytes > UNTAKEN_FREE ? bytes : 0);
    if (h->bytes == 0)
        return;
    list_push(&u->holders, &h->link);
    while (u->max && u->bytes > u->max && u->holders.next != &h->link) {
        struct untaken_holder *first = LIST_ITEM(u->holders.next, struct untaken_holder, link);
        count(u, first, 0);
        u->given_up++;
        first->give_up(first);
    }
}
