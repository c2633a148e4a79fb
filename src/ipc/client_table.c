/* SPDX-License-Identifier: MIT
 *
 * client_table.c - the open calls of a client.
 */
#include "ipc/client_impl.h"

#include <errno.h>
#include <stdlib.h>

enum { TABLE_FIRST = 64, TABLE_MAX = 1 << 20 };

static struct pending *place(const struct lm_client *c, uint64_t request)
{
    return &c->table[request & (c->size - 1)];
}

/* Twice the size: no two calls that had different places get the same one. */
static bool grow(struct lm_client *c)
{
    uint32_t size = c->size ? 2 * c->size : TABLE_FIRST;
    struct pending *table = size <= TABLE_MAX ? calloc(size, sizeof *table) : NULL;

    if (!table)
        return false;
    for (uint32_t i = 0; i < c->size; i++)
        if (c->table[i].request)
            table[c->table[i].request & (size - 1)] = c->table[i];
    free(c->table);
    c->table = table;
    c->size = size;
    return true;
}

struct pending *pending_add(struct lm_client *c)
{
    if (2 * c->count >= c->size && !grow(c) && c->count >= c->size)
        return NULL;
    uint64_t request = c->last_request + 1;
    while (place(c, request)->request)
        request++;
    struct pending *p = place(c, request);
    *p = (struct pending){.request = request};
    c->last_request = request;
    c->count++;
    return p;
}

struct pending *pending_find(const struct lm_client *c, uint64_t request)
{
    if (!c->size || !request)
        return NULL;
    struct pending *p = place(c, request);
    return p->request == request ? p : NULL;
}

void pending_remove(struct lm_client *c, struct pending *p)
{
    free(p->again);
    *p = (struct pending){0};
    c->count--;
}

void pending_fail(struct lm_client *c, struct pending *p, enum lm_code code, const char *message)
{
    struct pending gone = *p;
    struct lm_answer answer = {.code = code, .message = lm_str(message), .request = p->request};

    gone.again = NULL;
    pending_remove(c, p);
    if (c->waiting_call && c->answer_request == gone.request) {
        *c->answer = answer;
        c->answered = true;
    } else if (gone.on_answer) {
        gone.on_answer(c, &answer, gone.ctx);
    }
}
