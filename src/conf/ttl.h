/* SPDX-License-Identifier: MIT
 *
 * ttl.h - how long one record is kept, when it is less than the rest: retention classes.
 *
 * Whoever sends a record may say how long it is to be kept, `"ttl": "7d"`. Records are not thrown
 * away one by one: those of one class lie beside each other on the disk and go together. So the
 * record gets the smallest class that is not shorter, and none at all beyond the largest.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_CONF_TTL_H
#define LM_CONF_TTL_H

#include "base/buf.h"

enum { TTL_CLASSES_MAX = 8 };

struct ttl_classes {
    uint16_t hours[TTL_CLASSES_MAX]; /* rising */
    uint32_t count;
};

/* "1h,1d,7d": 1 to TTL_CLASSES_MAX durations in whole hours, each longer than the one before.
 * False: it is not that, *ret is untouched. */
bool ttl_classes_parse(struct str text, struct ttl_classes *ret);
void ttl_classes_write(const struct ttl_classes *c, struct buf *b);

/* The class of a record that is to be kept for as long as `text` says, 30m or 7d; 0: no class is as
 * long, it stays as long as the others. False: it is no duration, or none at all. */
bool ttl_class_of(const struct ttl_classes *c, struct str text, uint16_t *ret_hours);

#endif
