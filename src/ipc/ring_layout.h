/* SPDX-License-Identifier: MIT
 *
 * ring_layout.h - the file through which a program's log records reach the hub
 * (docs/ipc-protocol.md, "Ring files"). The numbers are fixed.
 *
 *     0        what it is; written once           1024  head, dropped: the writer's
 *     512      source                             2048  tail, wake: the hub's
 *     4096 …   data: records, one behind the other, around and around
 *
 * head and tail are counts of bytes since the beginning; a byte's place is its count mod data size.
 * A record never crosses the end of the data: a pad fills what is left.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_IPC_RING_LAYOUT_H
#define LM_IPC_RING_LAYOUT_H

#include "ipc/frame.h"

enum {
    RING_MAGIC = 0x47524d4c, /* "LMRG" */
    RING_VERSION = 1,
    RING_SOURCE_AT = 512,
    RING_SOURCE_MAX = 256,
    RING_HEAD_AT = 1024,
    RING_DROPPED_AT = 1032,
    RING_TAIL_AT = 2048,
    RING_WAKE_AT = 2056,
    RING_DATA_AT = 4096,
    RING_DATA_MIN = 64 * 1024,
    RING_DATA_MAX = 1024 * 1024 * 1024,
    RING_RECORD_HEAD = 24,
    RING_LABELS_MAX = 8 * 1024, /* bytes of the labels of one record */
    RING_TEXT_MAX = 1024 * 1024,
    RING_PAD = 1, /* flag: no record, only what was left before the end */
};

/* The first bytes of the file, little-endian as everything. */
struct ring_head {
    uint32_t magic;
    uint16_t version, source_n;
    uint64_t data_n; /* a power of two */
    uint8_t run[FRAME_RUN_ID];
    int32_t pid;
    uint32_t reserved;
    int64_t started_us;
};
_Static_assert(sizeof(struct ring_head) == 48, "the head of a ring file is fixed");

/* In front of each record. Labels are { u16 name_n, u16 value_n, name, value }, one behind the
 * other; then the message, then the fields (one JSON object or nothing). */
struct ring_record {
    uint32_t size; /* with this head, a multiple of 8 */
    uint8_t level, flags;
    uint16_t labels_n;
    uint32_t message_n, fields_n;
    int64_t time_us;
};
_Static_assert(sizeof(struct ring_record) == RING_RECORD_HEAD, "the head of a record is fixed");

static inline uint64_t ring_record_size(uint64_t labels_n, uint64_t message_n, uint64_t fields_n)
{
    return (RING_RECORD_HEAD + labels_n + message_n + fields_n + 7) & ~UINT64_C(7);
}

#endif
