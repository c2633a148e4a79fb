/* SPDX-License-Identifier: MIT
 *
 * journal_kill.c - a hub that publishes as fast as it can is killed at random moments.
 *
 * The child says in shared memory what it is about to publish and what has been acknowledged. After
 * SIGKILL the parent opens the same state: everything acknowledged is there, in order, once, as it was
 * written; positions are those of the last batches; a kill is no damage; and the next life gives new
 * ids only.
 *
 *     LOGMILL_ROUNDS=100 journal_kill        kills, 10 by default
 */
#include "hub/publish.h"

#include "base/diag.h"
#include "hub/row_test.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

enum { ORIGINS = 8, LIFE_MAX_US = 60000 };

/* What the child has done; lives longer than it. */
struct shared {
    _Atomic uint64_t begun_end, acked_end;           /* one past the last id */
    _Atomic uint64_t begun[ORIGINS], acked[ORIGINS]; /* positions: the id that was next */
    _Atomic uint64_t batches, lives;
};

struct crash {
    struct row row;
    struct shared *shared;
    struct hub hub;
    uint64_t frames, jumps;
};

/* A sealer that is never behind; the origins take turns, so the last two files have each of them and
 * positions need no table. */
static void seal(void *ctx)
{
    struct crash *c = ctx;
    struct journal_view *v;

    while ((v = journal_take_full(c->hub.journal)))
        journal_sealed(c->hub.journal, v);
}

static void open_hub(struct crash *c)
{
    struct errinfo info = {0};
    struct hub_opts opts = {.loop = &c->row.loop,
                            .state_dir = c->row.dir,
                            .journal_max = 4 * (uint64_t)JOURNAL_FILE_SIZE,
                            .durability = DURABILITY_INTERVAL,
                            .sync_interval_ms = 5};

    if (hub_open(&c->hub, &opts, &info) < 0)
        fail_msg("%s", info.text);
    c->hub.on_full = seal;
    c->hub.full_ctx = c;
    seal(c);
}

static struct origin origin_of(uint32_t i)
{
    uint8_t run[16] = {(uint8_t)i, 1};
    return run_origin(run);
}

static void publish_one(struct crash *c)
{
    uint32_t i = c->shared->batches % ORIGINS, count = row_below(&c->row, 100);
    uint64_t first_id = hub_last_id(&c->hub) + 1, end = first_id + count;
    struct origin o = origin_of(i);
    struct run_position position = {end, ~end, 0};

    row_fill(&c->row, &o, first_id, count);
    c->row.batch.position = run_position_encode(&position);
    c->shared->begun[i] = end;
    c->shared->begun_end = end;
    if (hub_publish(&c->hub, &c->row.batch) < 0)
        _exit(3);
    c->shared->acked[i] = end;
    c->shared->acked_end = end;
    c->shared->batches++;
}

/* Never returns. */
static void live(struct crash *c)
{
    open_hub(c);
    c->shared->lives++;
    for (;;) {
        publish_one(c);
        if (row_below(&c->row, 4) == 0)
            uv_run(&c->row.loop.uv, UV_RUN_NOWAIT);
    }
}

/* Every fourth time it may still be starting. */
static void kill_after_a_while(struct crash *c, pid_t child, uint64_t lives)
{
    const struct timespec t = {0, (long)row_below(&c->row, LIFE_MAX_US) * 1000}, tick = {0, 100000};
    bool early = row_below(&c->row, 4) == 0;
    int status;

    for (int i = 0; i < 100000 && !early && c->shared->lives == lives; i++)
        nanosleep(&tick, NULL);
    nanosleep(&t, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void check_records(struct crash *c)
{
    struct journal_view *v = journal_view_take(c->hub.journal, 0);
    struct journal_cursor cursor = journal_seek(v, 0);
    struct jframe_reader reader = {0};
    uint64_t id = journal_start_id(c->hub.journal);
    struct record record;
    struct jframe f;

    while (journal_next(&cursor, &f)) {
        c->frames++;
        assert_true(f.first_id >= id);
        c->jumps += f.first_id > id;
        id = f.first_id;
        assert_int_equal(jframe_open(&reader, &f, &c->row.table), 0);
        while (jframe_next(&reader, &record)) {
            assert_int_equal(record.id, id++);
            row_check_record(&c->row, &record);
        }
        assert_int_equal(id, f.first_id + f.count);
    }
    assert_int_equal(id, journal_end_id(c->hub.journal));
    assert_true(id >= c->shared->acked_end && id <= c->shared->begun_end);
    jframe_close(&reader);
    journal_view_drop(c->hub.journal, v);
}

/* Each is the last one acknowledged, or the one that was under way. */
static void check_positions(struct crash *c)
{
    for (uint32_t i = 0; i < ORIGINS; i++) {
        struct origin o = origin_of(i);
        struct run_position p = run_position_decode(positions_get(&c->hub.positions, &o));
        assert_true(p.stdout_n == c->shared->acked[i] || p.stdout_n == c->shared->begun[i]);
        assert_true(p.stdout_n == 0 || p.stderr_n == ~p.stdout_n);
    }
}

/* The parent's own look at the state. Every other time it stops cleanly, else it is gone as well. */
static void look(struct crash *c, bool clean)
{
    open_hub(c);
    assert_int_equal(c->hub.recovered.damaged_files, 0);
    assert_int_equal(c->hub.recovered.damaged_places, 0);
    assert_true(hub_last_id(&c->hub) + 1 >= c->shared->acked_end);
    if (journal_end_id(c->hub.journal) > 1) {
        check_records(c);
        check_positions(c);
    }
    c->shared->begun_end = c->shared->acked_end = hub_last_id(&c->hub) + 1;
    for (uint32_t i = 0; i < ORIGINS; i++) {
        struct origin o = origin_of(i);
        struct run_position p = run_position_decode(positions_get(&c->hub.positions, &o));
        c->shared->begun[i] = c->shared->acked[i] = p.stdout_n;
    }
    row_settle(&c->row);
    if (!clean) {
        free(c->hub.numbers.path);
        c->hub.numbers.path = NULL;
    }
    hub_close(&c->hub);
    row_settle(&c->row);
}

static void what_was_acknowledged_before_a_kill_is_there(void **state)
{
    const char *rounds_text = getenv("LOGMILL_ROUNDS");
    int rounds = rounds_text ? atoi(rounds_text) : 10;
    struct crash c = {0};

    (void)state;
    diag_min_level(DIAG_ERROR);
    row_init(&c.row);
    c.shared =
        mmap(NULL, sizeof *c.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(c.shared != MAP_FAILED);
    c.shared->begun_end = c.shared->acked_end = 1;
    for (int round = 0; round < rounds; round++) {
        uint64_t lives = c.shared->lives;
        loop_fini(&c.row.loop); /* parent and child each have their own */
        pid_t child = fork();
        assert_true(child >= 0);
        assert_int_equal(loop_init(&c.row.loop), 0);
        if (child == 0)
            live(&c);
        kill_after_a_while(&c, child, lives);
        look(&c, round % 2);
    }
    printf("%d kills, %llu lives that published %llu batches; %llu frames read back, %llu jumps\n",
           rounds, (unsigned long long)c.shared->lives, (unsigned long long)c.shared->batches,
           (unsigned long long)c.frames, (unsigned long long)c.jumps);
    assert_true(c.shared->batches > 0);
    munmap(c.shared, sizeof *c.shared);
    row_fini(&c.row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_acknowledged_before_a_kill_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
