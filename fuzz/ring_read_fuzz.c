/* SPDX-License-Identifier: MIT
 *
 * ring_read_fuzz.c - a ring file of a hostile program. The input is the first bytes of the data;
 * its own first 12 bytes say head, tail and where in the data it lies. What must hold: texts are
 * text, the position never moves back, reading ends.
 */
#include "source/ring_read.h"

#include "record/json.h"
#include "record/utf8.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t last;

static int publish(void *hub, struct batch *b)
{
    struct run_position now = run_position_decode(&b->position);

    (void)hub;
    lm_assert(now.stdout_n >= last);
    last = now.stdout_n;
    for (uint32_t i = 0; i < b->count; i++) {
        const struct record *r = &b->records[i];
        lm_assert(utf8_valid_prefix(r->message) == r->message.n);
        lm_assert(utf8_valid_prefix(r->labels->json) == r->labels->json.n);
        lm_assert(!r->fields.n || json_valid(r->fields));
        lm_assert(r->level > LEVEL_NONE && r->level < LEVEL_COUNT);
    }
    b->first_id = 1;
    return 0;
}

static const struct position *position(void *hub, const struct origin *o)
{
    (void)hub;
    (void)o;
    return NULL;
}

static uint64_t next_id(void *hub)
{
    (void)hub;
    return 1;
}

static void write_file(int fd, const uint8_t *data, size_t size)
{
    struct ring_head head = {
        .magic = RING_MAGIC, .version = RING_VERSION, .source_n = 4, .data_n = RING_DATA_MIN};
    uint32_t words[3];
    memcpy(words, data, sizeof words);
    uint64_t place = words[2] % RING_DATA_MIN & ~7u, tail = words[1];
    tail = (tail & ~(uint64_t)(RING_DATA_MIN - 1)) + place;
    uint64_t to = tail + words[0] % (RING_DATA_MIN + 9), at = place;

    (void)!ftruncate(fd, 0);
    (void)!ftruncate(fd, RING_DATA_AT + RING_DATA_MIN);
    (void)!pwrite(fd, &head, sizeof head, 0);
    (void)!pwrite(fd, "fuzz", 4, RING_SOURCE_AT);
    (void)!pwrite(fd, &to, sizeof to, RING_HEAD_AT);
    (void)!pwrite(fd, &tail, sizeof tail, RING_TAIL_AT);
    for (size_t i = sizeof words; i < size && i < RING_DATA_MIN;) {
        size_t n = size - i < RING_DATA_MIN - at ? size - i : RING_DATA_MIN - at;
        (void)!pwrite(fd, data + i, n, (off_t)(RING_DATA_AT + at));
        at = 0;
        i += n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct label_table table = {0};
    struct intake in = {
        .publish = publish, .position = position, .next_id = next_id, .labels = &table};
    struct ring_scratch scratch = {0};
    struct ring_file r = {.fd = -1};
    char path[] = "/tmp/ring-fuzz-XXXXXX";
    int fd = size < 12 ? -1 : mkostemp(path, O_CLOEXEC);

    if (fd < 0)
        return 0;
    write_file(fd, data, size);
    last = 0;
    if (ring_file_open(&r, fd, &in) < 0) {
        close(fd);
    } else {
        for (int rounds = 0; ring_file_read(&r, &in, &scratch) > 0; rounds++)
            lm_assert(rounds < 10);
        ring_file_acked(&r, 1);
        (void)ring_file_sleep(&r);
        ring_file_close(&r);
    }
    unlink(path);
    ring_scratch_fini(&scratch);
    label_table_fini(&table);
    return 0;
}
