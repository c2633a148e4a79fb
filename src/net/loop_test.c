/* SPDX-License-Identifier: MIT
 *
 * loop_test.c - whose job gets a thread of the pool.
 */
#include "net/loop.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <cmocka.h>

enum { ASKED = 7 };

static struct {
    struct loop loop;
    sem_t go; /* what is asked waits for it */
    atomic_uint running, most;
    unsigned done;
    unsigned own_done_after; /* that many of the asked were done */
    unsigned order[ASKED];
} f;

struct asked {
    struct job job;
    unsigned number;
};

static void asked_work(struct job *job)
{
    unsigned now = atomic_fetch_add(&f.running, 1) + 1, most = atomic_load(&f.most);

    (void)job;
    while (now > most && !atomic_compare_exchange_weak(&f.most, &most, now))
        ;
    sem_wait(&f.go);
    atomic_fetch_sub(&f.running, 1);
}

static void asked_over(struct job *job)
{
    f.order[f.done++] = LIST_ITEM(job, struct asked, job)->number;
    sem_post(&f.go); /* one more may end */
}

static void own_work(struct job *job)
{
    (void)job;
}

static void own_over(struct job *job)
{
    (void)job;
    f.own_done_after = f.done;
    sem_post(&f.go);
}

static void own_work_finds_a_thread_however_many_ask(void **state)
{
    struct asked asked[ASKED];
    struct job own;

    (void)state;
    assert_int_equal(loop_init(&f.loop), 0);
    sem_init(&f.go, 0, 0);
    f.own_done_after = ASKED;
    for (unsigned i = 0; i < ASKED; i++) {
        asked[i].number = i;
        assert_int_equal(job_ask(&f.loop, &asked[i].job, JOB_SHORT, asked_work, asked_over), 0);
    }
    assert_int_equal(job_start(&f.loop, &own, own_work, own_over), 0);
    loop_run(&f.loop);
    loop_fini(&f.loop);
    assert_int_equal(f.own_done_after, 0);
    assert_int_equal(f.done, ASKED);
    assert_int_equal(atomic_load(&f.most), JOBS_ASKED_MAX);
    for (unsigned i = 0; i < ASKED; i++) /* two at a time may overtake each other, no more */
        assert_true(f.order[i] <= i + JOBS_ASKED_MAX - 1);
    sem_destroy(&f.go);
}

static void note_order(struct job *job)
{
    f.order[f.done++] = LIST_ITEM(job, struct asked, job)->number;
    if (f.done == ASKED) /* the costly may end now */
        sem_post(&f.go);
}

static void costly_over(struct job *job)
{
    (void)job;
    f.own_done_after = f.done; /* all short ones, and no costly one before */
    sem_post(&f.go);
}

static void wait_for_the_short(struct job *job)
{
    (void)job;
    sem_wait(&f.go);
}

static void short_questions_do_not_wait_for_costly_ones(void **state)
{
    struct asked asked[ASKED], costly[ASKED];

    (void)state;
    f.done = f.own_done_after = 0;
    assert_int_equal(loop_init(&f.loop), 0);
    sem_init(&f.go, 0, 0);
    for (unsigned i = 0; i < ASKED; i++) {
        costly[i].number = i;
        assert_int_equal(
            job_ask(&f.loop, &costly[i].job, JOB_COSTLY, wait_for_the_short, costly_over), 0);
    }
    for (unsigned i = 0; i < ASKED; i++) {
        asked[i].number = i;
        assert_int_equal(job_ask(&f.loop, &asked[i].job, JOB_SHORT, own_work, note_order), 0);
    }
    loop_run(&f.loop);
    loop_fini(&f.loop);
    assert_int_equal(f.done, ASKED);
    assert_int_equal(f.own_done_after, ASKED);
    for (unsigned i = 0; i < ASKED; i++)
        assert_int_equal(f.order[i], i);
    sem_destroy(&f.go);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_work_finds_a_thread_however_many_ask),
        cmocka_unit_test(short_questions_do_not_wait_for_costly_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
