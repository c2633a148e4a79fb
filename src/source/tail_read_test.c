/* SPDX-License-Identifier: MIT
 *
 * tail_read_test.c - bytes to records: whatever the slices, whatever the journal refuses and
 * however often the hub dies, the records are those of the whole file read at once.
 */
#include "source/tailed_test.h"

static uint64_t seed = 1;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % n);
}

/* --- what a file may hold --- */

static void add_line(struct buf *b, uint32_t number)
{
    static const char odd[] = "\0\r\x80\xff\xc3(\xe2\x82 \x1b[31m\t{}\"";
    uint32_t n = random_below(4) ? random_below(80) : random_below(9000);

    switch (random_below(6)) {
    case 0:
        buf_printf(b, "{\"level\":\"warn\",\"msg\":\"json %u\",\"n\":%u}", number, n);
        break;
    case 1:
        for (uint32_t i = 0; i < n % 60; i++)
            buf_add_char(b, odd[random_below(sizeof odd - 1)]);
        break;
    case 2:
        break;
    default:
        buf_printf(b, "%u ", number);
        for (uint32_t i = 0; i < n; i++)
            buf_add_char(b, (char)('a' + random_below(26)));
    }
    buf_add_str(b, random_below(5) ? STR("\n") : STR("\r\n"));
}

/* Lines of a container, some in pieces, those of the two streams in between. */
static void add_container_lines(struct buf *b, uint32_t number)
{
    static const char *const streams[] = {"stdout", "stderr"};
    uint32_t left[2] = {random_below(4), random_below(4)};
    bool open[2] = {false, false};

    while (left[0] + left[1] > 0) {
        uint32_t s = left[0] && left[1] ? random_below(2) : left[1] > 0;
        open[s] = --left[s] > 0;
        buf_printf(b, "2026-01-02T03:04:05.%06uZ %s %s %u piece %u;\n", number % 1000000,
                   streams[s], open[s] ? "P" : "F", number, left[s]);
    }
}

static void make_text(struct buf *b, void (*add)(struct buf *b, uint32_t number))
{
    for (uint32_t i = 0; i < 400; i++)
        add(b, i);
}

/* --- following it --- */

/* Everything at once. */
static void read_whole(struct fixture *f, struct str text)
{
    append(f, "a.log", text);
    start(f);
    UNTIL(f, f->metrics.file_bytes_total >= text.n);
    stop(f);
}

static void some_turns(struct fixture *f)
{
    for (uint32_t i = random_below(4); i > 0; i--)
        turn(f);
}

/* In slices, with a journal that refuses now and then and a hub that is killed now and then. */
static void read_slices(struct fixture *f, struct str text)
{
    f->opts.no_inotify = random_below(4) == 0;
    f->opts.poll_ms = 1;
    start(f);
    for (size_t done = 0; done < text.n;) {
        size_t n = 1 + random_below(random_below(3) ? 300 : 20000);
        n = n < text.n - done ? n : text.n - done;
        append(f, "a.log", str_of(text.p + done, n));
        done += n;
        some_turns(f);
        if (random_below(60) == 0)
            f->failures = 1;
        if (random_below(15) == 0) {
            stop(f);
            start(f);
        }
    }
}

static void compare(void (*add)(struct buf *b, uint32_t number), const char *what)
{
    struct buf text = {0}, whole = {0};
    void *state;

    make_text(&text, add);
    setup(&state);
    read_whole(state, buf_str(&text));
    buf_add_str(&whole, buf_str(&((struct fixture *)state)->text));
    uint32_t records = ((struct fixture *)state)->records;
    teardown(&state);
    setup(&state);
    struct fixture *f = state;
    read_slices(f, buf_str(&text));
    UNTIL(f, f->records >= records);
    for (int i = 0; i < 10; i++)
        turn(f);
    if (f->records != records || !str_eq(buf_str(&f->text), buf_str(&whole)))
        fail_msg("%s: %u records of %u, or other ones", what, f->records, records);
    teardown(&state);
    buf_fini(&text);
    buf_fini(&whole);
}

static void slices_refusals_and_deaths_change_nothing(void **state)
{
    (void)state;
    for (seed = 1; seed < 12; seed++) {
        uint64_t own = seed;
        compare(add_line, "lines");
        seed = own;
    }
}

static void lines_in_pieces_are_joined_once_whatever_comes_between(void **state)
{
    (void)state;
    for (seed = 100; seed < 120; seed++) {
        uint64_t own = seed;
        compare(add_container_lines, "container lines");
        seed = own;
    }
}

static void a_line_without_end_takes_no_memory_and_comes_in_parts(void **state)
{
    enum { MIB = 1024 * 1024, SIZE = 20 * MIB };
    struct fixture *f = *state;
    static char block[MIB];
    size_t rss_before = 0, rss_after = 0;

    start(f);
    memset(block, 'x', sizeof block);
    for (int i = 0; i < SIZE / MIB; i++) {
        append(f, "a.log", str_of(block, sizeof block));
        UNTIL(f, f->metrics.file_bytes_total >= (uint64_t)(i + 1) * MIB);
        buf_clear(&f->text);
        FILE *statm = fopen("/proc/self/statm", "re");
        assert_non_null(statm);
        size_t pages, resident;
        assert_int_equal(fscanf(statm, "%zu %zu", &pages, &resident), 2);
        fclose(statm);
        rss_before = i == 5 ? resident : rss_before;
        rss_after = resident;
    }
    append_text(f, "a.log", "\nnext\n");
    UNTIL(f, f->records == SIZE / MIB + 1);
    assert_int_equal(f->parts, SIZE / MIB);
    assert_true(rss_after <= rss_before + MIB / 4096);
}

static void a_million_empty_lines_are_a_million_records(void **state)
{
    enum { COUNT = 1000000 };
    struct fixture *f = *state;
    static char block[COUNT];

    memset(block, '\n', sizeof block);
    append(f, "a.log", str_of(block, sizeof block));
    start(f);
    UNTIL(f, f->records == COUNT);
    assert_int_equal(f->text.n, COUNT);
}

static void a_byte_at_a_time_is_a_line_at_its_end(void **state)
{
    static const char text[] = "slow\rly \xe2\x82\xac\r\n";
    struct fixture *f = *state;

    start(f);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        append(f, "a.log", str_of(text + i, 1));
        UNTIL(f, f->metrics.file_bytes_total == i + 1);
        assert_int_equal(f->records, i + 1 == sizeof text - 1);
    }
    expect_text(f, "slow\rly \xe2\x82\xac\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_refusals_and_deaths_change_nothing),
        cmocka_unit_test(lines_in_pieces_are_joined_once_whatever_comes_between),
        TEST(a_line_without_end_takes_no_memory_and_comes_in_parts),
        TEST(a_million_empty_lines_are_a_million_records),
        TEST(a_byte_at_a_time_is_a_line_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
