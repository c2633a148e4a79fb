/* SPDX-License-Identifier: MIT
 *
 * space_test.c - a full disk: live goes on, what is missing is known to the record, and nothing is
 * said to be safe that is not.
 *
 * A small tmpfs plays the disk, as in journal_full_test.c; a large file on it plays somebody
 * else's.
 */
#include "hub/publish.h"

#include "base/clock.h"
#include "base/diag.h"
#include "hub/row_test.h"

#include <inttypes.h>
#include <sched.h>
#include <sys/mount.h>

static bool has_small_disk;

struct yard {
    struct row row;
    struct hub hub;
    struct hub_opts opts;
    uint64_t next_id, heard, live_only, acked;
    uint32_t rooms, asked, files; /* files: that may be deleted */
    bool rows_seen;
};

static int group_setup(void **state)
{
    (void)state;
    has_small_disk =
        unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return 0;
}

static int setup(void **state)
{
    struct yard *y = calloc(1, sizeof *y);

    row_init(&y->row);
    has_small_disk = has_small_disk && mount("none", y->row.dir, "tmpfs", 0, "size=30m") == 0;
    y->opts = (struct hub_opts){.loop = &y->row.loop,
                                .state_dir = y->row.dir,
                                .journal_max = 64 * (uint64_t)JOURNAL_FILE_SIZE,
                                .durability = DURABILITY_INTERVAL,
                                .sync_interval_ms = 1000};
    y->next_id = 1;
    diag_min_level(DIAG_ERROR + 1);
    *state = y;
    return 0;
}

static void close_hub(struct yard *y)
{
    uv_unref((uv_handle_t *)&y->hub.space->timer);
    row_settle(&y->row);
    hub_close(&y->hub);
    row_settle(&y->row);
}

static int teardown(void **state)
{
    struct yard *y = *state;

    if (y->hub.journal)
        close_hub(y);
    umount2(y->row.dir, MNT_DETACH);
    row_fini(&y->row);
    free(y);
    return 0;
}

static void hear(const struct batch *b, void *ctx)
{
    struct yard *y = ctx;

    y->heard += b->count;
    y->live_only += b->live_only ? b->count : 0;
    y->rows_seen |= b->origin.kind == ORIGIN_HUB;
}

static void on_room(void *ctx)
{
    ((struct yard *)ctx)->rooms++;
}

static void on_acked(uint64_t acked_id, void *ctx)
{
    ((struct yard *)ctx)->acked = acked_id;
}

/* --- the disk --- */

static void file_path(const struct yard *y, uint32_t i, char out[ROW_PATH])
{
    snprintf(out, ROW_PATH, "%s/other-%u", y->row.dir, i);
}

static void take_disk(const struct yard *y, uint32_t i, int megabytes)
{
    char path[ROW_PATH];

    file_path(y, i, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(posix_fallocate(fd, 0, (off_t)megabytes << 20), 0);
    close(fd);
}

static void give_disk(const struct yard *y, uint32_t i)
{
    char path[ROW_PATH];

    file_path(y, i, path);
    assert_int_equal(unlink(path), 0);
}

static enum space_found on_no_space(void *ctx)
{
    struct yard *y = ctx;

    y->asked++;
    if (y->files == 0)
        return SPACE_NOTHING;
    give_disk(y, y->files--);
    return SPACE_FREED;
}

/* --- the hub --- */

static void open_hub(struct yard *y)
{
    struct errinfo info = {0};

    if (hub_open(&y->hub, &y->opts, &info) < 0)
        fail_msg("%s", info.text);
    uv_ref((uv_handle_t *)&y->hub.space
               ->timer); /* what waits for it need not be kept alive otherwise */
    y->hub.on_room = on_room;
    y->hub.room_ctx = y;
    y->hub.on_acked = on_acked;
    y->hub.acked_ctx = y;
    y->hub.on_no_space = on_no_space;
    y->hub.full_ctx = y;
    hub_add_sink(&y->hub, hear, y);
}

static void open_on_small_disk(struct yard *y)
{
    if (!has_small_disk)
        skip();
    open_hub(y);
}

/* All but the numbers: the file keeps the name it has, as after a kill. */
static void crash_hub(struct yard *y)
{
    free(y->hub.numbers.path);
    y->hub.numbers.path = NULL;
    live_only_fini(&y->hub.space->live);
    y->hub.space->state = SPACE_ENOUGH;
    uv_timer_stop(&y->hub.space->timer);
    close_hub(y);
}

static struct origin run_of(uint8_t i)
{
    uint8_t run[16] = {0xcd, i};
    return run_origin(run);
}

static int publish(struct yard *y, uint8_t i, uint32_t count, bool or_live)
{
    struct origin o = run_of(i);
    struct run_position p = {y->next_id + count, 0, 0};

    row_fill(&y->row, &o, y->next_id, count);
    y->row.batch.position = run_position_encode(&p);
    y->row.batch.or_live = or_live;
    int err = hub_publish(&y->hub, &y->row.batch);
    y->next_id += err == 0 ? count : 0;
    return err;
}

/* Until lines are sent live only. */
static uint64_t fill(struct yard *y)
{
    int err = 0;

    while (!hub_is_live_only(&y->hub)) {
        err = publish(y, 1, 100, true);
        assert_true(err == 0 || err == -EAGAIN);
        uv_run(&y->row.loop.uv, UV_RUN_NOWAIT);
    }
    return y->next_id - 100; /* the first that is not stored */
}

static void wait_for_room(struct yard *y)
{
    while (hub_is_live_only(&y->hub))
        uv_run(&y->row.loop.uv, UV_RUN_ONCE);
}

static uint64_t position_of(struct yard *y, uint8_t i)
{
    struct origin o = run_of(i);
    return run_position_decode(positions_get(&y->hub.positions, &o)).stdout_n;
}

/* --- what is in the journal --- */

struct found {
    uint64_t unstored, missing, records, rows, row_sum, end;
    uint32_t sets;
};

static struct found look(struct yard *y)
{
    struct journal_view *v = journal_view_take(y->hub.journal, 0);
    struct journal_cursor c = journal_seek(v, 0);
    struct jframe_reader reader = {0};
    struct found got = {.end = 1};
    struct jframe f;
    struct record r;

    while (journal_next_or_unstored(&c, &f)) {
        got.unstored += f.unstored;
        got.sets += f.unstored ? f.set_count : 0;
        got.missing += f.first_id - f.unstored - got.end;
        got.end = f.first_id + f.count;
        assert_int_equal(jframe_open(&reader, &f, &y->row.table), 0);
        while (jframe_next(&reader, &r)) {
            unsigned long long n = 0;
            got.records++;
            if (f.origin.kind != ORIGIN_HUB || !memmem(r.fields.p, r.fields.n, "unstored", 8))
                continue;
            got.rows++;
            assert_int_equal(sscanf(r.message.p, "%llu lines are missing here", &n), 1);
            got.row_sum += n;
        }
    }
    jframe_close(&reader);
    journal_view_drop(y->hub.journal, v);
    return got;
}

/* --- tests --- */

static void on_a_full_disk_lines_are_sent_live_only_and_counted_when_there_is_room(void **state)
{
    struct yard *y = *state;

    open_on_small_disk(y);
    take_disk(y, 1, 12);
    uint64_t first = fill(y);
    assert_int_equal(y->live_only, 100);
    assert_int_equal(hub_live_only(&y->hub)->first_id, first);
    for (uint8_t i = 0; i < 50; i++)
        assert_int_equal(publish(y, 2, 40, true), 0);
    assert_int_equal(y->live_only, 2100);
    assert_int_equal(y->heard, y->next_id - 1);
    assert_int_equal(hub_acked_id(&y->hub), first); /* what is not stored is not acknowledged */
    assert_true(y->asked > 0 && y->rooms > 0);
    give_disk(y, 1);
    wait_for_room(y);
    assert_null(hub_live_only(&y->hub));
    assert_true(y->rows_seen);
    assert_true(y->acked >= y->next_id && hub_acked_id(&y->hub) >= y->next_id);
    struct found got = look(y);
    assert_int_equal(got.unstored, 2100);
    assert_int_equal(got.missing, 0);
    assert_int_equal(got.sets, ROW_SETS);
    assert_int_equal(got.rows, ROW_SETS); /* each stream is told how much of it is missing */
    assert_int_equal(got.row_sum, 2100);
    uint64_t last = hub_last_id(&y->hub);
    y->next_id = last + 1;
    assert_int_equal(publish(y, 1, 10, true), 0);
    row_settle(&y->row);
    uint64_t two = position_of(y, 2);
    crash_hub(y);
    open_hub(y);
    assert_int_equal(y->hub.recovered.damaged_places, 0);
    assert_int_equal(position_of(y, 2), two);
    assert_int_equal(hub_last_id(&y->hub),
                     last + 10); /* the same boot, and the journal knows of all */
    assert_int_equal(look(y).unstored, 2100);
}

static void who_can_be_told_to_come_again_is_refused_and_takes_no_ids(void **state)
{
    struct yard *y = *state;

    open_on_small_disk(y);
    take_disk(y, 1, 12);
    fill(y);
    uint64_t last = hub_last_id(&y->hub);
    assert_int_equal(publish(y, 3, 10, false), -ENOSPC);
    assert_int_equal(hub_last_id(&y->hub), last);
    assert_int_equal(position_of(y, 3), 0);
    give_disk(y, 1);
    wait_for_room(y);
    y->next_id = hub_last_id(&y->hub) + 1;
    assert_int_equal(publish(y, 3, 10, false), 0);
}

static void what_may_be_deleted_goes_before_a_line_is_missing(void **state)
{
    struct yard *y = *state;

    open_on_small_disk(y);
    take_disk(y, 1, 6);
    take_disk(y, 2, 6);
    y->files = 2;
    while (y->hub.journal->file_count < 3) {
        assert_int_equal(publish(y, 1, 100, true), 0);
        row_settle(&y->row);
    }
    assert_true(y->files < 2);
    assert_int_equal(y->live_only, 0);
}

static void ids_that_were_sent_live_only_are_not_given_again_after_a_kill(void **state)
{
    struct yard *y = *state;

    open_on_small_disk(y);
    take_disk(y, 1, 12);
    uint64_t first = fill(y);
    uint64_t last = hub_last_id(&y->hub);
    crash_hub(y);
    open_hub(y); /* on a disk that is still full */
    assert_true(hub_last_id(&y->hub) >= last);
    assert_int_equal(position_of(y, 1), first); /* what was not acknowledged comes again */
    crash_hub(y);
    give_disk(y, 1);
    open_hub(y);
    assert_true(hub_last_id(&y->hub) >= last);
    y->next_id = hub_last_id(&y->hub) + 1;
    assert_int_equal(publish(y, 1, 10, true), 0);
    last = hub_last_id(&y->hub);
    close_hub(y);
    open_hub(y);
    assert_int_equal(hub_last_id(&y->hub), last);
}

static void a_clean_stop_on_a_full_disk_keeps_the_ids_too(void **state)
{
    struct yard *y = *state;

    open_on_small_disk(y);
    take_disk(y, 1, 12);
    fill(y);
    uint64_t last = hub_last_id(&y->hub);
    close_hub(y);
    open_hub(y);
    assert_true(hub_last_id(&y->hub) >= last);
}

static void when_sealing_fails_a_journal_of_full_length_does_not_stop_live(void **state)
{
    struct yard *y = *state;
    int err = 0;

    y->opts.journal_max = 4 * (uint64_t)JOURNAL_FILE_SIZE;
    umount2(y->row.dir, MNT_DETACH); /* a disk with room */
    open_hub(y);
    while (err == 0) {
        err = publish(y, 1, 200, true);
        row_settle(&y->row);
    }
    assert_int_equal(err, -EAGAIN); /* the sealer may only be slow */
    assert_false(hub_has_room(&y->hub));
    space_seal_ended(y->hub.space, -EIO);
    assert_true(hub_has_room(&y->hub) && y->rooms > 0);
    assert_int_equal(publish(y, 1, 200, true), 0);
    assert_int_equal(y->live_only, 200);
    struct journal_view *v = journal_take_full(y->hub.journal);
    space_seal_ended(y->hub.space, 0);
    journal_sealed(y->hub.journal, v);
    wait_for_room(y);
    assert_int_equal(look(y).unstored, 200);
}

#define SPACE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPACE_TEST(on_a_full_disk_lines_are_sent_live_only_and_counted_when_there_is_room),
        SPACE_TEST(who_can_be_told_to_come_again_is_refused_and_takes_no_ids),
        SPACE_TEST(what_may_be_deleted_goes_before_a_line_is_missing),
        SPACE_TEST(ids_that_were_sent_live_only_are_not_given_again_after_a_kill),
        SPACE_TEST(a_clean_stop_on_a_full_disk_keeps_the_ids_too),
        SPACE_TEST(when_sealing_fails_a_journal_of_full_length_does_not_stop_live),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
