/* SPDX-License-Identifier: MIT
 *
 * jframe_test.c - a batch as bytes: as documented, whole or not at all.
 */
#include "hub/row_test.h"

#include <xxhash.h>

static const uint64_t seed = 0x0123456789abcdef;

static int setup(void **state)
{
    struct row *r = malloc(sizeof *r);
    row_init(r);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    row_fini(*state);
    free(*state);
    return 0;
}

static struct origin some_origin(uint8_t n)
{
    struct origin o = {.kind = (enum origin_kind)(n % 4), .key_n = n % 4 ? n : 0};

    for (uint8_t i = 0; i < o.key_n; i++)
        o.key[i] = (uint8_t)(i + 1);
    return o;
}

/* The frame of r->batch in memory of exactly its size. */
static struct str write_frame(struct row *r)
{
    struct jframe_layout layout;

    jframe_measure(&r->batch, &layout);
    char *bytes = malloc(layout.length);
    memset(bytes, 0xee, layout.length);
    memset(bytes, 0, 8);
    jframe_write(bytes, &r->batch, &layout, seed, false);
    jframe_commit(bytes, &layout);
    return str_of(bytes, layout.length);
}

static void drop_frame(struct str frame)
{
    free((void *)(uintptr_t)frame.p);
}

static void check_same(struct row *r, const struct jframe *f)
{
    struct jframe_reader reader = {0};
    struct record record;
    uint32_t n = 0;

    assert_int_equal(f->first_id, r->batch.first_id);
    assert_int_equal(f->count, r->batch.count);
    assert_int_equal(f->arrival_us, r->batch.arrival_us);
    assert_int_equal(f->origin.kind, r->batch.origin.kind);
    assert_int_equal(f->origin.key_n, r->batch.origin.key_n);
    assert_memory_equal(f->origin.key, r->batch.origin.key, f->origin.key_n);
    assert_int_equal(f->position.n, r->batch.position.n);
    assert_memory_equal(f->position.bytes, r->batch.position.bytes, f->position.n);
    assert_int_equal(jframe_open(&reader, f, &r->table), 0);
    while (jframe_next(&reader, &record)) {
        assert_int_equal(record.id, f->first_id + n++);
        row_check_record(r, &record);
    }
    assert_int_equal(n, f->count);
    assert_false(jframe_next(&reader, &record));
    jframe_close(&reader);
}

static void every_batch_reads_back_as_it_was(void **state)
{
    struct row *r = *state;
    struct jframe f;

    for (uint8_t n = 0; n <= ORIGIN_KEY_MAX; n++) {
        struct origin o = some_origin(n);
        row_fill(r, &o, 1 + row_below(r, 1000), row_below(r, 3) ? row_below(r, 40) : 0);
        r->batch.position.n = n % (POSITION_MAX + 1);
        memset(r->batch.position.bytes, n, sizeof r->batch.position.bytes);
        struct str frame = write_frame(r);
        assert_int_equal(frame.n % 8, 0);
        assert_int_equal(jframe_check(frame, seed, &f), 1);
        assert_int_equal(f.length, frame.n);
        check_same(r, &f);
        assert_int_equal(jframe_check(frame, seed + 1, &f), -LM_E_DAMAGED);
        drop_frame(frame);
    }
}

/* docs/journal-format.md to the letter; what stands here is not computed by the code under test. */
static void the_bytes_are_the_documented_ones(void **state)
{
    struct row *r = *state;
    struct label pair = {STR("k"), STR("vw")};
    struct labels *set;
    struct origin o = {.kind = ORIGIN_PUSH, .key_n = 3, .key = "key"};
    static const uint8_t expected[] = {
        0x98, 0,    0,    0,                                          /* length 152 */
        'R',  'F',  'R',  'M',                                        /* magic */
        0,    0,    0,    0,    0,    0,    0,    0,                  /* check, below */
        0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0,                  /* first_id */
        2,    0,    0,    0,                                          /* count */
        1,    0,                                                      /* set_count */
        0,    0,                                                      /* flags */
        0xf6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,               /* arrival -10 */
        3,    3,    4,    0,                                          /* kind, key, position */
        20,   0,    0,    0,                                          /* sets_n */
        9,    0,    0,    0,                                          /* texts_n */
        0,    0,    0,    0,                                          /* reserved */
        'k',  'e',  'y',  0xa1, 0xa2, 0xa3, 0xa4, 0,                  /* key, position, pad */
        18,   0,    2,    0,    6,    1,    0,    's',                /* the set */
        'o',  'u',  'r',  'c',  'e',  'x',  1,    2,                  /**/
        0,    'k',  'v',  'w',  0,    0,    0,    0,                  /* and its pad */
        5,    0,    0,    0,    0,    0,    0,    0,    3,   0, 0, 0, /* record 1 */
        2,    0,    0,    0,    4,    2,    3,    0,    0,   0, 0, 0, /**/
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 4,   0, 0, 0, /* record 2 */
        0,    0,    0,    0,    6,    3,    8,    0,    0,   0, 0, 0, /**/
        'o',  'n',  'e',  '{',  '}',  't',  'w',  'o',  '!', 0, 0, 0, /* texts */
        0,    0,    0,    0,                                          /* pad */
    };
    const struct record records[] = {
        {.time_us = 5,
         .message = STR("one"),
         .fields = STR("{}"),
         .level = LEVEL_WARN,
         .stream = STREAM_STDERR,
         .flags = RECORD_CONT | RECORD_UNTERMINATED},
        {.time_us = -1,
         .message = STR("two!"),
         .level = LEVEL_FATAL,
         .stream = STREAM_SYSTEM,
         .flags = RECORD_TRUNCATED},
    };

    assert_int_equal(labels_make(&r->table, STR("x"), &pair, 1, &set), 0);
    batch_begin(&r->batch, &o, -10);
    for (size_t i = 0; i < 2; i++) {
        struct record record = records[i];
        record.labels = set;
        assert_int_equal(batch_add(&r->batch, &record), 0);
    }
    r->batch.first_id = 0x0002030405060708;
    r->batch.position = (struct position){4, {0xa1, 0xa2, 0xa3, 0xa4}};
    struct str frame = write_frame(r);
    assert_int_equal(frame.n, sizeof expected);
    uint64_t check = XXH3_64bits_withSeed(expected + 16, sizeof expected - 16, seed);
    assert_memory_equal(frame.p, expected, 8);
    assert_memory_equal(frame.p + 16, expected + 16, sizeof expected - 16);
    assert_memory_equal(frame.p + 8, &check, 8);
    drop_frame(frame);
    batch_clear(&r->batch);
    labels_unref(set);
}

static void a_set_is_written_at_every_change(void **state)
{
    struct row *r = *state;
    struct jframe f;

    row_fill(r, &(struct origin){0}, 1, 0);
    for (uint64_t id = 1; id <= 10; id++) {
        struct record record = row_record(r, id * 7); /* each has the next set */
        assert_int_equal(batch_add(&r->batch, &record), 0);
    }
    struct str frame = write_frame(r);
    assert_int_equal(jframe_check(frame, seed, &f), 1);
    assert_int_equal(f.set_count, 10);
    drop_frame(frame);
}

static void every_cut_is_refused(void **state)
{
    struct row *r = *state;
    struct origin o = some_origin(17);
    struct jframe f;

    row_fill(r, &o, 5, 6);
    struct str frame = write_frame(r);
    for (size_t n = 0; n < frame.n; n++) {
        char *cut = malloc(n ? n : 1);
        memcpy(cut, frame.p, n);
        assert_int_equal(jframe_check(str_of(cut, n), seed, &f), n < 8 ? 0 : -LM_E_DAMAGED);
        free(cut);
    }
    drop_frame(frame);
}

/* All bits but those of the reserved words behind the check are under it, those before are looked
 * at. */
static void every_changed_bit_is_noticed(void **state)
{
    struct row *r = *state;
    struct origin o = some_origin(16);
    struct jframe f;

    row_fill(r, &o, 5, 4);
    struct str frame = write_frame(r);
    char *bytes = (char *)(uintptr_t)frame.p;
    for (size_t i = 0; i < frame.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            assert_int_equal(jframe_check(frame, seed, &f), -LM_E_DAMAGED);
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
    assert_int_equal(jframe_check(frame, seed, &f), 1);
    drop_frame(frame);
}

static void a_frame_without_its_length_is_known_to_have_been_one(void **state)
{
    struct row *r = *state;
    struct origin o = some_origin(16);
    struct jframe f;

    row_fill(r, &o, 5, 4);
    struct str frame = write_frame(r);
    char *bytes = (char *)(uintptr_t)frame.p;
    assert_false(jframe_lost_length(frame, seed));
    memset(bytes, 0, 4);
    assert_int_equal(jframe_check(frame, seed, &f), 0);
    assert_true(jframe_lost_length(frame, seed));
    assert_false(jframe_lost_length(frame, seed + 1));
    for (size_t n = 0; n < frame.n; n++)
        assert_false(jframe_lost_length(str_of(frame.p, n), seed));
    bytes[frame.n - 1] ^= 1;
    assert_false(jframe_lost_length(frame, seed));
    drop_frame(frame);
}

/* Bytes that pass the check and yet make no sense, as a faulty hub might write them. */
static void sense_is_made_of_what_has_a_right_check_or_it_is_refused(void **state)
{
    struct row *r = *state;
    struct jframe_reader reader = {0};
    struct record record;
    struct jframe f;

    row_fill(r, &(struct origin){0}, 1, 30);
    struct str frame = write_frame(r);
    char *bytes = malloc(frame.n);
    for (size_t i = 16; i < frame.n; i += i < 3000 ? 1 : 97) /* of the texts a sample will do */
        for (int change = 0; change < 3; change++) {
            memcpy(bytes, frame.p, frame.n);
            bytes[i] = (char)(change == 0 ? 0 : change == 1 ? 0xff : bytes[i] ^ 4);
            uint64_t check = XXH3_64bits_withSeed(bytes + 16, frame.n - 16, seed);
            memcpy(bytes + 8, &check, 8);
            if (jframe_check(str_of(bytes, frame.n), seed, &f) == 1 &&
                jframe_open(&reader, &f, &r->table) == 0)
                while (jframe_next(&reader, &record))
                    assert_true(record.message.p + record.message.n + record.fields.n <=
                                bytes + frame.n);
        }
    jframe_close(&reader);
    free(bytes);
    drop_frame(frame);
}

#define JFRAME_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JFRAME_TEST(every_batch_reads_back_as_it_was),
        JFRAME_TEST(the_bytes_are_the_documented_ones),
        JFRAME_TEST(a_set_is_written_at_every_change),
        JFRAME_TEST(every_cut_is_refused),
        JFRAME_TEST(every_changed_bit_is_noticed),
        JFRAME_TEST(a_frame_without_its_length_is_known_to_have_been_one),
        JFRAME_TEST(sense_is_made_of_what_has_a_right_check_or_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
