/* SPDX-License-Identifier: MIT
 *
 * peers.c - a count per address, there as long as it is not 0.
 */
#include "net/peers.h"

#include "net/throttle.h"

#include <stdlib.h>

struct peer {
    char group[16];
    unsigned live;
};

/* One admitted connection. */
struct guest {
    struct conn_watch watch;
    struct peers *peers;
    struct peer *peer;
};

static struct str key_of(const struct peer *peer)
{
    return str_of(peer->group, sizeof peer->group);
}

static struct peer *find_peer(struct peers *p, const struct conn *c)
{
    struct peer wanted;

    address_group(c->address, (unsigned char *)wanted.group);
    struct peer *peer = map_find(&p->by_address, key_of(&wanted));
    if (peer)
        return peer;
    peer = malloc(sizeof *peer);
    if (!peer)
        return NULL;
    *peer = wanted;
    peer->live = 0;
    if (map_put(&p->by_address, key_of(peer), peer) < 0) {
        free(peer);
        return NULL;
    }
    return peer;
}

static void forget_if_idle(struct peers *p, struct peer *peer)
{
    if (peer->live > 0)
        return;
    map_remove(&p->by_address, key_of(peer));
    free(peer);
}

static void on_gone(struct conn_watch *watch)
{
    struct guest *guest = LIST_ITEM(watch, struct guest, watch);

    guest->peers->live--;
    guest->peer->live--;
    forget_if_idle(guest->peers, guest->peer);
    free(guest);
}

enum peers_verdict peers_admit(struct peers *p, struct conn *c)
{
    struct peer *peer = p->live < p->max ? find_peer(p, c) : NULL;
    struct guest *guest = peer ? malloc(sizeof *guest) : NULL;
    bool room = peer && peer->live < (c->is_loopback ? p->max_near : p->max_far);

    if (!guest || !room) {
        free(guest);
        if (peer)
            forget_if_idle(p, peer);
        return peer && !room ? PEERS_ADDRESS_FULL : PEERS_FULL;
    }
    *guest = (struct guest){.watch.gone = on_gone, .peers = p, .peer = peer};
    conn_watch(c, &guest->watch);
    peer->live++;
    p->live++;
    return PEERS_ADMITTED;
}

void peers_fini(struct peers *p)
{
    lm_assert(p->live == 0);
    map_fini(&p->by_address);
}
