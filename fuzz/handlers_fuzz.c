/* SPDX-License-Identifier: MIT
 *
 * handlers_fuzz.c - any arguments for every channel that the hub itself serves.
 *
 * The first byte chooses the channel and whether an administrator asks or somebody who may see one
 * source only; the rest are the arguments, as they come in a frame. Behind it is a whole hub
 * without doors: a journal and a store in a temporary folder, a supervisor without processes, the
 * manager with its handlers. What must hold: no memory error, no assertion; answers are JSON,
 * failures have a sentence; each question is answered once, and when the caller leaves nothing of
 * it remains.
 *
 * The hub is made at the first input and lives until the process ends, as a hub does.
 */
#include "api/ipc_impl.h"
#include "daemon/daemon_parts.h"

#include "base/diag.h"
#include "ipc/call_frame.h"
#include "record/json.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REQUEST = 7, FOLLOWED_TURNS = 4, LIMITED = 0x80 };

static const char *const channels[] = {
    "logs:get",      "logs:search",     "logs:count",     "logs:popular",      "logs:scan",
    "logs:clear",    "logs:write",      "logs:register",  "logs:subscribe",    "processes:list",
    "processes:get", "processes:start", "processes:stop", "processes:restart", "processes:watch",
    "system:info",   "system:metrics",  "config:get",     "config:validate",   "config:set",
    "config:watch",  "ai:explain",      "ai:summarize",
};

static struct daemon hub;
static struct settings settings;
static char folder[] = "/tmp/logmill-fuzz-XXXXXX";

/* What came back to one caller. */
struct answers {
    struct buf bytes;
    unsigned finals; /* results and failures of the one question */
    bool closed;
};

/* --- a hub without doors --- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_folder(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int control_set(void *daemon, const struct setting_info *what, struct str text,
                       struct buf *said, struct errinfo *info)
{
    (void)daemon;
    (void)what;
    buf_printf(said, "set");
    return text.n % 2 ? 0 : err_set(info, -LM_E_INVALID, "not this value");
}

static const struct settings *control_today(void *daemon)
{
    (void)daemon;
    return &settings;
}

static int open_core(struct errinfo *info)
{
    struct store_opts so = {.loop = &hub.loop, .state_dir = settings.state_dir};
    struct hub_opts ho = {
        .loop = &hub.loop, .state_dir = settings.state_dir, .journal_max = settings.journal_max};
    int err = store_open(&hub.store, &so, info);

    if (err == 0)
        err = hub_open(&hub.hub, &ho, info);
    if (err == 0)
        err = store_attach(hub.store, &hub.hub);
    if (err == 0)
        err = own_init(&hub.own, &hub.hub, &hub.loop, STR("logmill"),
                       &hub.metrics.own_records_lost_total);
    struct supervise_opts sup = {.loop = &hub.loop, .settings = &settings};
    return err < 0 ? err : supervise_new(&hub.supervise, &sup, info);
}

static int open_handlers(void)
{
    struct intake intake = daemon_intake(&hub);

    hub.api = (struct api){.loop = &hub.loop,
                           .hub = &hub.hub,
                           .store = hub.store,
                           .supervise = hub.supervise,
                           .own = &hub.own,
                           .metrics = &hub.metrics,
                           .settings = &settings,
                           .control = {.set = control_set, .today = control_today},
                           .base_path = ""};
    running_init(&hub.api.running);
    int err = ipc_new(&hub.ipc, &hub.api, &intake);
    hub.api.ipc = hub.ipc;
    if (err == 0)
        hub_add_sink(&hub.hub, ipc_sink, hub.ipc);
    return err;
}

static void open_once(void)
{
    static bool is_open;
    struct errinfo info = {0};
    char home[64], state[64], program[] = "hub", flag[] = "--state-dir";
    char *argv[] = {program, flag, state, NULL};
    char *env[] = {home, NULL};
    int argc = 3;

    if (is_open)
        return;
    is_open = true;
    diag_min_level(DIAG_ERROR);
    lm_assert(mkdtemp(folder));
    atexit(remove_folder);
    snprintf(home, sizeof home, "HOME=%s", folder);
    snprintf(state, sizeof state, "%s", folder);
    int err = settings_load(&settings, &argc, argv, env, &info);
    if (err == 0)
        err = loop_init(&hub.loop);
    hub.settings = &settings;
    if (err == 0)
        err = open_core(&info);
    if (err == 0)
        err = open_handlers();
    if (err < 0)
        fprintf(stderr, "the hub does not open: %s %s\n", err_text(err), info.text);
    lm_assert(err == 0);
}

/* --- one caller --- */

static ssize_t take_bytes(void *link, const struct iovec *iov, int n)
{
    struct answers *a = link;
    size_t before = a->bytes.n;

    for (int i = 0; i < n; i++)
        buf_add(&a->bytes, iov[i].iov_base, iov[i].iov_len);
    return (ssize_t)(a->bytes.n - before);
}

static void ignore_pause(void *link, bool paused)
{
    (void)link;
    (void)paused;
}

static void note_close(void *link)
{
    ((struct answers *)link)->closed = true;
}

static void check_answer(const struct frame *f, struct answers *a)
{
    struct result_frame result;
    struct failure_frame failure;
    struct chunk_frame chunk;

    if (f->type == FRAME_RESULT && call_get_result(f, &result) == 0) {
        lm_assert(result.request == REQUEST);
        lm_assert(result.data.n == 0 || json_valid(result.data));
        a->finals += !(result.flags & RESULT_STREAM);
    } else if (f->type == FRAME_FAILURE && call_get_failure(f, &failure) == 0) {
        lm_assert(failure.request == REQUEST && failure.message.n > 0);
        lm_assert(failure.details.n == 0 || json_valid(failure.details));
        a->finals++;
    } else if (f->type == FRAME_CHUNK && call_get_chunk(f, &chunk) == 0) {
        lm_assert(chunk.data.n == 0 || json_valid(chunk.data));
    }
}

static void check_answers(struct answers *a)
{
    struct str rest = buf_str(&a->bytes);
    struct frame f;
    int64_t taken;

    while ((taken = frame_read(rest, FRAME_MAX, &f)) > 0) {
        check_answer(&f, a);
        rest = str_of(rest.p + taken, rest.n - (size_t)taken);
    }
    lm_assert(rest.n == 0);
    lm_assert(a->finals <= 1 && !a->closed);
}

static struct grant *grant_of(bool limited)
{
    static char name[] = "source", value[] = "app";
    struct conf_label label = {.name = name, .value = value};
    struct grant *g = NULL;

    int err = grant_new(&g, limited ? GRANT_TOKEN : GRANT_OWNER, SCOPE_ADMIN, "fuzz", &label,
                        limited ? 1 : 0);
    lm_assert(err == 0);
    return g;
}

static void add_question(struct buf *out, const char *channel, struct str args)
{
    frame_add_hello(out, &(struct frame_hello){.version = FRAME_VERSION,
                                               .features = FRAME_FEATURE_CALLS,
                                               .max_frame = FRAME_MAX});
    call_add(out,
             &(struct call_frame){.request = REQUEST,
                                  .timeout_ms = 60000,
                                  .credit = 1 << 20,
                                  .channel = str_from(channel),
                                  .args = args},
             NULL, 0);
}

static bool is_busy(void)
{
    return !list_empty(&hub.ipc->questions) || !list_empty(&hub.ipc->writes);
}

static void ask(const char *channel, struct str args, bool limited)
{
    static const struct lm_peer_ops ops = {take_bytes, ignore_pause, note_close, NULL};
    struct answers a = {0};
    struct buf out = {0};
    struct lm_peer *peer;
    struct grant *g = grant_of(limited);
    struct lm_caller who = {
        .access = LM_ACCESS_ADMIN, .uid = geteuid(), .name = "fuzz", .context = g};

    int err = lm_peer_attach(hub.ipc->manager, &who, &ops, &a, &peer);
    lm_assert(err == 0);
    add_question(&out, channel, args);
    size_t taken = lm_peer_feed(peer, out.p, out.n);
    lm_assert(taken == out.n);
    for (int i = 0; i < FOLLOWED_TURNS || (is_busy() && a.finals == 0); i++)
        uv_run(&hub.loop.uv, is_busy() ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    check_answers(&a);
    lm_peer_detach(peer);
    while (is_busy())
        uv_run(&hub.loop.uv, UV_RUN_ONCE);
    uv_run(&hub.loop.uv, UV_RUN_NOWAIT);
    lm_assert(list_empty(&hub.ipc->follows) && list_empty(&hub.ipc->watches));
    lm_assert(g->refs == 1);
    grant_unref(g);
    buf_fini(&out);
    buf_fini(&a.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    open_once();
    size_t which = (data[0] & (LIMITED - 1)) % (sizeof channels / sizeof *channels);
    ask(channels[which], str_of((const char *)data + 1, size - 1), data[0] & LIMITED);
    return 0;
}
