/* SPDX-License-Identifier: MIT
 *
 * tally_json.h - counts by level and first and last occurrences, as every answer writes them.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_API_TALLY_JSON_H
#define LM_API_TALLY_JSON_H

#include "store/query.h"

/* "2026-01-15T10:30:45.123456Z", with quotes. */
void tally_add_time(struct buf *out, int64_t time_us);
/* `,"levels":{"warn":3}`: only those that occur. */
void tally_add_levels(struct buf *out, const uint64_t levels[LEVEL_COUNT]);
uint64_t tally_sum(const uint64_t levels[LEVEL_COUNT]);
/* `"<name>":<text>,"count":…,"levels":{…},"first_id":…,"last_id":…,"first":…,"last":…` */
void tally_add_members(struct buf *out, const char *name, const struct query_tally *t);

/* At the front of an object: how many records the answer goes without, because they cannot be read,
 * and where: `"unread":120,"unread_at":[{"first_id":…,"last_id":…,"count":120}],`. Nothing when
 * there are none. */
void tally_add_unread(struct buf *object, const struct store_unread *unread);

#endif
