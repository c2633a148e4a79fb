/* SPDX-License-Identifier: MIT
 *
 * jframe_fuzz.c - arbitrary bytes as the frames of a journal file.
 *
 * Bytes whose check holds are rare by chance, so every place that looks like a frame gets a right
 * check first: what is tested is the sense that is made of them. Whatever is taken lies inside the
 * file, ids only rise, and all records of a frame lie inside it.
 */
#include "hub/journal_impl.h"

#include <stdlib.h>
#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED = 4711, INPUT_MAX_BYTES = 1 << 20 };

static void make_checks_right(char *bytes, size_t n)
{
    for (size_t at = 0; at + JFRAME_HEAD <= n; at += 8) {
        uint32_t length, magic;
        memcpy(&length, bytes + at, 4);
        memcpy(&magic, bytes + at + 4, 4);
        if (magic != JFRAME_MAGIC || length > n - at || length < JFRAME_HEAD)
            continue;
        uint64_t check = XXH3_64bits_withSeed(bytes + at + 16, length - 16, SEED);
        memcpy(bytes + at + 8, &check, 8);
    }
}

static void read_records(const struct jframe *f, const char *bytes, size_t n)
{
    static struct label_table table;
    struct jframe_reader reader = {0};
    uint64_t next_id = f->first_id;
    struct record r;

    if (jframe_open(&reader, f, &table) == 0)
        while (jframe_next(&reader, &r)) {
            lm_assert(r.id == next_id++ && r.labels->count > 0);
            lm_assert(r.message.p >= bytes && r.fields.p + r.fields.n <= bytes + n);
        }
    lm_assert(next_id - f->first_id <= f->count);
    jframe_close(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jfile file = {.seed = SEED, .fd = -1};
    size_t at = 0, skipped;
    uint64_t next_id = 0, before = 0;
    struct jframe f;

    size &= ~(size_t)7;
    if (size == 0 || size > INPUT_MAX_BYTES || !(file.map = malloc(size)))
        return 0;
    memcpy(file.map, data, size);
    make_checks_right(file.map, size);
    file.size = size;
    for (size_t last = 0; jfile_next_frame(&file, size, &at, &next_id, &f, &skipped); last = at) {
        lm_assert(at <= size && at == last + skipped + f.length);
        lm_assert(f.first_id >= before && next_id == f.first_id + f.count);
        before = next_id;
        read_records(&f, file.map, size);
    }
    (void)!jframe_lost_length(str_of(file.map, size), SEED);
    free(file.map);
    return 0;
}
