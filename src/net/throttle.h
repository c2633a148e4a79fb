/* SPDX-License-Identifier: MIT
 *
 * throttle.h - addresses that showed a wrong token again and again.
 *
 * Ten in a minute; what is wrong beyond that is answered with 429 for the rest of the minute and no
 * longer costs a record each. A right token is always let in: 192 random bits cannot be guessed,
 * and whoever shares an address with a fool must not be locked out. Of IPv6 the first 64 bits
 * count, which is what one machine has to itself.
 *
 * Threads: loop thread only. Owns: nothing; the table is part of its owner.
 */
#ifndef LM_NET_THROTTLE_H
#define LM_NET_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

enum { THROTTLE_SLOTS = 256, THROTTLE_TRIES = 10, THROTTLE_WINDOW_S = 60 };

struct throttle {
    struct throttle_slot {
        unsigned char address[16];
        int64_t since_us; /* monotonic; 0: free */
        uint32_t tries;
    } slots[THROTTLE_SLOTS];
};

/* What counts as one address: `address` is IPv6 or IPv4 mapped into it. */
void address_group(const unsigned char address[16], unsigned char ret[16]);

/* One more wrong token. Returns how many this address has shown in its window. */
uint32_t throttle_count(struct throttle *t, const unsigned char address[16]);
/* Seconds until this address may try again; 0: now. */
uint32_t throttle_wait_s(const struct throttle *t, const unsigned char address[16]);

#endif
