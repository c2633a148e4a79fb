/* SPDX-License-Identifier: MIT
 *
 * manager_test.c - what a call may meet on its way: gates, errors, bad handlers, cancels, lost
 * peers.
 */
#include "ipc/ipc_world_test.h"

#include <errno.h>
#include <time.h>

static struct lm_call kept;
static int runs, cancelled_runs;

static void echo(struct lm_call call, void *ctx)
{
    (void)ctx;
    runs++;
    assert_int_equal(lm_reply(call, lm_call_args(call)), 0);
}

static void keep(struct lm_call call, void *ctx)
{
    (void)ctx;
    runs++;
    kept = call;
}

static void count_cancelled(struct lm_call call, void *ctx)
{
    (void)ctx;
    assert_true(lm_call_alive(call));
    cancelled_runs++;
}

static void start(struct world *w)
{
    runs = cancelled_runs = 0;
    world_open(w, NULL);
    must_register(w, "test:echo", (struct lm_handler){.call = echo});
    must_register(w, "test:keep", (struct lm_handler){.call = keep, .cancelled = count_cancelled});
}

/* A client whose call the handler has kept. */
static struct lm_client *start_kept(struct world *w, const char *args, struct heard *h)
{
    start(w);
    struct lm_client *c = world_client(w);
    ask(c, "test:keep", args, h);
    WORLD_UNTIL(w, runs);
    return c;
}

static void a_call_is_answered(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0};

    start(&w);
    ask(world_client(&w), "test:echo", "{\"a\": [1, 2]}", &h);
    WORLD_UNTIL(&w, h.answers);
    assert_int_equal(h.code, LM_OK);
    assert_string_equal(h.data, "{\"a\": [1, 2]}");
    assert_false(h.cached || h.batched || h.stream);
    world_close(&w);
}

static void a_call_may_be_answered_later(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0};

    start_kept(&w, "[\"kept\"]", &h);
    struct lm_str args = lm_call_args(kept);
    assert_int_equal(args.n, 8);
    assert_memory_equal(args.p, "[\"kept\"]", 8);
    assert_int_equal(lm_call_caller(kept)->uid, getuid());
    assert_int_equal(lm_reply(kept, LM_STR("7")), 0);
    WORLD_UNTIL(&w, h.answers);
    assert_string_equal(h.data, "7");
    world_close(&w);
}

static void answering_twice_is_an_error_of_the_handler_alone(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0}, after = {0};

    struct lm_client *c = start_kept(&w, "", &h);
    assert_int_equal(lm_reply(kept, LM_STR("1")), 0);
    assert_int_equal(lm_reply(kept, LM_STR("2")), -ESTALE);
    assert_int_equal(lm_fail(kept, LM_HANDLER_ERROR, "no", (struct lm_str){0}), -ESTALE);
    assert_int_equal(lm_call_args(kept).n, 0);
    assert_false(lm_call_alive(kept));
    ask(c, "test:echo", "3", &after);
    WORLD_UNTIL(&w, after.answers);
    assert_int_equal(h.answers, 1);
    assert_string_equal(h.data, "1");
    world_close(&w);
}

static void scribbling_over_arguments_hurts_nobody(void **state)
{
    (void)state;
    struct world w;
    struct heard h[3] = {0};

    start(&w);
    struct lm_client *c = world_client(&w);
    lm_client_hold(c);
    for (int i = 0; i < 3; i++)
        ask(c, i == 1 ? "test:keep" : "test:echo", "[123456789]", &h[i]);
    lm_client_flush(c);
    WORLD_UNTIL(&w, runs == 3);
    struct lm_str args = lm_call_args(kept);
    memset((char *)(uintptr_t)args.p, 'x', args.n);
    assert_int_equal(lm_fail(kept, LM_HANDLER_ERROR, "crashed", LM_STR("{\"at\":1}")), 0);
    WORLD_UNTIL(&w, h[0].answers && h[1].answers && h[2].answers);
    assert_int_equal(h[1].code, LM_HANDLER_ERROR);
    assert_string_equal(h[1].message, "crashed");
    assert_string_equal(h[1].details, "{\"at\":1}");
    assert_string_equal(h[2].data, "[123456789]");
    world_close(&w);
}

static void a_handler_that_never_answers_times_out(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0};
    uint64_t request;
    struct lm_ask slow = {.channel = "test:keep", .timeout_ms = 30, .on_answer = hear, .ctx = &h};

    start(&w);
    assert_int_equal(lm_client_ask(world_client(&w), &slow, &request), 0);
    WORLD_UNTIL(&w, h.answers);
    assert_int_equal(h.code, LM_TIMEOUT);
    assert_int_equal(cancelled_runs, 1);
    assert_int_equal(lm_reply(kept, LM_STR("too late")), -ESTALE);
    world_close(&w);
}

static void a_cancel_is_answered_at_once(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0};

    start(&w);
    struct lm_client *c = world_client(&w);
    uint64_t request = ask(c, "test:keep", "", &h);
    WORLD_UNTIL(&w, runs);
    int64_t start_us = clock_mono_us();
    assert_int_equal(lm_client_cancel(c, request), 0);
    WORLD_UNTIL(&w, h.answers);
    assert_true(clock_mono_us() - start_us < 10000);
    assert_int_equal(h.code, LM_CANCELLED);
    assert_int_equal(cancelled_runs, 1);
    assert_false(lm_call_alive(kept));
    world_close(&w);
}

static void a_caller_that_leaves_ends_its_calls(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0}, other = {0};

    start(&w);
    struct lm_client *c = world_client(&w), *stays = world_client(&w);
    ask(c, "test:keep", "", &h);
    WORLD_UNTIL(&w, runs);
    lm_client_close(c);
    w.clients[0] = NULL;
    assert_int_equal(h.code, LM_DISCONNECTED);
    WORLD_UNTIL(&w, cancelled_runs);
    ask(stays, "test:echo", "1", &other);
    WORLD_UNTIL(&w, other.answers);
    world_close(&w);
}

static void unknown_channels_and_bad_arguments_are_refused(void **state)
{
    (void)state;
    struct world w;
    struct heard h[4] = {0};

    start(&w);
    must_register(&w, "test:strict",
                  (struct lm_handler){
                      .call = echo,
                      .schema = "{\"type\":\"object\",\"required\":[\"n\"],\"properties\":{\"n\":{"
                                "\"type\":\"integer\",\"minimum\":1}},"
                                "\"additionalProperties\":false}"});
    struct lm_client *c = world_client(&w);
    ask(c, "test:nobody", "", &h[0]);
    ask(c, "test:echo", "{\"a\":", &h[1]);
    ask(c, "test:strict", "{\"n\":0}", &h[2]);
    ask(c, "test:strict", "{\"n\":1,\"m\":2}", &h[3]);
    WORLD_UNTIL(&w, h[0].answers && h[1].answers && h[2].answers && h[3].answers);
    assert_int_equal(h[0].code, LM_UNKNOWN_CHANNEL);
    assert_int_equal(h[1].code, LM_VALIDATION_ERROR);
    assert_int_equal(h[2].code, LM_VALIDATION_ERROR);
    assert_string_equal(h[2].details, "{\"path\":\"n\",\"reason\":\"must be at least 1\"}");
    assert_string_equal(h[3].details, "{\"path\":\"m\",\"reason\":\"is not known here\"}");
    assert_int_equal(runs, 0);
    world_close(&w);
}

static const char *refuse_two(struct lm_str args, void *ctx)
{
    (void)ctx;
    return args.n == 1 && args.p[0] == '2' ? "two is not welcome" : NULL;
}

static void a_validation_callback_gives_its_reason(void **state)
{
    (void)state;
    struct world w;
    struct heard one = {0}, two = {0};

    start(&w);
    must_register(&w, "test:picky", (struct lm_handler){.call = echo, .validate = refuse_two});
    struct lm_client *c = world_client(&w);
    ask(c, "test:picky", "1", &one);
    ask(c, "test:picky", "2", &two);
    WORLD_UNTIL(&w, one.answers && two.answers);
    assert_int_equal(one.code, LM_OK);
    assert_int_equal(two.code, LM_VALIDATION_ERROR);
    assert_string_equal(two.message, "two is not welcome");
    world_close(&w);
}

static void rates_hold_for_the_channel_and_for_each_client(void **state)
{
    (void)state;
    struct world w;
    struct heard h[6] = {0};

    start(&w);
    must_register(&w, "test:all", (struct lm_handler){.call = echo, .rate = {2, 60000}});
    must_register(&w, "test:each", (struct lm_handler){.call = echo, .client_rate = {1, 60000}});
    struct lm_client *a = world_client(&w), *b = world_client(&w);
    for (int i = 0; i < 3; i++)
        ask(a, "test:all", "", &h[i]);
    ask(a, "test:each", "", &h[3]);
    ask(a, "test:each", "", &h[4]);
    ask(b, "test:each", "", &h[5]);
    WORLD_UNTIL(&w, h[2].answers && h[4].answers && h[5].answers);
    assert_int_equal(h[1].code, LM_OK);
    assert_int_equal(h[2].code, LM_RATE_LIMITED);
    assert_non_null(strstr(h[2].details, "retry_after_ms"));
    assert_int_equal(h[3].code, LM_OK);
    assert_int_equal(h[4].code, LM_RATE_LIMITED);
    assert_int_equal(h[5].code, LM_OK);
    world_close(&w);
}

/* Returns 1 GB, and 20 MB when asked for less. */
static void huge(struct lm_call call, void *ctx)
{
    static char *bytes;
    const size_t n = lm_call_args(call).n ? 20u << 20 : 1u << 30;

    (void)ctx;
    bytes = calloc(1, n); /* untouched pages */
    assert_non_null(bytes);
    assert_int_equal(lm_reply(call, (struct lm_str){bytes, n}), -EMSGSIZE);
    free(bytes);
}

static void an_answer_of_a_gigabyte_is_too_large(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0}, less = {0}, after = {0};

    start(&w);
    must_register(&w, "test:huge", (struct lm_handler){.call = huge});
    struct lm_client *c = world_client(&w);
    ask(c, "test:huge", "", &h);
    ask(c, "test:huge", "1", &less);
    ask(c, "test:echo", "1", &after);
    WORLD_UNTIL(&w, h.answers && less.answers && after.answers);
    assert_int_equal(h.code, LM_TOO_LARGE);
    assert_int_equal(less.code, LM_TOO_LARGE);
    assert_int_equal(after.code, LM_OK);
    world_close(&w);
}

static void attachments(struct lm_call call, void *ctx)
{
    struct lm_str back[3];

    (void)ctx;
    assert_int_equal(lm_call_attachments(call), 2);
    assert_int_equal(lm_call_attachment(call, 2).n, 0);
    back[0] = lm_call_attachment(call, 1);
    back[1] = lm_call_attachment(call, 0);
    back[2] = LM_STR("");
    assert_int_equal(lm_reply_with(call, LM_STR("[]"), back, 3), 0);
}

static void hear_attachments(struct lm_client *c, const struct lm_answer *a, void *ctx)
{
    (void)c;
    assert_int_equal(a->attachments.count, 3);
    assert_memory_equal(lm_attachment(&a->attachments, 0).p, "\0two", 4);
    assert_memory_equal(lm_attachment(&a->attachments, 1).p, "one", 3);
    assert_int_equal(lm_attachment(&a->attachments, 2).n, 0);
    ((struct heard *)ctx)->answers++;
}

static void attachments_travel_both_ways(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0};
    struct lm_str there[] = {LM_STR("one"), {"\0two", 4}};
    struct lm_ask a = {.channel = "test:bytes",
                       .attachments = there,
                       .attachment_count = 2,
                       .on_answer = hear_attachments,
                       .ctx = &h};

    start(&w);
    must_register(&w, "test:bytes", (struct lm_handler){.call = attachments});
    assert_int_equal(lm_client_ask(world_client(&w), &a, NULL), 0);
    WORLD_UNTIL(&w, h.answers);
    world_close(&w);
}

static void handlers_are_checked_when_registered(void **state)
{
    (void)state;
    struct world w;
    const char *reason = NULL;

    start(&w);
    assert_int_equal(
        lm_manager_register(w.manager, "two words", &(struct lm_handler){.call = echo}, &reason),
        -EINVAL);
    assert_int_equal(lm_manager_register(w.manager, "a:b", &(struct lm_handler){0}, &reason),
                     -EINVAL);
    assert_int_equal(
        lm_manager_register(w.manager, "test:echo", &(struct lm_handler){.call = echo}, &reason),
        -EEXIST);
    assert_int_equal(
        lm_manager_register(w.manager, "a:b",
                            &(struct lm_handler){.call = echo, .schema = "{\"pattern\":\"x\"}"},
                            &reason),
        -EINVAL);
    assert_non_null(strstr(reason, "keyword"));
    assert_int_equal(lm_manager_unregister(w.manager, "test:echo"), 0);
    assert_int_equal(lm_manager_unregister(w.manager, "test:echo"), -ENOENT);
    world_close(&w);
}

static void a_channel_may_go_while_a_call_is_open(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0}, after = {0};

    struct lm_client *c = start_kept(&w, "", &h);
    assert_int_equal(lm_manager_unregister(w.manager, "test:keep"), 0);
    ask(c, "test:keep", "", &after);
    WORLD_UNTIL(&w, after.answers);
    assert_int_equal(after.code, LM_UNKNOWN_CHANNEL);
    assert_int_equal(lm_reply(kept, LM_STR("1")), 0);
    WORLD_UNTIL(&w, h.answers);
    assert_int_equal(h.code, LM_OK);
    world_close(&w);
}

static void a_server_that_ends_says_so(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0};

    start_kept(&w, "", &h);
    lm_manager_free(w.manager);
    w.manager = NULL;
    WORLD_UNTIL(&w, h.answers);
    assert_int_equal(h.code, LM_DISCONNECTED);
    world_close(&w);
}

static void metrics_have_their_names(void **state)
{
    (void)state;
    static const char *const names[] = {"totalRequests",    "totalResponses",
                                        "totalErrors",      "averageResponseTime",
                                        "cacheHitRate",     "batchedRequests",
                                        "streamedRequests", "totalBatches",
                                        "averageBatchSize", "averageProcessingTime",
                                        "failedBatches",    "totalStreams",
                                        "totalChunks",      "totalBytes",
                                        "averageChunkSize", "averageStreamTime",
                                        "failedStreams",    "latency",
                                        "slowest"};
    struct world w;
    struct heard h = {0};

    start(&w);
    ask(world_client(&w), "test:echo", "1", &h);
    WORLD_UNTIL(&w, h.answers);
    char *metrics = lm_manager_metrics(w.manager);
    assert_non_null(metrics);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(strstr(metrics, names[i]));
    assert_non_null(strstr(metrics, "{\"manager\":{\"totalRequests\":1,\"totalResponses\":1,"));
    free(metrics);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_answered),
        cmocka_unit_test(a_call_may_be_answered_later),
        cmocka_unit_test(answering_twice_is_an_error_of_the_handler_alone),
        cmocka_unit_test(scribbling_over_arguments_hurts_nobody),
        cmocka_unit_test(a_handler_that_never_answers_times_out),
        cmocka_unit_test(a_cancel_is_answered_at_once),
        cmocka_unit_test(a_caller_that_leaves_ends_its_calls),
        cmocka_unit_test(unknown_channels_and_bad_arguments_are_refused),
        cmocka_unit_test(a_validation_callback_gives_its_reason),
        cmocka_unit_test(rates_hold_for_the_channel_and_for_each_client),
        cmocka_unit_test(an_answer_of_a_gigabyte_is_too_large),
        cmocka_unit_test(attachments_travel_both_ways),
        cmocka_unit_test(handlers_are_checked_when_registered),
        cmocka_unit_test(a_channel_may_go_while_a_call_is_open),
        cmocka_unit_test(a_server_that_ends_says_so),
        cmocka_unit_test(metrics_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
