/* SPDX-License-Identifier: MIT
 *
 * list.h - an intrusive doubly linked ring.
 *
 * The links live inside the objects; a list head is a link that belongs to no object. A link that
 * is in no list points at itself, so removing it twice is harmless.
 *
 * Threads: one at a time for each list. Owns: nothing.
 */
#ifndef LM_BASE_LIST_H
#define LM_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

/* The object that holds `link` as its member. */
#define LIST_ITEM(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

#define LIST_FOR_EACH(at, head) for (struct list *at = (head)->next; at != (head); at = at->next)

/* `at` may be removed or freed inside the body. */
#define LIST_FOR_EACH_SAFE(at, head)                                                               \
    for (struct list *at = (head)->next, *at##_next = at->next; at != (head);                      \
         at = at##_next, at##_next = at->next)

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_push(struct list *head, struct list *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

static inline void list_remove(struct list *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

#endif
