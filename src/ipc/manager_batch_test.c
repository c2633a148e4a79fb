/* SPDX-License-Identifier: MIT
 *
 * manager_batch_test.c - calls that go together, calls that are the same, answers that are kept.
 */
#include "ipc/ipc_world_test.h"

#include <errno.h>
#include <time.h>

static int batches, batch_calls, runs;
static struct lm_call kept[16];

static int64_t number_of(struct lm_call call)
{
    int64_t n = -1;
    (void)lm_json_get_int(lm_call_args(call), "n", &n);
    return n;
}

/* Doubles; refuses 13; forgets 99. */
static void twice(const struct lm_call *calls, size_t n, void *ctx)
{
    char text[32];

    (void)ctx;
    batches++;
    batch_calls += (int)n;
    for (size_t i = 0; i < n; i++) {
        int64_t number = number_of(calls[i]);
        if (number == 13)
            assert_int_equal(lm_failf(calls[i], LM_HANDLER_ERROR, "%d is unlucky", 13), 0);
        else if (number != 99)
            assert_int_equal(
                lm_reply(calls[i], (struct lm_str){text, (size_t)snprintf(text, sizeof text, "%lld",
                                                                          (long long)number * 2)}),
                0);
    }
}

static void count(struct lm_call call, void *ctx)
{
    char text[16];

    (void)ctx;
    runs++;
    assert_int_equal(
        lm_reply(call, (struct lm_str){text, (size_t)snprintf(text, sizeof text, "%d", runs)}), 0);
}

static void keep(struct lm_call call, void *ctx)
{
    (void)ctx;
    kept[runs++] = call;
}

static void start(struct world *w, const struct lm_manager_opts *opts)
{
    batches = batch_calls = runs = 0;
    world_open(w, opts);
    must_register(w, "test:twice",
                  (struct lm_handler){.batch = twice, .batch_size = 4, .batch_delay_ms = 20});
}

static void one_bad_request_of_a_batch_fails_alone(void **state)
{
    (void)state;
    struct world w;
    struct heard h[4] = {0};

    start(&w, NULL);
    struct lm_client *a = world_client(&w), *b = world_client(&w);
    ask(a, "test:twice", "{\"n\":1}", &h[0]);
    ask(b, "test:twice", "{\"n\":13}", &h[1]);
    ask(a, "test:twice", "{\"n\":3}", &h[2]);
    ask(b, "test:twice", "{\"n\":4}", &h[3]);
    WORLD_UNTIL(&w, h[0].answers && h[1].answers && h[2].answers && h[3].answers);
    assert_int_equal(batches, 1); /* full: nobody waited for the delay */
    assert_string_equal(h[0].data, "2");
    assert_int_equal(h[1].code, LM_HANDLER_ERROR);
    assert_string_equal(h[1].message, "13 is unlucky");
    assert_string_equal(h[3].data, "8");
    assert_true(h[0].batched && h[1].batched);
    char *metrics = lm_manager_metrics(w.manager);
    assert_non_null(strstr(metrics, "\"totalBatches\":1,\"totalRequests\":4,"
                                    "\"averageBatchSize\":4.00"));
    free(metrics);
    world_close(&w);
}

static void a_batch_that_is_not_full_goes_after_its_delay(void **state)
{
    (void)state;
    struct world w;
    struct heard h[2] = {0};

    start(&w, NULL);
    struct lm_client *c = world_client(&w);
    int64_t start_us = clock_mono_us();
    ask(c, "test:twice", "{\"n\":1}", &h[0]);
    ask(c, "test:twice", "{\"n\":2}", &h[1]);
    WORLD_UNTIL(&w, h[0].answers && h[1].answers);
    assert_true(clock_mono_us() - start_us >= 20000);
    assert_int_equal(batches, 1);
    assert_int_equal(batch_calls, 2);
    world_close(&w);
}

static void what_a_batch_forgets_times_out_alone(void **state)
{
    (void)state;
    struct world w;
    struct heard good = {0}, forgotten = {0};
    struct lm_ask a = {.channel = "test:twice",
                       .args = LM_STR("{\"n\":99}"),
                       .timeout_ms = 60,
                       .on_answer = hear,
                       .ctx = &forgotten};

    start(&w, NULL);
    struct lm_client *c = world_client(&w);
    ask(c, "test:twice", "{\"n\":1}", &good);
    assert_int_equal(lm_client_ask(c, &a, NULL), 0);
    WORLD_UNTIL(&w, good.answers && forgotten.answers);
    assert_int_equal(good.code, LM_OK);
    assert_int_equal(forgotten.code, LM_TIMEOUT);
    world_close(&w);
}

static void only_compatible_calls_go_together(void **state)
{
    (void)state;
    struct world w;
    struct heard h[4] = {0};

    start(&w, NULL);
    must_register(&w, "test:tables",
                  (struct lm_handler){.batch = twice, .batch_size = 2, .batch_by = "table"});
    struct lm_client *c = world_client(&w);
    ask(c, "test:tables", "{\"n\":1,\"table\":\"a\"}", &h[0]);
    ask(c, "test:tables", "{\"n\":2,\"table\":\"b\"}", &h[1]);
    ask(c, "test:tables", "{\"n\":3,\"table\":\"a\"}", &h[2]);
    ask(c, "test:tables", "{\"n\":4,\"table\":\"b\"}", &h[3]);
    WORLD_UNTIL(&w, h[0].answers && h[1].answers && h[2].answers && h[3].answers);
    assert_int_equal(batches, 2);
    world_close(&w);
}

static void leaving_before_the_batch_goes_leaves_it_to_the_others(void **state)
{
    (void)state;
    struct world w;
    struct heard h[3] = {0};

    start(&w, NULL);
    struct lm_client *a = world_client(&w), *b = world_client(&w);
    uint64_t request = ask(a, "test:twice", "{\"n\":1}", &h[0]);
    ask(b, "test:twice", "{\"n\":2}", &h[1]);
    assert_int_equal(lm_client_cancel(a, request), 0);
    WORLD_UNTIL(&w, h[0].answers && h[1].answers);
    assert_int_equal(h[0].code, LM_CANCELLED);
    assert_int_equal(h[1].code, LM_OK);
    assert_int_equal(batch_calls, 1);
    request = ask(a, "test:twice", "{\"n\":5}", &h[2]);
    assert_int_equal(lm_client_cancel(a, request), 0); /* the batch is empty now */
    WORLD_UNTIL(&w, h[2].answers);
    assert_int_equal(batches, 1);
    world_close(&w);
}

static void identical_calls_in_flight_are_answered_once(void **state)
{
    (void)state;
    struct world w;
    struct heard h[4] = {0};

    start(&w, NULL);
    must_register(&w, "test:keep", (struct lm_handler){.call = keep, .sharing = LM_SHARE_ALWAYS});
    struct lm_client *a = world_client(&w), *b = world_client(&w);
    uint64_t first = ask(a, "test:keep", "{\"a\":1,\"b\":2}", &h[0]);
    WORLD_UNTIL(&w, runs);
    ask(b, "test:keep", "{ \"b\" : 2, \"a\" : 1 }", &h[1]);
    ask(b, "test:keep", "{\"a\":2}", &h[2]);
    WORLD_UNTIL(&w, runs == 2);
    assert_int_equal(lm_client_cancel(a, first), 0); /* the other still waits for the same run */
    WORLD_UNTIL(&w, h[0].answers);
    assert_true(lm_call_alive(kept[0]));
    assert_int_equal(lm_reply(kept[0], LM_STR("1")), 0);
    assert_int_equal(lm_reply(kept[1], LM_STR("2")), 0);
    WORLD_UNTIL(&w, h[1].answers && h[2].answers);
    assert_int_equal(h[0].code, LM_CANCELLED);
    assert_string_equal(h[1].data, "1");
    ask(a, "test:keep", "{\"a\":1,\"b\":2}", &h[3]); /* no longer in flight */
    WORLD_UNTIL(&w, runs == 3);
    world_close(&w);
}

static void register_cached(struct world *w)
{
    must_register(w, "cache:all",
                  (struct lm_handler){.call = count, .cacheable = true, .cache_tags = "t1,t2"});
    must_register(
        w, "cache:mine",
        (struct lm_handler){.call = count, .cacheable = true, .cache_scope = LM_CACHE_PER_CALLER});
}

static const char *asked(struct world *w, struct lm_client *c, const char *channel,
                         const char *args)
{
    static struct heard h;

    h = (struct heard){0};
    ask(c, channel, args, &h);
    WORLD_UNTIL(w, h.answers);
    assert_int_equal(h.code, LM_OK);
    return h.data;
}

static void an_answer_is_kept_until_it_is_invalidated(void **state)
{
    (void)state;
    struct world w;

    start(&w, NULL);
    register_cached(&w);
    struct lm_client *c = world_client(&w);
    assert_string_equal(asked(&w, c, "cache:all", "{\"a\":1,\"b\":[1,2]}"), "1");
    assert_string_equal(asked(&w, c, "cache:all", "{\"b\":[1, 2],\"a\":1}"), "1");
    assert_string_equal(asked(&w, c, "cache:all", "{\"b\":[2,1],\"a\":1}"), "2");
    assert_int_equal(lm_manager_invalidate(w.manager, "cache:all", LM_STR("{\"b\":[1,2],\"a\":1}")),
                     1);
    assert_string_equal(asked(&w, c, "cache:all", "{\"a\":1,\"b\":[1,2]}"), "3");
    assert_int_equal(lm_manager_invalidate_tag(w.manager, "t2"), 2);
    assert_string_equal(asked(&w, c, "cache:all", "{\"a\":1,\"b\":[1,2]}"), "4");
    assert_int_equal(lm_manager_invalidate_prefix(w.manager, LM_STR("cache:")), 1);
    assert_string_equal(asked(&w, c, "cache:all", "{\"a\":1,\"b\":[1,2]}"), "5");
    assert_int_equal(lm_manager_invalidate_tag(w.manager, "t"), 0);
    struct heard fresh = {0};
    struct lm_ask a = {.channel = "cache:all",
                       .args = LM_STR("{\"a\":1,\"b\":[1,2]}"),
                       .fresh = true,
                       .on_answer = hear,
                       .ctx = &fresh};
    assert_int_equal(lm_client_ask(c, &a, NULL), 0);
    WORLD_UNTIL(&w, fresh.answers);
    assert_string_equal(fresh.data, "6");
    assert_string_equal(asked(&w, c, "cache:all", "{\"a\":1,\"b\":[1,2]}"), "6");
    world_close(&w);
}

/* --- peers with names of their own, for the scope of the cache --- */

struct fake_link {
    struct buf out;
    struct lm_peer *peer;
    bool closed;
};

static ssize_t fake_write(void *link, const struct iovec *iov, int n)
{
    struct fake_link *l = link;
    size_t sum = 0;

    for (int i = 0; i < n; sum += iov[i++].iov_len)
        buf_add(&l->out, iov[i].iov_base, iov[i].iov_len);
    return (ssize_t)sum;
}

static void fake_pause(void *link, bool paused)
{
    (void)link;
    (void)paused;
}

static void fake_close(void *link)
{
    ((struct fake_link *)link)->closed = true;
}

static const struct lm_peer_ops fake_ops = {
    .write = fake_write, .pause = fake_pause, .close = fake_close};

static void fake_ask(struct fake_link *l, uint64_t request, const char *channel)
{
    struct buf out = {0};

    if (request == 1)
        frame_add_hello(&out, &(struct frame_hello){1, FRAME_FEATURE_CALLS, FRAME_MAX});
    call_add(&out, &(struct call_frame){.request = request, .channel = str_from(channel)}, NULL, 0);
    assert_int_equal(lm_peer_feed(l->peer, out.p, out.n), out.n);
    buf_fini(&out);
}

static void an_answer_for_one_caller_is_not_given_to_another(void **state)
{
    (void)state;
    struct world w;
    struct fake_link links[3] = {0};
    static const char *const names[] = {"anna", "bert", "anna"};

    start(&w, NULL);
    register_cached(&w);
    for (int i = 0; i < 3; i++)
        assert_int_equal(lm_peer_attach(w.manager,
                                        &(struct lm_caller){.uid = (uid_t)-1, .name = names[i]},
                                        &fake_ops, &links[i], &links[i].peer),
                         0);
    for (int i = 0; i < 3; i++)
        fake_ask(&links[i], 1, "cache:mine");
    assert_int_equal(runs, 2); /* the second anna had the first one's */
    for (int i = 0; i < 3; i++)
        fake_ask(&links[i], 2, "cache:all");
    assert_int_equal(runs, 3);
    assert_int_equal(lm_manager_invalidate(w.manager, "cache:mine", LM_STR("null")), 2);
    for (int i = 0; i < 3; i++) {
        lm_peer_detach(links[i].peer);
        buf_fini(&links[i].out);
    }
    world_close(&w);
}

static void a_kept_answer_ends_with_its_time(void **state)
{
    (void)state;
    struct world w;

    start(&w, NULL);
    must_register(&w, "cache:brief",
                  (struct lm_handler){.call = count, .cacheable = true, .cache_ttl_ms = 30});
    struct lm_client *c = world_client(&w);
    assert_string_equal(asked(&w, c, "cache:brief", ""), "1");
    int64_t end_us = clock_mono_us() + 31000;
    WORLD_UNTIL(&w, clock_mono_us() > end_us);
    assert_string_equal(asked(&w, c, "cache:brief", ""), "2");
    world_close(&w);
}

static void kept_answers_survive_a_restart_on_disk(void **state)
{
    (void)state;
    struct world w;
    char dir[] = "/tmp/logmill-cache-XXXXXX", path[64];

    assert_non_null(mkdtemp(dir));
    start(&w, &(struct lm_manager_opts){.cache_dir = dir});
    register_cached(&w);
    assert_string_equal(asked(&w, world_client(&w), "cache:all", "[1]"), "1");
    assert_string_equal(asked(&w, w.clients[0], "cache:all", "[2]"), "2");
    world_close(&w);
    start(&w, &(struct lm_manager_opts){.cache_dir = dir});
    register_cached(&w);
    runs = 10;
    struct lm_client *c = world_client(&w);
    assert_string_equal(asked(&w, c, "cache:all", "[1]"), "1");
    assert_int_equal(lm_manager_invalidate_tag(w.manager, "t1"), 2); /* one was on disk only */
    assert_string_equal(asked(&w, c, "cache:all", "[2]"), "11");
    world_close(&w);
    static const char *const names[] = {"data.mdb", "lock.mdb", "boot"};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_bad_request_of_a_batch_fails_alone),
        cmocka_unit_test(a_batch_that_is_not_full_goes_after_its_delay),
        cmocka_unit_test(what_a_batch_forgets_times_out_alone),
        cmocka_unit_test(only_compatible_calls_go_together),
        cmocka_unit_test(leaving_before_the_batch_goes_leaves_it_to_the_others),
        cmocka_unit_test(identical_calls_in_flight_are_answered_once),
        cmocka_unit_test(an_answer_is_kept_until_it_is_invalidated),
        cmocka_unit_test(an_answer_for_one_caller_is_not_given_to_another),
        cmocka_unit_test(a_kept_answer_ends_with_its_time),
        cmocka_unit_test(kept_answers_survive_a_restart_on_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
