/* SPDX-License-Identifier: MIT
 *
 * daemon.c - the pipeline, wired in the order a line travels.
 *
 *     keepers ─▶ keeper_server ─▶ hub ─▶ sinks: metrics, fanout ─▶ WebSocket, SSE
 *     HTTP    ─▶ http_in ────────▶┘└─▶ journal ─▶ store ─▶ queries, replay
 *     doors: the local socket (frames or HTTP, told apart by the first byte) and TCP (HTTP)
 *
 * start() opens the parts one after the other (parts.c has their options), daemon_run() runs the
 * loop until signals.c ends it, clean_up() lets go.
 *
 * Threads: the main thread becomes the loop thread.
 * Owns:    every module.
 */
#include "daemon/daemon.h"

#include "base/diag.h"
#include "daemon/daemon_parts.h"
#include "daemon/state_lock.h"
#include "source/keeper_in.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static int start(struct daemon *d, struct errinfo *info)
{
    int err = state_dir_make(d->settings->state_dir, info);

    d->lock_fd = d->inherited.lock; /* of the same process, so it holds and the pid is right */
    if (err == 0 && d->lock_fd < 0)
        err = state_lock(d->settings->state_dir, &d->lock_fd, info);
    if (err == 0)
        err = daemon_open_hub(d, info);
    if (err == 0)
        err = daemon_open_applog(d, info);
    if (err == 0)
        err = daemon_open_streams(d);
    if (err == 0)
        err = daemon_open_sources(d, info);
    if (err == 0)
        err = daemon_open_admin(d);
    if (err == 0)
        err = daemon_open_api(d, info);
    if (err == 0)
        err = daemon_open_doors(d, info);
    if (err < 0 && info->code == 0)
        err_set(info, err, "cannot start: %s", err_text(err));
    return err;
}

/* After the loop has ended; also after a start that failed half-way. */
static void clean_up(struct daemon *d)
{
    diag_listen(NULL, NULL);
    listener_close(d->tcp);
    listener_close(d->local);
    supervise_free(d->supervise);
    keeper_server_free(d->keepers);
    d->keepers = NULL; /* on_room() may still come */
    ipc_free(d->ipc);
    ring_server_free(d->rings);
    http_in_free(d->http_in);
    d->http_in = NULL;
    socketio_free(d->api.socketio);
    tail_free(d->tail);
    fanout_free(d->fanout);
    admin_free(d->admin);
    applog_free(d->applog);
    d->applog = NULL;
    zone_fini(&d->api.zone);
    auth_free(d->auth);
    tls_free(d->tls);
    peers_fini(&d->peers);
    own_fini(&d->own);
    store_close(d->store);
    hub_close(&d->hub);
    daemon_use_settings(d, NULL, NULL);
    settings_over_fini(&d->over);
    if (d->lock_fd >= 0 && !d->upgrading)
        close(d->lock_fd);
}

/* Somebody cut a mapped journal file short, or the disk cannot read it. No code below could go on;
 * the handler only says what it was, and the instruction meets the default action again. */
static void on_bus_error(int signum)
{
    static const char text[] =
        "logmill serve: a file of the journal was cut short or cannot be read. Start it again: "
        "what is whole stays, and keepers hold what was not acknowledged.\n";

    (void)signum;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
}

/* Each client and each file of the journal takes a descriptor, and 1024, which a shell gives, is no
 * promise the hub could keep. Children get the old limit: programs that use select() count on
 * it. */
static void raise_descriptor_limit(struct daemon *d)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
        return;
    d->children_nofile = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        d->children_nofile = 0;
}

static void on_process_change(struct process_observer *o, const struct process *p)
{
    (void)p;
    daemon_announce(LIST_ITEM(o, struct daemon, start_watch));
}

int daemon_run(const struct settings *settings, struct errinfo *info)
{
    static struct daemon d;
    int err;

    d = (struct daemon){.settings = settings, .lock_fd = -1, .next = {-1, -1, -1, 0, NULL}};
    upgrade_take_over(&d.inherited);
    raise_descriptor_limit(&d);
    if (d.inherited.nofile)
        d.children_nofile = d.inherited.nofile;
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGBUS,
              &(struct sigaction){.sa_handler = on_bus_error, .sa_flags = (int)SA_RESETHAND}, NULL);
    err = loop_init(&d.loop);
    if (err < 0)
        return err_set(info, err, "cannot start the event loop: %s", err_text(err));
    list_init(&d.strangers);
    err = start(&d, info);
    if (err == 0) {
        daemon_watch_signals(&d);
        diag_info("Local socket: %s", settings->socket);
        d.start_watch.changed = on_process_change;
        supervise_observe(d.supervise, &d.start_watch);
        supervise_start(d.supervise);
        free(d.inherited.at_rest);
        d.inherited.at_rest = NULL;
        daemon_announce(&d);
        loop_run(&d.loop);
    }
    clean_up(&d);
    return err == 0 && d.upgrading ? daemon_become_next(&d, info) : err;
}
