/* SPDX-License-Identifier: MIT
 *
 * daemon_parts.h - what the files of this folder share: all modules of the hub, and who does what
 * with them.
 *
 *     daemon.c runs; parts.c opens each module; intake.c is the hub as sources see it; doors.c lets clients in;
 *     signals.c stops, reloads and hands over; state_lock.c keeps a second hub out
 *
 * This is the only place where all modules meet; none of them includes this struct.
 *
 * Threads: loop thread. Owns: every module, in struct daemon.
 */
#ifndef LM_DAEMON_PARTS_H
#define LM_DAEMON_PARTS_H

#include "api/dispatch.h"
#include "api/ipc.h"
#include "conf/settings_over.h"
#include "hub/own.h"
#include "net/listen.h"
#include "net/peers.h"
#include "net/tls.h"
#include "proc/upgrade.h"
#include "source/ring_in.h"
#include "source/tailer.h"
#include "store/applog.h"
#include "stream/admin.h"

struct daemon {
    const struct settings *settings;
    struct loop loop;
    struct metrics metrics;
    struct hub hub;
    struct store *store;
    struct applog *applog;
    struct fanout *fanout;
    struct admin *admin;
    struct supervise *supervise;
    struct keeper_server *keepers;
    struct http_in *http_in;
    struct ipc *ipc;
    struct ring_server *rings;
    struct tail *tail;
    struct auth *auth;
    struct http_server http;
    struct api api;
    struct listener *local, *tcp;
    struct peers peers;
    struct tls *tls;                     /* NULL: TCP is served in plain */
    struct process_observer start_watch; /* until the URL has been said */
    uv_signal_t sigint, sigterm, sighup, sigusr2;
    struct settings *reloaded; /* the processes' configuration of today; NULL = that of the start */
    struct settings *followed; /* the same for files; may be the same, or older */
    struct settings_over over; /* what calls have set on top of it */
    struct hand_over inherited, next; /* from the program before, for the one after */
    void (*upgrade_done)(void *ctx, const char *why); /* NULL = nobody asked for an upgrade */
    void *upgrade_ctx;
    struct list strangers; /* local connections that have said nothing yet */
    struct own_records own;
    int lock_fd;
    uint64_t children_nofile; /* what the soft limit of descriptors was; 0 = not changed */
    bool stopping, said_url, upgrading;
};

/* --- parts.c: each opens its modules and joins them to those opened before --- */

/* The history, then the hub, which goes on behind it, then the hub's records of its own. */
int daemon_open_hub(struct daemon *d, struct errinfo *info) LM_MUST_CHECK;
/* The days of files and downloads, and the daily files. */
int daemon_open_applog(struct daemon *d, struct errinfo *info) LM_MUST_CHECK;
int daemon_open_streams(struct daemon *d) LM_MUST_CHECK;
/* Processes and their keepers, HTTP, followed files. */
int daemon_open_sources(struct daemon *d, struct errinfo *info) LM_MUST_CHECK;
/* The stream of the process cards. */
int daemon_open_admin(struct daemon *d) LM_MUST_CHECK;
/* Who may ask, the routes, and calls over the local socket. */
int daemon_open_api(struct daemon *d, struct errinfo *info) LM_MUST_CHECK;

/* --- intake.c --- */

struct intake daemon_intake(struct daemon *d);

/* --- doors.c --- */

/* The doors of the program before this one, if they are where the configuration wants them; new
 * ones otherwise. */
int daemon_open_doors(struct daemon *d, struct errinfo *info) LM_MUST_CHECK;
/* For the next program they stay open: who calls meanwhile waits in the queue. */
void daemon_close_doors(struct daemon *d);
/* Says the URL once every configured process has begun, or failed to. */
void daemon_announce(struct daemon *d);

/* --- signals.c --- */

/* Stop, reload and upgrade by signals. */
void daemon_watch_signals(struct daemon *d);
/* Children have ended (or stay with their keepers): close the doors, let the last bytes out. The
 * loop ends by itself when nothing is left to wait for. `ctx` is the daemon. */
void daemon_finish(void *ctx);
/* The configuration that processes and that files go by from now on; the old ones go when nobody
 * needs them. NULL = that of the start. */
void daemon_use_settings(struct daemon *d, struct settings *processes, struct settings *files);
/* As the API may ask for them. */
struct hub_control daemon_control(struct daemon *d);
/* Everything is closed but what the next program goes on with. Only returns when it fails. */
int daemon_become_next(struct daemon *d, struct errinfo *info) LM_MUST_CHECK;

#endif
