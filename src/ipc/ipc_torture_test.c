/* SPDX-License-Identifier: MIT
 *
 * ipc_torture_test.c - the n-th allocation fails, for every n until a scene passes without one
 * failing: no crash, no leak (ASan), and what can still be answered is.
 *
 * The linker sends malloc, calloc and realloc of our objects here (cmake/tests.cmake).
 */
#include "ipc/ipc_world_test.h"

#include <errno.h>
#include <time.h>

static long countdown = -1; /* -1: nothing fails */
static bool failed;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static bool fails(void)
{
    if (countdown < 0 || countdown-- > 0)
        return false;
    failed = true;
    return true;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

/* --- a world whose every part may be missing --- */

static char dir[] = "/tmp/logmill-torture-XXXXXX", path[64];

static void echo(struct lm_call call, void *ctx)
{
    (void)ctx;
    (void)lm_reply(call, lm_call_args(call));
}

static void echo_all(const struct lm_call *calls, size_t n, void *ctx)
{
    for (size_t i = 0; i < n; i++)
        echo(calls[i], ctx);
}

static struct lm_call kept[4]; /* one when all share it */
static int kept_count;

static void keep(struct lm_call call, void *ctx)
{
    (void)ctx;
    kept[kept_count++ % 4] = call;
}

static int count_open(struct lm_call call, void *ctx, void **ret_state)
{
    static int at;

    (void)call;
    (void)ctx;
    at = 0;
    *ret_state = &at;
    return 0;
}

static enum lm_next count_next(struct lm_call call, void *state)
{
    int *at = state;

    if (*at >= 50)
        return LM_NEXT_END;
    (*at)++;
    (void)lm_stream_item(call, LM_STR("{\"some\":\"thing\"}"));
    return LM_NEXT_MORE;
}

static void count_close(void *state)
{
    (void)state;
}

static int register_all(struct lm_manager *m)
{
    static const struct lm_stream_ops count = {count_open, count_next, count_close};
    const struct {
        const char *name;
        struct lm_handler handler;
    } all[] = {
        {"t:echo", {.call = echo, .schema = "{\"properties\":{\"a\":{\"enum\":[1,2]}}}"}},
        {"t:cache", {.call = echo, .cacheable = true, .cache_tags = "x"}},
        {"t:batch", {.batch = echo_all, .batch_size = 2, .batch_by = "a", .batch_delay_ms = 1}},
        {"t:keep", {.call = keep, .sharing = LM_SHARE_ALWAYS}},
        {"t:count", {.stream = &count, .chunk_size = 10}}};
    int err = 0;

    for (size_t i = 0; err == 0 && i < sizeof all / sizeof *all; i++)
        err = lm_manager_register(m, all[i].name, &all[i].handler, NULL);
    return err;
}

static void hear_chunk_loosely(struct lm_client *c, const struct lm_chunk *chunk, void *ctx)
{
    (void)c;
    ((struct heard *)ctx)->answers += chunk->last;
}

/* One question on a channel, and turns until it is answered or cannot be. */
static void scene(const char *channel, const char *args, int times)
{
    struct lm_manager *m = NULL;
    struct lm_client *c = NULL;
    struct heard h = {0};
    int put = 0;

    memset(kept, 0, sizeof kept);
    kept_count = 0;
    if (lm_manager_new(&m, NULL) == 0 && register_all(m) == 0 && lm_manager_listen(m, path) == 0 &&
        lm_client_open(&c, &(struct lm_client_opts){.socket = path, .no_retry = true}) == 0) {
        struct lm_ask a = {.channel = channel,
                           .args = lm_str(args),
                           .on_answer = hear,
                           .on_chunk = hear_chunk_loosely,
                           .ctx = &h};
        for (int i = 0; i < times; i++)
            put += lm_client_ask(c, &a, NULL) == 0;
        for (time_t end = time(NULL) + 20; h.answers < put && time(NULL) < end;) {
            (void)lm_manager_dispatch(m, 0);
            (void)lm_client_dispatch(c, 0);
            for (int i = 0; i < 4; i++)
                (void)lm_reply(kept[i], LM_STR("1"));
        }
        free(lm_manager_metrics(m));
        (void)lm_manager_invalidate(m, "t:cache", LM_STR("[1]"));
    }
    lm_client_close(c);
    lm_manager_free(m);
    assert_int_equal(h.answers, put); /* an answer, or IPC_DISCONNECTED */
    unlink(path);
}

static void torture(const char *channel, const char *args, int times)
{
    long n = 0;

    do {
        failed = false;
        countdown = n++;
        scene(channel, args, times);
        countdown = -1;
        assert_true(n < 2000);
    } while (failed);
    assert_true(n > 10);
}

static void a_call_survives_every_failed_allocation(void **state)
{
    (void)state;
    torture("t:echo", "{\"a\":1}", 2);
}

static void a_refused_call_survives_too(void **state)
{
    (void)state;
    torture("t:echo", "{\"a\":\"\\u0041\"}", 1);
    torture("t:nobody", "", 1);
}

static void the_cache_survives(void **state)
{
    (void)state;
    torture("t:cache", "{\"b\":\"\\n\",\"a\":[1]}", 3);
}

static void batches_survive(void **state)
{
    (void)state;
    torture("t:batch", "{\"a\":1}", 3);
}

static void shared_answers_survive(void **state)
{
    (void)state;
    torture("t:keep", "[1]", 3);
}

static void streams_survive(void **state)
{
    (void)state;
    torture("t:count", "", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_survives_every_failed_allocation),
        cmocka_unit_test(a_refused_call_survives_too),
        cmocka_unit_test(the_cache_survives),
        cmocka_unit_test(batches_survive),
        cmocka_unit_test(shared_answers_survive),
        cmocka_unit_test(streams_survive),
    };
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/socket", dir);
    int wrong = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return wrong;
}
