/* SPDX-License-Identifier: MIT
 *
 * cursor.c - "5f3a9c01.70001": the place of a record in everything this store has numbered, as
 * clients keep it.
 *
 * Threads: loop thread. Owns: nothing.
 */
#include "hub/publish.h"

#include <inttypes.h>
#include <stdio.h>

size_t hub_cursor(const struct hub *h, uint64_t id, char out[CURSOR_MAX])
{
    return (size_t)snprintf(out, CURSOR_MAX, "%08" PRIx32 ".%" PRIu64, h->numbers.epoch, id);
}

/* Exactly eight lower-case hex digits. */
static bool parse_epoch(struct str text, uint32_t *ret)
{
    uint32_t v = 0;

    if (text.n != 8)
        return false;
    for (size_t i = 0; i < 8; i++) {
        char c = text.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *ret = v;
    return true;
}

bool hub_cursor_parse(const struct hub *h, struct str text, uint64_t *ret_id, bool *ret_foreign)
{
    struct str id;
    struct str head = str_cut(text, '.', &id);
    uint32_t epoch = h->numbers.epoch;

    if (!id.p)
        id = head;
    else if (!parse_epoch(head, &epoch))
        return false;
    if (!str_to_u64(id, ret_id) || *ret_id >= UINT64_C(1) << 53)
        return false;
    *ret_foreign = epoch != h->numbers.epoch;
    return true;
}
