/* SPDX-License-Identifier: MIT
 *
 * chunk_format.h - where everything lies in a chunk and in its idx record (docs/store-format.md).
 *
 * The offsets below are the format. They are written out rather than left to a compiler's idea of a
 * struct, and a test compares them with the tables of the document.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_STORE_CHUNK_FORMAT_H
#define LM_STORE_CHUNK_FORMAT_H

#include "base/buf.h"

#include <xxhash.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "integers of the store are copied as they lie in memory");

#define CHUNK_MAGIC STR("LMCHNK1\n")
#define INDEX_MAGIC STR("LMINDX1\n")
enum {
    MAGIC_FAMILY_N = 6
}; /* what every version begins with; all of them keep the head and its check */

/* Head of a chunk. */
enum {
    CHUNK_COMPATIBLE = 8,
    CHUNK_INCOMPATIBLE = 12,
    CHUNK_SIZE = 16,
    CHUNK_META_N = 20,
    CHUNK_META_CHECK = 24,
    CHUNK_FIRST_ID = 32,
    CHUNK_END_ID = 40,
    CHUNK_EPOCH = 48,
    CHUNK_CHECK = 56,
    CHUNK_HEAD = 64,
};

/* Head of an idx record, CHUNK_IDX_HEAD bytes. */
enum {
    INDEX_COMPATIBLE = 8,
    INDEX_INCOMPATIBLE = 12,
    INDEX_SIZE = 16,
    INDEX_EPOCH = 20,
    INDEX_SEG_AT = 24,
    INDEX_SEG_N = 32,
    INDEX_META_N = 36,
    INDEX_LABELS_N = 40,
    INDEX_POSITIONS_N = 44,
    INDEX_GRAMS_N = 48,
    INDEX_BLOOMS_N = 52,
    INDEX_FIRST_ID = 56,
    INDEX_END_ID = 64,
    INDEX_META_CHECK = 72,
    INDEX_LABELS_CHECK = 80,
    INDEX_POSITIONS_CHECK = 88,
    INDEX_GRAMS_CHECK = 96,
    INDEX_BLOOMS_CHECK = 104,
    INDEX_CHECK = 120,
    INDEX_HEAD = 128,
};

/* Meta: head, then columns, then blocks. */
enum {
    META_FIRST_ID = 0,
    META_END_ID = 8,
    META_MIN_TIME = 16,
    META_MAX_TIME = 24,
    META_MIN_ARRIVAL = 32,
    META_MAX_ARRIVAL = 40,
    META_RAW_N = 48,
    META_COUNT = 56,
    META_SET_COUNT = 60,
    META_BLOCK_COUNT = 64,
    META_COLUMN_COUNT = 68,
    META_LEVELS = 72, /* 8 × u32 */
    META_FLAGS = 104,
    META_HEAD = 112,
};

enum {
    META_LEADING_CONT = 1, /* a stream of a label set begins with a record marked `cont` */
    META_CLASSES = 2,      /* some records have a retention class */
};

enum column_kind {
    COLUMN_IDS = 1,
    COLUMN_TIMES = 2,
    COLUMN_KINDS = 3,
    COLUMN_FLAGS = 4,
    COLUMN_SETS = 5,
    COLUMN_SET_TABLE = 6,
    COLUMN_COUNTS = 7,
    COLUMN_MINUTES = 8,
    COLUMN_UNSTORED = 9,
    COLUMN_KIND_END = 10,
};

enum {
    COLUMN_KIND = 0,
    COLUMN_CODEC = 2,
    COLUMN_AT = 4,
    COLUMN_DISK_N = 8,
    COLUMN_RAW_N = 12,
    COLUMN_CHECK = 16,
    COLUMN_ARG = 24,
    COLUMN_SIZE = 32,
};

enum {
    BLOCK_AT = 0,
    BLOCK_TEXT_N = 4,
    BLOCK_TEXT_RAW_N = 8,
    BLOCK_FIELDS_N = 12,
    BLOCK_FIELDS_RAW_N = 16,
    BLOCK_ROWS = 20,
    BLOCK_CLASS = 24,
    BLOCK_TEXT_CODEC = 26,
    BLOCK_FIELDS_CODEC = 27,
    BLOCK_LEVELS = 28,
    BLOCK_STREAMS = 29,
    BLOCK_FLAGS = 30,
    BLOCK_TEXT_CHECK = 32,
    BLOCK_FIELDS_CHECK = 40,
    BLOCK_MIN_TIME = 48,
    BLOCK_MAX_TIME = 56,
    BLOCK_FIRST_SET = 64,
    BLOCK_LAST_SET = 68,
    BLOCK_LONGEST = 72,
    BLOCK_SIZE = 80,
};

enum {
    BLOCK_LENGTHS = 1,   /* the texts begin with their lengths, because one has a line feed in it */
    BLOCK_COLOURS = 2,   /* a message has an escape byte */
    BLOCK_BACKSLASH = 4, /* the fields of a record have a backslash */
};

/* An entry of the directory of blooms: u32 offset within the bits, u32 bytes, u64 check. */
enum { BLOOM_ENTRY = 16 };
#define BLOOM_UNKNOWN UINT32_MAX /* as an offset: the block may have anything */

enum codec { CODEC_RAW = 0, CODEC_ZSTD = 1 };

/* Level, stream and the lower three flags of a record in a byte. */
enum { KIND_STREAM = 3, KIND_FLAGS = 5 };

_Static_assert(CHUNK_HEAD == 64 && META_HEAD == 112 && COLUMN_SIZE == 32 && BLOCK_SIZE == 80 &&
                   INDEX_HEAD == 128,
               "sizes are part of the format");

/* Limits a reader insists on, so that damage cannot make it allocate the moon. */
enum {
    CHUNK_BYTES_MAX = 64 * 1024 * 1024,
    CHUNK_ROWS_MAX = 4 * 1024 * 1024,
    BLOCK_RAW_MAX = 16 * 1024 * 1024,
    MINUTES_MAX = 4096, /* beyond it there is no table of minutes */
};

#define MINUTE_US INT64_C(60000000)

static inline size_t format_pad8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static inline uint16_t format_u16(const char *at)
{
    uint16_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static inline uint32_t format_u32(const char *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static inline uint64_t format_u64(const char *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static inline void format_put16(char *at, uint16_t v)
{
    memcpy(at, &v, sizeof v);
}

static inline void format_put32(char *at, uint32_t v)
{
    memcpy(at, &v, sizeof v);
}

static inline void format_put64(char *at, uint64_t v)
{
    memcpy(at, &v, sizeof v);
}

static inline uint64_t format_check(const void *p, size_t n)
{
    return XXH3_64bits(p, n);
}

/* A head whose check lies at `check_at` and covers what is before it: 0; -LM_E_VERSION: of another
 * version, or with flags that nobody knows; -LM_E_DAMAGED. */
static inline int format_check_head(const char *head, struct str magic, size_t check_at,
                                    size_t incompatible_at)
{
    if (memcmp(head, magic.p, MAGIC_FAMILY_N) != 0 ||
        format_check(head, check_at) != format_u64(head + check_at))
        return -LM_E_DAMAGED;
    bool same = memcmp(head, magic.p, magic.n) == 0 && format_u32(head + incompatible_at) == 0;
    return same ? 0 : -LM_E_VERSION;
}

/* Zeros to a multiple of 8. */
static inline void format_pad(struct buf *b)
{
    static const char zeros[8];
    buf_add(b, zeros, format_pad8(b->n) - b->n);
}

/* --- numbers of 1 to 10 bytes: seven bits each, the lowest first --- */

static inline char *format_put_varint(char *at, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *at++ = (char)(v | 0x80);
    *at++ = (char)v;
    return at;
}

static inline void format_add_varint(struct buf *b, uint64_t v)
{
    char bytes[10];
    buf_add(b, bytes, (size_t)(format_put_varint(bytes, v) - bytes));
}

/* False at the end of the bytes or when it does not fit 64 bits. */
static inline bool format_varint(struct str *s, uint64_t *ret)
{
    uint64_t v = 0;

    for (unsigned shift = 0; s->n && shift < 64; shift += 7) {
        unsigned char c = (unsigned char)*s->p++;
        s->n--;
        v |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) {
            *ret = v;
            return shift < 63 || c < 2;
        }
    }
    return false;
}

static inline uint64_t format_zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static inline int64_t format_unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1 ^ (~(v & 1) + 1));
}

#endif
