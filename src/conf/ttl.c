/* SPDX-License-Identifier: MIT
 *
 * ttl.c - the list of classes, and the choice of one.
 */
#include "conf/ttl.h"

#include "conf/units.h"

#define HOUR_MS UINT64_C(3600000)

/* One class, longer than `before`. */
static bool parse_class(struct str text, uint16_t before, uint16_t *ret_hours)
{
    uint64_t ms;

    if (!duration_parse(text, &ms) || ms % HOUR_MS != 0 || ms / HOUR_MS > UINT16_MAX ||
        ms / HOUR_MS <= before)
        return false;
    *ret_hours = (uint16_t)(ms / HOUR_MS);
    return true;
}

bool ttl_classes_parse(struct str text, struct ttl_classes *ret)
{
    struct ttl_classes c = {.count = 0};
    uint16_t before = 0;

    for (struct str rest = text; rest.p; c.count++) {
        struct str item = str_trim(str_cut(rest, ',', &rest));
        if (c.count == TTL_CLASSES_MAX || !parse_class(item, before, &before))
            return false;
        c.hours[c.count] = before;
    }
    if (c.count == 0)
        return false;
    *ret = c;
    return true;
}

void ttl_classes_write(const struct ttl_classes *c, struct buf *b)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (i > 0)
            buf_add_char(b, ',');
        duration_write(b, c->hours[i] * HOUR_MS);
    }
}

bool ttl_class_of(const struct ttl_classes *c, struct str text, uint16_t *ret_hours)
{
    uint16_t hours = 0;
    uint64_t ms;

    if (!duration_parse(text, &ms) || ms == 0)
        return false;
    for (uint32_t i = c->count; i-- > 0 && c->hours[i] * HOUR_MS >= ms;)
        hours = c->hours[i];
    *ret_hours = hours;
    return true;
}
