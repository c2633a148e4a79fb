/* SPDX-License-Identifier: MIT
 *
 * secrets.h - random texts that stand for a grant for a while: sessions and tickets.
 *
 * Kept as SHA-256, looked up by comparing with every slot in constant time, so that neither memory
 * nor timing gives one away. The table has a fixed size.
 *
 * Threads: loop thread only. Owns: a reference to the grant of each secret.
 */
#ifndef LM_NET_SECRETS_H
#define LM_NET_SECRETS_H

#include "net/grant.h"

#include <openssl/sha.h>

enum { SECRET_DIGITS = 32, SECRET_PATH_MAX = 128 };

struct secret {
    unsigned char hash[SHA256_DIGEST_LENGTH];
    struct grant *grant; /* NULL: free */
    int64_t made_us;
    /* Of tickets for streams: */
    char path[SECRET_PATH_MAX]; /* the only one it is for; empty: not used yet */
    bool used;
    uint32_t live;    /* connections that came with it */
    int64_t ended_us; /* when the last of them ended */
};

struct secrets {
    struct secret *slots;
    uint32_t count;
};

int secrets_init(struct secrets *s, uint32_t count) LM_MUST_CHECK;
/* Safe on a zeroed struct. */
void secrets_fini(struct secrets *s);

/* A new secret as 32 hex digits and a terminator, in a slot that `is_over` says is free or, when
 * there is none, in that of the oldest if may_replace. Takes a reference to g. -LM_E_FULL when
 * there is no room, -EIO without randomness. *ret_slot may be NULL. */
int secret_make(struct secrets *s, struct grant *g, bool (*is_over)(const struct secret *slot),
                bool may_replace, char out[SECRET_DIGITS + 1],
                struct secret **ret_slot) LM_MUST_CHECK;
/* The slot that holds this text, or NULL. Looks at all of them whatever is found. */
struct secret *secret_find(struct secrets *s, struct str text);
void secret_forget(struct secret *slot);

#endif
