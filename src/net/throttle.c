/* SPDX-License-Identifier: MIT
 *
 * throttle.c - a small table; when it is full the oldest window makes room.
 */
#include "net/throttle.h"

#include "base/clock.h"

#include <stddef.h>
#include <string.h>

static const int64_t WINDOW_US = THROTTLE_WINDOW_S * (int64_t)1000000;

void address_group(const unsigned char address[16], unsigned char ret[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    memcpy(ret, address, 16);
    if (memcmp(address, mapped, sizeof mapped) != 0)
        memset(ret + 8, 0, 8);
}

/* The place of this address; THROTTLE_SLOTS: it has none. */
static size_t find(const struct throttle *t, const unsigned char group[16])
{
    size_t i = 0;

    while (i < THROTTLE_SLOTS &&
           (!t->slots[i].since_us || memcmp(t->slots[i].address, group, 16) != 0))
        i++;
    return i;
}

static size_t oldest(const struct throttle *t)
{
    size_t best = 0;

    for (size_t i = 1; i < THROTTLE_SLOTS; i++)
        if (t->slots[i].since_us < t->slots[best].since_us)
            best = i;
    return best;
}

uint32_t throttle_count(struct throttle *t, const unsigned char address[16])
{
    unsigned char group[16];
    int64_t now = clock_mono_us();

    address_group(address, group);
    size_t at = find(t, group);
    struct throttle_slot *slot = &t->slots[at < THROTTLE_SLOTS ? at : oldest(t)];
    if (memcmp(slot->address, group, 16) != 0 || now - slot->since_us >= WINDOW_US) {
        memcpy(slot->address, group, 16);
        slot->since_us = now;
        slot->tries = 0;
    }
    return ++slot->tries;
}

uint32_t throttle_wait_s(const struct throttle *t, const unsigned char address[16])
{
    unsigned char group[16];

    address_group(address, group);
    size_t at = find(t, group);
    if (at == THROTTLE_SLOTS || t->slots[at].tries < THROTTLE_TRIES)
        return 0;
    int64_t left = t->slots[at].since_us + WINDOW_US - clock_mono_us();
    return left > 0 ? (uint32_t)((left + 999999) / 1000000) : 0;
}
