/* SPDX-License-Identifier: MIT
 *
 * signals.c - stop, read the configuration again, become the next program: asked for by a signal or
 * by the API.
 *
 * Threads: loop thread. Owns: the daemon's signal handles.
 */
#include "daemon/daemon_parts.h"

#include "base/diag.h"
#include "conf/settings_again.h"
#include "proc/self.h"
#include "source/keeper_in.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

static void close_handle(uv_handle_t *h)
{
    if (!uv_is_closing(h))
        uv_close(h, NULL);
}

void daemon_finish(void *ctx)
{
    struct daemon *d = ctx;

    diag_info(d->upgrading ? "The new program takes over" : "Stopped");
    own_flush(&d->own);
    diag_listen(NULL, NULL);
    daemon_close_doors(d);
    socketio_close(d->api.socketio);
    tail_close(d->tail);
    fanout_close(d->fanout);
    admin_close(d->admin);
    store_stop(d->store);
    keeper_server_close(d->keepers);
    ipc_close(d->ipc);
    ring_server_close(d->rings);
    supervise_free(d->supervise);
    d->supervise = NULL;
    http_close_all(&d->http);
    close_handle((uv_handle_t *)&d->sigint);
    close_handle((uv_handle_t *)&d->sigterm);
    close_handle((uv_handle_t *)&d->sighup);
    close_handle((uv_handle_t *)&d->sigusr2);
}

static void on_stop_signal(uv_signal_t *handle, int signum)
{
    struct daemon *d = handle->data;

    if (d->stopping) {
        diag_warn("Asked again: stopping at once; children stay with their keepers");
        daemon_finish(d);
        return;
    }
    d->stopping = true;
    if (d->settings->on_exit == EXIT_LEAVE) {
        diag_info("%s: stopping; children stay with their keepers",
                  signum == SIGINT ? "SIGINT" : "SIGTERM");
        daemon_finish(d);
        return;
    }
    diag_info("%s: stopping", signum == SIGINT ? "SIGINT" : "SIGTERM");
    supervise_stop_all(d->supervise);
}

static void reload_certificate(struct daemon *d)
{
    struct errinfo info = {0};

    if (!d->tls)
        return;
    if (tls_reload(d->tls, &info) == 0)
        diag_info("The certificate %s was read again", d->settings->tls_cert);
    else
        diag_error("%s; the old certificate stays in use", info.text);
}

static void drop_unused(const struct daemon *d, struct settings *s)
{
    if (!s || s == d->reloaded || s == d->followed)
        return;
    settings_fini(s);
    free(s);
}

void daemon_use_settings(struct daemon *d, struct settings *processes, struct settings *files)
{
    struct settings *old = d->reloaded, *older = d->followed;

    d->reloaded = processes;
    d->followed = files;
    drop_unused(d, old);
    if (older != old)
        drop_unused(d, older);
}

/* Sets *ret_files to the settings that files go by afterwards. */
static int reload_files(struct daemon *d, struct settings *fresh, struct settings **ret_files,
                        struct errinfo *info)
{
    const struct settings *now = d->followed ? d->followed : d->settings;
    int rc = 0;

    *ret_files = d->followed;
    if (now->follow_hash != fresh->follow_hash && (rc = tail_reload(d->tail, fresh, info)) == 0)
        *ret_files = fresh;
    return rc;
}

/* Processes, files, tokens, hosts, origins and the certificate change at once, everything else at
 * the next start. */
static void take_over(struct daemon *d, struct settings *fresh, struct settings *files,
                      struct buf *said)
{
    struct reload_report report;
    struct buf later = {0};

    reload_certificate(d);
    supervise_reload(d->supervise, fresh, &report);
    buf_printf(said, "processes: %u started, %u started anew, %u stopped, %u as before",
               report.started, report.restarted, report.stopped, report.kept);
    buf_printf(said, "; files: %s; %zu tokens", files == fresh ? "changed" : "as before",
               fresh->token_count);
    if (settings_differ(d->settings, fresh, &later) > 0)
        buf_printf(said, "; from the next start on: %.*s", STR_FMT(buf_str(&later)));
    buf_fini(&later);
    daemon_use_settings(d, fresh, files);
    ipc_settings_changed(d->ipc);
}

static int reload(void *daemon, struct buf *said, struct errinfo *info)
{
    struct daemon *d = daemon;
    struct settings *fresh = calloc(1, sizeof *fresh), *files = d->followed;
    struct arena arena = {0};
    int argc = 0;
    char **argv = self_argv(&arena, &argc);
    int rc = fresh && argv ? settings_load_again(fresh, argc, argv, info)
                           : err_set(info, -ENOMEM, "memory is short");

    if (rc == 0)
        rc = settings_over_apply(&d->over, fresh, info);
    if (rc == 0)
        rc = reload_files(d, fresh, &files, info);
    if (rc == 0 && (rc = auth_configure(d->auth, fresh)) == 0)
        take_over(d, fresh, files, said);
    else if (files == fresh)
        daemon_use_settings(d, d->reloaded, files);
    else
        drop_unused(d, fresh);
    arena_fini(&arena);
    return rc;
}

static const struct settings *settings_today(void *daemon)
{
    const struct daemon *d = daemon;

    return d->reloaded ? d->reloaded : d->settings;
}

/* Tried with everything else the configuration says today; if that does not hold, what was set
 * before stays. */
static int set(void *daemon, const struct setting_info *what, struct str text, struct buf *said,
               struct errinfo *info)
{
    struct daemon *d = daemon;
    char **place = &d->over.texts[what - setting_table], *old = *place;

    *place = text.p ? strndup(text.p, text.n) : NULL;
    if (text.p && !*place) {
        *place = old;
        return err_set(info, -ENOMEM, "memory is short");
    }
    int rc = reload(d, said, info);
    if (rc < 0) {
        free(*place);
        *place = old;
        return rc;
    }
    free(old);
    return 0;
}

static void on_hangup(uv_signal_t *handle, int signum)
{
    struct daemon *d = handle->data;
    struct errinfo info = {0};
    struct buf said = {0};

    (void)signum;
    if (d->stopping)
        return;
    if (reload(d, &said, &info) < 0)
        diag_error("SIGHUP: %s; the old configuration holds", info.text);
    else
        diag_info("SIGHUP: %.*s", STR_FMT(buf_str(&said)));
    buf_fini(&said);
}

/* --- becoming the next program --- */

/* For the next program; NULL when memory is short: then it starts what had ended. */
static char *resting(const struct daemon *d)
{
    struct buf out = {0};

    supervise_say_resting(d->supervise, &out);
    buf_add_char(&out, '\0');
    if (buf_error(&out) == 0)
        return out.p;
    buf_fini(&out);
    return NULL;
}

static void on_upgrade_checked(void *ctx, const char *why)
{
    struct daemon *d = ctx;
    void (*done)(void *, const char *) = d->upgrade_done;

    d->upgrade_done = NULL;
    done(d->upgrade_ctx, why);
    if (why || d->stopping) {
        diag_error("No upgrade, the old program goes on: %s", why ? why : "the hub is stopping");
        return;
    }
    d->next.at_rest = resting(d);
    d->stopping = d->upgrading = true;
    daemon_finish(d);
}

static int upgrade(void *daemon, void (*done)(void *ctx, const char *why), void *ctx,
                   struct errinfo *info)
{
    struct daemon *d = daemon;

    if (d->upgrade_done || d->stopping)
        return err_set(info, -LM_E_REFUSED, "the hub is stopping or being upgraded already");
    d->upgrade_done = done;
    d->upgrade_ctx = ctx;
    int rc = upgrade_check(&d->loop, on_upgrade_checked, d, info);
    if (rc < 0)
        d->upgrade_done = NULL;
    return rc;
}

static void nobody_waits(void *ctx, const char *why)
{
    (void)ctx;
    (void)why;
}

static void on_upgrade_signal(uv_signal_t *handle, int signum)
{
    struct errinfo info = {0};

    (void)signum;
    if (upgrade(handle->data, nobody_waits, NULL, &info) < 0)
        diag_error("SIGUSR2: %s", info.text);
}

int daemon_become_next(struct daemon *d, struct errinfo *info)
{
    d->next.lock = d->lock_fd;
    d->next.nofile = d->children_nofile;
    int rc = upgrade_exec(&d->next);

    return err_set(info, rc,
                   "the new program cannot be executed: %s; start the hub again: "
                   "children go on with their keepers, and nothing is lost",
                   err_text(rc));
}

struct hub_control daemon_control(struct daemon *d)
{
    return (struct hub_control){
        .reload = reload, .set = set, .today = settings_today, .upgrade = upgrade, .daemon = d};
}

static void watch_signal(struct daemon *d, uv_signal_t *handle, uv_signal_cb fn, int signum)
{
    uv_signal_init(&d->loop.uv, handle);
    handle->data = d;
    uv_signal_start(handle, fn, signum);
}

void daemon_watch_signals(struct daemon *d)
{
    watch_signal(d, &d->sigint, on_stop_signal, SIGINT);
    watch_signal(d, &d->sigterm, on_stop_signal, SIGTERM);
    watch_signal(d, &d->sighup, on_hangup, SIGHUP);
    watch_signal(d, &d->sigusr2, on_upgrade_signal, SIGUSR2);
}
