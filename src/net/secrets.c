/* SPDX-License-Identifier: MIT
 *
 * secrets.c - a table of hashes.
 */
#include "net/secrets.h"

#include "base/clock.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

int secrets_init(struct secrets *s, uint32_t count)
{
    s->slots = calloc(count, sizeof *s->slots);
    s->count = s->slots ? count : 0;
    return s->slots ? 0 : -ENOMEM;
}

void secrets_fini(struct secrets *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        secret_forget(&s->slots[i]);
    free(s->slots);
    *s = (struct secrets){0};
}

void secret_forget(struct secret *slot)
{
    grant_unref(slot->grant);
    OPENSSL_cleanse(slot, sizeof *slot);
}

static struct secret *find_room(struct secrets *s, bool (*is_over)(const struct secret *slot),
                                bool may_replace)
{
    struct secret *oldest = &s->slots[0];

    for (uint32_t i = 0; i < s->count; i++) {
        if (!s->slots[i].grant || is_over(&s->slots[i]))
            return &s->slots[i];
        if (s->slots[i].made_us < oldest->made_us)
            oldest = &s->slots[i];
    }
    return may_replace ? oldest : NULL;
}

int secret_make(struct secrets *s, struct grant *g, bool (*is_over)(const struct secret *slot),
                bool may_replace, char out[SECRET_DIGITS + 1], struct secret **ret_slot)
{
    unsigned char random[SECRET_DIGITS / 2];
    struct secret *slot = find_room(s, is_over, may_replace);

    if (!slot)
        return -LM_E_FULL;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return -EIO;
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(out + 2 * i, 3, "%02x", random[i]);
    grant_ref(g);
    secret_forget(slot);
    SHA256((const unsigned char *)out, SECRET_DIGITS, slot->hash);
    slot->grant = g;
    slot->made_us = clock_mono_us();
    if (ret_slot)
        *ret_slot = slot;
    return 0;
}

struct secret *secret_find(struct secrets *s, struct str text)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    struct secret *found = NULL;

    if (text.n != SECRET_DIGITS)
        return NULL;
    SHA256((const unsigned char *)text.p, text.n, hash);
    for (uint32_t i = 0; i < s->count; i++)
        if (CRYPTO_memcmp(s->slots[i].hash, hash, sizeof hash) == 0 && s->slots[i].grant)
            found = &s->slots[i];
    return found;
}
