/* SPDX-License-Identifier: MIT
 *
 * target.h - which hub a subcommand asks: the local socket, or a URL with what belongs to it.
 *
 *     --url URL       LOGMILL_URL     http://host:port or https://host:port, perhaps with base_path
 *                     LOGMILL_TOKEN   a bearer token
 *     --ca FILE       LOGMILL_CA      PEM: who may have signed the certificate of an https URL; else whom
 *                                     the system trusts
 *     --insecure                      any certificate will do
 *
 * Threads: the main thread. Owns: nothing; texts are those of argv and the environment.
 */
#ifndef LM_CLI_TARGET_H
#define LM_CLI_TARGET_H

#include "base/err.h"
#include "base/str.h"

struct target {
    const char *socket; /* path; used when there is no URL */
    const char *url;    /* or NULL */
    const char *token;  /* for a URL, or NULL */
    const char *ca;     /* or NULL */
    bool insecure;
};

/* Reads the environment, and takes the flags out of argv, up to "--". 0, or an exit status after
 * having said what is wrong. */
int target_take(struct target *t, const char *command, int *argc, char **argv) LM_MUST_CHECK;

/* A URL in its parts. */
struct target_place {
    bool tls;
    struct str authority; /* host and port as written */
    struct str prefix;    /* "" or what stands before every path, as in "/logs" */
    char host[256], port[16];
};
int target_read_url(const struct target *t, struct target_place *ret,
                    struct errinfo *info) LM_MUST_CHECK;

#endif
