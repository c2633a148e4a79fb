/* SPDX-License-Identifier: MIT
 *
 * api.h - what the handlers of routes know of the rest of the hub.
 *
 * The daemon makes one and fills in the modules; handlers get it with every request. Adding a
 * route is one line in routes.def and one function: void name(struct http_req *, struct api *).
 *
 * Threads: loop thread only. Owns: nothing; every module belongs to the daemon.
 */
#ifndef LM_API_API_H
#define LM_API_API_H

#include "api/running.h"
#include "hub/own.h"
#include "hub/publish.h"
#include "metrics/metrics.h"
#include "net/auth.h"
#include "net/http.h"
#include "proc/supervise.h"
#include "record/zone.h"
#include "source/http_in.h"
#include "store/store.h"
#include "stream/fanout.h"
#include "stream/socketio_out.h"

struct ipc;
struct admin;
struct setting_info;

/* What only the whole hub can do; from the daemon. */
struct hub_control {
    /* Reads the configuration again; says in words what changed. */
    int (*reload)(void *daemon, struct buf *said, struct errinfo *info);
    /* Sets one setting on top of the configuration until the hub ends (p NULL: no longer), and
     * reads the configuration again with it. */
    int (*set)(void *daemon, const struct setting_info *what, struct str text, struct buf *said,
               struct errinfo *info);
    /* The configuration as it was read last. Valid until this turn ends. */
    const struct settings *(*today)(void *daemon);
    /* Looks whether the new program takes the configuration, calls done(ctx, why it does not or
     * NULL), and becomes it, in a later turn. -LM_E_REFUSED while one is under way. */
    int (*upgrade)(void *daemon, void (*done)(void *ctx, const char *why), void *ctx,
                   struct errinfo *info);
    void *daemon;
};

struct api {
    struct loop *loop;
    struct auth *auth;
    struct hub *hub;
    struct store *store;
    struct fanout *fanout;
    struct socketio *socketio; /* made by streams_open() */
    struct supervise *supervise;
    struct admin *admin;
    struct own_records *own;
    struct http_in *http_in;
    const struct http_server *http;
    struct ipc *ipc;
    struct metrics *metrics;
    const struct settings *settings;
    struct zone zone; /* time_zone */
    struct running_list running;
    uint32_t downloads; /* under way */
    uint32_t questions; /* to the store, being worked on or waiting */
    struct hub_control control;
    const char *base_path; /* before every route: "/logs", or "" */
};

/* Makes api->socketio; body_max is what the HTTP server takes. */
int streams_open(struct api *api, size_t body_max) LM_MUST_CHECK;

#endif
