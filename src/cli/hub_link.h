/* SPDX-License-Identifier: MIT
 *
 * hub_link.h - a blocking connection to a hub: a Unix socket, TCP, or TLS over TCP.
 *
 * The certificate of a TLS hub must be signed by somebody who is trusted and be for the host of the
 * URL, unless the target says that it does not matter.
 *
 * Threads: the main thread; calls block. Owns: the socket, from open to close.
 */
#ifndef LM_CLI_HUB_LINK_H
#define LM_CLI_HUB_LINK_H

#include "cli/target.h"

#include <openssl/ssl.h>
#include <sys/types.h>

struct hub_link {
    int fd;
    SSL_CTX *context;
    SSL *ssl; /* NULL: plain */
};

/* `place` is of the target's URL; NULL: its socket. silence_ms: how long hub_link_recv() waits at
 * most, 0 = for ever. On failure nothing is open and info has the sentence. */
int hub_link_open(struct hub_link *l, const struct target *t, const struct target_place *place,
                  int silence_ms, struct errinfo *info) LM_MUST_CHECK;
void hub_link_close(struct hub_link *l);

/* All of it. 0 or a negative errno. */
int hub_link_send(struct hub_link *l, const char *bytes, size_t n) LM_MUST_CHECK;
/* What has come, at least a byte; 0 at the end; -ETIMEDOUT after silence; another negative
 * errno. */
ssize_t hub_link_recv(struct hub_link *l, char *bytes, size_t n) LM_MUST_CHECK;

#endif
