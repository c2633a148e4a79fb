/* SPDX-License-Identifier: MIT
 *
 * unread.c - the list of those who hold much, and who has to go.
 */
#include "net/unread.h"

#include "base/err.h"

void unread_init(struct unread *u, size_t max)
{
    *u = (struct unread){.max = max};
    list_init(&u->holders);
}

void unread_holder_init(struct unread_holder *h, void (*give_up)(struct unread_holder *))
{
    *h = (struct unread_holder){.give_up = give_up};
    list_init(&h->link);
}

static void count(struct unread *u, struct unread_holder *h, size_t bytes)
{
    lm_assert(u->bytes >= h->bytes);
    u->bytes += bytes - h->bytes;
    h->bytes = bytes;
    list_remove(&h->link);
}

void unread_note(struct unread *u, struct unread_holder *h, size_t bytes)
{
    count(u, h, bytes > UNREAD_FREE ? bytes : 0);
    if (h->bytes == 0)
        return;
    list_push(&u->holders, &h->link);
    while (u->max && u->bytes > u->max && u->holders.next != &h->link) {
        struct unread_holder *first = LIST_ITEM(u->holders.next, struct unread_holder, link);
        count(u, first, 0);
        u->given_up++;
        first->give_up(first);
    }
}
