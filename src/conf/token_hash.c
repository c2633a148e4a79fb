/* SPDX-License-Identifier: MIT
 *
 * token_hash.c - salted SHA-256 of libcrypto.
 */
#include "conf/token_hash.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <sys/random.h>

enum { RANDOM_BYTES = 24, TOKEN_MAX = 512 };

static void write_hex(char *at, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        snprintf(at + 2 * i, 3, "%02x", bytes[i]);
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct str text, unsigned char *bytes, size_t n)
{
    if (text.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_value(text.p[2 * i]), low = hex_value(text.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/* Longer than any token: false, whatever it is. */
static bool sum_of(const struct token_hash *hash, struct str token,
                   unsigned char sum[TOKEN_SUM_BYTES])
{
    unsigned char text[TOKEN_SALT_BYTES + TOKEN_MAX];

    if (token.n == 0 || token.n > TOKEN_MAX)
        return false;
    memcpy(text, hash->salt, TOKEN_SALT_BYTES);
    memcpy(text + TOKEN_SALT_BYTES, token.p, token.n);
    SHA256(text, TOKEN_SALT_BYTES + token.n, sum);
    OPENSSL_cleanse(text, sizeof text);
    return true;
}

int token_make(char token[TOKEN_TEXT_N + 1], char hash[TOKEN_HASH_N + 1])
{
    unsigned char random[RANDOM_BYTES];
    struct token_hash h;

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random ||
        getrandom(h.salt, sizeof h.salt, 0) != (ssize_t)sizeof h.salt)
        return -EIO;
    memcpy(token, "lmt_", 4);
    write_hex(token + 4, random, sizeof random);
    lm_assert(sum_of(&h, str_from(token), h.sum));
    memcpy(hash, "v1.", 3);
    write_hex(hash + 3, h.salt, sizeof h.salt);
    hash[3 + 2 * TOKEN_SALT_BYTES] = '.';
    write_hex(hash + 4 + 2 * TOKEN_SALT_BYTES, h.sum, sizeof h.sum);
    OPENSSL_cleanse(random, sizeof random);
    return 0;
}

bool token_hash_parse(struct str text, struct token_hash *ret)
{
    struct str rest, salt, sum;
    struct token_hash hash;

    if (!str_is(str_cut(text, '.', &rest), "v1"))
        return false;
    salt = str_cut(rest, '.', &sum);
    if (!read_hex(salt, hash.salt, sizeof hash.salt) || !read_hex(sum, hash.sum, sizeof hash.sum))
        return false;
    *ret = hash;
    return true;
}

bool token_hash_matches(const struct token_hash *hash, struct str token)
{
    unsigned char sum[TOKEN_SUM_BYTES];

    return sum_of(hash, token, sum) && CRYPTO_memcmp(sum, hash->sum, sizeof sum) == 0;
}
