/* SPDX-License-Identifier: MIT
 *
 * manager_model_test.c - random calls, batches, streams, cancels, lost connections and bad handlers
 * against a naive model: every question has exactly one last answer, and it is one it may have.
 *
 * LOGMILL_ROUNDS multiplies the number of steps. A second test has clients in threads of their own.
 */
#include "ipc/ipc_world_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { CLIENTS = 6, QUESTIONS = 40000, KINDS = 7, LATER_MAX = 256 };

/* What the model knows of one question. */
struct question {
    int kind, number, answers, chunks;
    bool cancelled, left; /* the answer may be IPC_CANCELLED, or IPC_DISCONNECTED */
    bool streaming;
    int next; /* number that the next chunk begins with */
    struct lm_client *client;
    uint64_t request;
};

static struct question questions[QUESTIONS];
static int asked;
static struct lm_call later[LATER_MAX];
static int later_count;
static int opened, closed;
static uint64_t seed = 20260115;

static uint32_t dice(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

/* --- handlers --- */

static int number_in(struct lm_call call)
{
    int64_t n = -1;
    (void)lm_json_get_int(lm_call_args(call), "n", &n);
    return (int)n;
}

static int reply_number(struct lm_call call, int number)
{
    char text[16];
    size_t n = (size_t)snprintf(text, sizeof text, "%d", number);
    return lm_reply(call, (struct lm_str){text, n});
}

static void at_once(struct lm_call call, void *ctx)
{
    (void)ctx;
    int n = number_in(call);
    assert_int_equal(reply_number(call, n), 0);
    assert_int_equal(reply_number(call, n), -ESTALE);
}

static void failing(struct lm_call call, void *ctx)
{
    (void)ctx;
    assert_int_equal(lm_failf(call, LM_HANDLER_ERROR, "%d", number_in(call)), 0);
}

static void put_off(struct lm_call call, void *ctx)
{
    (void)ctx;
    if (later_count < LATER_MAX)
        later[later_count++] = call;
    else
        (void)reply_number(call, number_in(call));
}

/* Whatever number is at the end of the list, it may have been cancelled long ago. */
static void answer_some(uint32_t n)
{
    while (n-- && later_count > 0) {
        uint32_t i = dice((uint32_t)later_count);
        int number = number_in(later[i]);
        int err = dice(8) ? reply_number(later[i], number)
                          : lm_failf(later[i], LM_HANDLER_ERROR, "%d", number);
        assert_true(err == 0 || err == -ESTALE);
        later[i] = later[--later_count];
    }
}

static void never(struct lm_call call, void *ctx)
{
    (void)call;
    (void)ctx;
}

static void together(const struct lm_call *calls, size_t n, void *ctx)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        int number = number_in(calls[i]);
        if (number % 7 == 0)
            (void)lm_failf(calls[i], LM_HANDLER_ERROR, "%d", number);
        else if (number % 5 == 0)
            put_off(calls[i], NULL);
        else
            assert_int_equal(reply_number(calls[i], number), 0);
    }
}

struct walk {
    int at, end, fail_at;
};

static int walk_open(struct lm_call call, void *ctx, void **ret_state)
{
    struct walk *w = malloc(sizeof *w);
    int number = number_in(call);

    (void)ctx;
    assert_non_null(w);
    *w = (struct walk){number, number + number % 90, number % 11 ? -1 : number + number % 60};
    *ret_state = w;
    opened++;
    return 0;
}

static enum lm_next walk_next(struct lm_call call, void *state)
{
    struct walk *w = state;
    char text[16];

    if (w->at == w->fail_at) {
        (void)lm_fail(call, LM_HANDLER_ERROR, "stumbled", (struct lm_str){0});
        return LM_NEXT_MORE;
    }
    if (w->at == w->end)
        return LM_NEXT_END;
    size_t n = (size_t)snprintf(text, sizeof text, "%d", w->at);
    if (lm_stream_item(call, (struct lm_str){text, n}) == 0)
        w->at++;
    return LM_NEXT_MORE;
}

static void walk_close(void *state)
{
    free(state);
    closed++;
}

/* --- the model --- */

static const char *const channels[KINDS] = {"m:once",  "m:fail", "m:later", "m:never",
                                            "m:batch", "m:walk", "m:nobody"};

static bool may_be(const struct question *q, enum lm_code code)
{
    if ((code == LM_CANCELLED && q->cancelled) || (code == LM_DISCONNECTED && q->left))
        return true;
    switch (q->kind) {
    case 0:
        return code == LM_OK;
    case 1:
        return code == LM_HANDLER_ERROR;
    case 3:
        return code == LM_TIMEOUT;
    case 6:
        return code == LM_UNKNOWN_CHANNEL;
    default:
        return code == LM_OK || code == LM_HANDLER_ERROR;
    }
}

/* Views have no terminator. */
static int number_of(struct lm_str text)
{
    char digits[16];

    keep_text(digits, sizeof digits, text);
    return atoi(digits);
}

static void on_answer(struct lm_client *c, const struct lm_answer *a, void *ctx)
{
    struct question *q = ctx;

    (void)c;
    assert_int_equal(q->answers, 0);
    if (a->stream) {
        q->streaming = true;
        return;
    }
    q->answers++;
    if (!may_be(q, a->code))
        fail_msg("question %d of %s ended with %s", q->number, channels[q->kind],
                 lm_code_name(a->code));
    if (a->code == LM_OK && q->kind != 5)
        assert_int_equal(number_of(a->data), q->number);
}

static void on_chunk(struct lm_client *c, const struct lm_chunk *chunk, void *ctx)
{
    struct question *q = ctx;

    (void)c;
    assert_true(q->streaming && q->answers == 0);
    assert_int_equal(chunk->index, q->chunks++);
    if (chunk->data.n > 2) {
        assert_int_equal(number_of((struct lm_str){chunk->data.p + 1, chunk->data.n - 1}), q->next);
        for (size_t i = 0; i < chunk->data.n; i++)
            q->next += chunk->data.p[i] == ',';
        q->next++;
    }
    if (chunk->last) {
        q->answers++;
        assert_int_equal(q->next, q->number + q->number % 90);
    }
}

static void ask_something(struct lm_client *c)
{
    struct question *q = &questions[asked];
    char args[32];
    int kind = (int)dice(KINDS);

    *q = (struct question){.kind = kind, .number = asked + 1, .next = asked + 1, .client = c};
    size_t n = (size_t)snprintf(args, sizeof args, "{\"n\":%d}", q->number);
    struct lm_ask a = {.channel = channels[kind],
                       .args = {args, n},
                       .timeout_ms = kind == 3 ? 1 + dice(5) : 0,
                       .window = 100 + dice(2000),
                       .on_answer = on_answer,
                       .on_chunk = kind == 5 ? on_chunk : NULL,
                       .ctx = q};
    int err = lm_client_ask(c, &a, &q->request);
    if (err == 0)
        asked++;
    else
        assert_int_equal(err, -ENOTCONN);
}

static void cancel_something(void)
{
    struct question *q = &questions[asked > 200 ? asked - 1 - (int)dice(200) : 0];

    if (asked && q->client && !q->answers && !q->left &&
        lm_client_cancel(q->client, q->request) == 0)
        q->cancelled = true;
}

static void leave(struct world *w, int i)
{
    for (int k = 0; k < asked; k++)
        if (questions[k].client == w->clients[i]) {
            questions[k].left = true;
            if (questions[k].answers)
                questions[k].client = NULL;
        }
    lm_client_close(w->clients[i]);
    for (int k = 0; k < asked; k++)
        if (questions[k].client == w->clients[i])
            questions[k].client = NULL;
    w->client_count = i; /* world_client() fills this place */
    world_client(w);
    w->client_count = CLIENTS;
}

static int unanswered(void)
{
    int n = 0;

    for (int i = 0; i < asked; i++)
        n += questions[i].answers == 0;
    return n;
}

static void one_step(struct world *w)
{
    uint32_t what = dice(100);

    if (what < 60 && asked < QUESTIONS)
        ask_something(w->clients[dice(CLIENTS)]);
    else if (what < 70)
        cancel_something();
    else if (what < 80)
        answer_some(dice(20));
    else if (what == 80 && dice(10) == 0)
        leave(w, (int)dice(CLIENTS));
    else
        world_turn(w);
}

static void start(struct world *w)
{
    static const struct lm_stream_ops walk = {walk_open, walk_next, walk_close};

    world_open(w, NULL);
    must_register(w, "m:once", (struct lm_handler){.call = at_once});
    must_register(w, "m:fail", (struct lm_handler){.call = failing});
    must_register(w, "m:later", (struct lm_handler){.call = put_off});
    must_register(w, "m:never", (struct lm_handler){.call = never});
    must_register(w, "m:batch",
                  (struct lm_handler){.batch = together, .batch_size = 5, .batch_delay_ms = 2});
    must_register(w, "m:walk", (struct lm_handler){.stream = &walk, .chunk_size = 7});
}

static int rounds(void)
{
    const char *text = getenv("LOGMILL_ROUNDS");
    return text && atoi(text) > 0 ? atoi(text) : 1;
}

static void every_question_has_exactly_one_answer(void **state)
{
    (void)state;
    for (int round = 0; round < rounds(); round++) {
        struct world w;

        asked = later_count = opened = closed = 0;
        start(&w);
        for (int i = 0; i < CLIENTS; i++)
            world_client(&w);
        for (int i = 0; i < 8000; i++)
            one_step(&w);
        for (time_t end = time(NULL) + 30; unanswered() && time(NULL) < end;) {
            answer_some(20);
            world_turn(&w);
        }
        assert_int_equal(unanswered(), 0);
        world_close(&w);
        assert_int_equal(opened, closed);
        assert_true(asked > 3000);
    }
}

/* --- clients in threads --- */

struct thread {
    pthread_t id;
    const char *path;
    int first, wrong;
};

static _Atomic int running;

static void *call_in_thread(void *ctx)
{
    struct thread *t = ctx;
    struct lm_client *c;
    struct lm_answer a;
    char args[32];

    if (lm_client_open(&c, &(struct lm_client_opts){.socket = t->path}) < 0)
        t->wrong++;
    for (int i = 0; c && i < 300; i++) {
        int number = t->first + i;
        size_t n = (size_t)snprintf(args, sizeof args, "{\"n\":%d}", number);
        const char *channel = i % 3 ? "m:once" : "m:batch";
        if (lm_client_call(c, channel, (struct lm_str){args, n}, &a) < 0 ||
            (a.code == LM_OK && number_of(a.data) != number))
            t->wrong++;
    }
    lm_client_close(c);
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static void clients_in_threads_get_their_own_answers(void **state)
{
    (void)state;
    struct thread threads[4] = {0};
    struct world w;

    later_count = 0;
    start(&w);
    atomic_store(&running, 4);
    for (int i = 0; i < 4; i++) {
        threads[i].path = w.path;
        threads[i].first = 100000 * (i + 1);
        assert_int_equal(pthread_create(&threads[i].id, NULL, call_in_thread, &threads[i]), 0);
    }
    while (atomic_load(&running) > 0) {
        assert_true(lm_manager_dispatch(w.manager, 5) >= 0);
        answer_some(20);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i].id, NULL);
        assert_int_equal(threads[i].wrong, 0);
    }
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_question_has_exactly_one_answer),
        cmocka_unit_test(clients_in_threads_get_their_own_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
