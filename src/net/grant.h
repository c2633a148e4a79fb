/* SPDX-License-Identifier: MIT
 *
 * grant.h - who somebody is, what they may do, and which records they may see.
 *
 * Every request has one. Whatever lives on after its request (a stream, a session, a ticket) keeps
 * a reference. There is one place where the limit of a token becomes a condition: grant_limit(),
 * called for every filter that is made for a caller.
 *
 * Threads: loop thread only. Owns: its texts.
 */
#ifndef LM_NET_GRANT_H
#define LM_NET_GRANT_H

#include "net/http.h"
#include "record/filter.h"

enum grant_kind {
    GRANT_NOBODY,   /* has shown nothing */
    GRANT_LOOPBACK, /* nothing either, but asks from this machine */
    GRANT_OWNER,    /* the local socket, or the session of the printed URL */
    GRANT_TOKEN,
};

struct grant {
    unsigned refs;
    enum grant_kind kind;
    enum scope scope;
    bool revoked; /* its token is gone from the configuration */
    char name[PROCESS_NAME_MAX + 1];
    uint32_t label_count; /* 0: sees everything */
    struct label labels[TOKEN_LABELS_MAX];
    char *texts;         /* of the labels */
    struct list holders; /* connections that asked with it */
};

/* One reference, which is the caller's. labels may be NULL when there are none. */
int grant_new(struct grant **ret, enum grant_kind kind, enum scope scope, const char *name,
              const struct conf_label *labels, size_t label_count) LM_MUST_CHECK;
struct grant *grant_ref(struct grant *g);
void grant_unref(struct grant *g); /* NULL is fine */

/* This connection asks with g: it is closed when g is revoked. Without memory it is closed now. */
void grant_hold(struct grant *g, struct conn *c);
/* It is worth nothing any more: whoever holds it is sent away. */
void grant_revoke(struct grant *g);

/* Does it see only some of the records? NULL sees all. */
static inline bool grant_is_limited(const struct grant *g)
{
    return g && g->label_count > 0;
}

/* Adds to f what limits this caller. NULL and grants without a limit add nothing. */
int grant_limit(const struct grant *g, struct filter *f, struct errinfo *info) LM_MUST_CHECK;

/* "token viewer", "owner", "loopback", "nobody". */
void grant_describe(const struct grant *g, char out[96]);

#endif
