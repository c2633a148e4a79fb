/* SPDX-License-Identifier: MIT
 *
 * logmill/uv.h - a manager or a client in a libuv loop. Header only: the library itself needs no
 * libuv.
 *
 *     struct lm_uv at;
 *     lm_uv_manager(uv_default_loop(), &at, manager);
 *     ...
 *     lm_uv_stop(&at, NULL);    before the manager is freed
 */
#ifndef LOGMILL_UV_H
#define LOGMILL_UV_H

#include <logmill/client.h>
#include <logmill/manager.h>
#include <uv.h>

struct lm_uv {
    uv_poll_t poll;
    struct lm_manager *manager;
    struct lm_client *client;
};

static inline void lm_uv_ready(uv_poll_t *poll, int status, int events)
{
    struct lm_uv *at = (struct lm_uv *)poll->data;

    (void)status;
    (void)events;
    if (at->manager)
        (void)lm_manager_dispatch(at->manager, 0);
    else
        (void)lm_client_dispatch(at->client, 0);
}

static inline int lm_uv_start(uv_loop_t *loop, struct lm_uv *at, int fd)
{
    int err = uv_poll_init(loop, &at->poll, fd);

    at->poll.data = at;
    return err < 0 ? err : uv_poll_start(&at->poll, UV_READABLE, lm_uv_ready);
}

/* `at` is the caller's and lives until lm_uv_stop() has closed it. 0 or libuv's code. */
static inline int lm_uv_manager(uv_loop_t *loop, struct lm_uv *at, struct lm_manager *manager)
{
    at->manager = manager;
    at->client = NULL;
    return lm_uv_start(loop, at, lm_manager_fd(manager));
}

static inline int lm_uv_client(uv_loop_t *loop, struct lm_uv *at, struct lm_client *client)
{
    at->manager = NULL;
    at->client = client;
    return lm_uv_start(loop, at, lm_client_fd(client));
}

/* closed (may be NULL) is called when `at` may go. */
static inline void lm_uv_stop(struct lm_uv *at, uv_close_cb closed)
{
    uv_close((uv_handle_t *)&at->poll, closed);
}

#endif
