/* SPDX-License-Identifier: MIT
 *
 * peers.h - how many connections there are over TCP, in all and of each address.
 *
 * Of IPv6 the first 64 bits count as one address (address_group()).
 *
 * Threads: loop thread only.
 * Owns:    a note on each connection it admitted, until the connection ends.
 */
#ifndef LM_NET_PEERS_H
#define LM_NET_PEERS_H

#include "base/map.h"
#include "net/conn.h"

struct peers {
    struct map by_address;
    unsigned live; /* connections admitted and not yet over */
    unsigned max;  /* in all */
    /* Of one address: of other machines, and of this one. */
    unsigned max_far, max_near;
};

enum peers_verdict { PEERS_ADMITTED, PEERS_FULL, PEERS_ADDRESS_FULL };

/* Counts the connection, or says why not. Lack of memory is PEERS_FULL. */
enum peers_verdict peers_admit(struct peers *p, struct conn *c);
/* Every connection must be over. */
void peers_fini(struct peers *p);

#endif
