/* SPDX-License-Identifier: MIT
 *
 * token_hash.h - bearer tokens, and what is kept of them.
 *
 *     token  lmt_<48 hex digits>                      192 random bits, shown once
 *     hash   v1.<32 hex digits>.<64 hex digits>       salt, SHA-256(salt token)
 *
 * A token is random and long, so one round of a fast hash is right: there is no dictionary to try,
 * and each request pays for it. The salt keeps equal tokens from showing; `v1` leaves room for
 * another function. Comparison takes the same time wherever the difference is.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_CONF_TOKEN_HASH_H
#define LM_CONF_TOKEN_HASH_H

#include "base/err.h"
#include "base/str.h"

enum {
    TOKEN_TEXT_N = 4 + 48,
    TOKEN_SALT_BYTES = 16,
    TOKEN_SUM_BYTES = 32,
    TOKEN_HASH_N = 3 + 2 * TOKEN_SALT_BYTES + 1 + 2 * TOKEN_SUM_BYTES,
};

struct token_hash {
    unsigned char salt[TOKEN_SALT_BYTES], sum[TOKEN_SUM_BYTES];
};

/* A new token and its hash, zero-terminated. -EIO when the system has no randomness to give. */
int token_make(char token[TOKEN_TEXT_N + 1], char hash[TOKEN_HASH_N + 1]) LM_MUST_CHECK;

bool token_hash_parse(struct str text, struct token_hash *ret);
/* Is this the token that the hash was made of? */
bool token_hash_matches(const struct token_hash *hash, struct str token);

#endif
