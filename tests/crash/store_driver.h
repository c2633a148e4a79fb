/* SPDX-License-Identifier: MIT
 *
 * store_driver.h - journal and store without a hub around them, made to be killed.
 *
 *     work ──▶ ledger: what was begun, acknowledged, cleared, sealed, synced
 *       ▼ killed, refused, cut off
 *     check ◀── ledger: what must be there, what may be, what must not
 *
 * The ledger may lie on another disk than the state. Each line is a letter and two numbers; what the
 * letters mean stands at struct ledger. A check that has found everything in order writes it anew, short.
 */
#ifndef LM_TESTS_STORE_DRIVER_H
#define LM_TESTS_STORE_DRIVER_H

#include "store/chunk.h"
#include "store/store_impl.h"

#define ROW_LONGEST 2000 /* it is lines that count here, not bytes */
#include "hub/row_test.h"

#include <inttypes.h>

enum { ORIGINS = 4, LOST_MAX = 65536, LEDGER_PATH = 512 };

struct ledger {
    char path[LEDGER_PATH];
    int fd;
    uint64_t begun_end, acked_end; /* b, a (also e): one past the last id */
    uint64_t begun[ORIGINS];       /* b: position of the last batch of an origin */
    uint64_t acked[ORIGINS];       /* a */
    uint64_t safe[ORIGINS];        /* as of the last y or s: what a power cut leaves at least */
    uint64_t clear_begun, cleared; /* c, C: bounds of the clear of job b */
    uint64_t floor;                /* f: retention may have taken ids below */
    uint64_t sealed;               /* s: ids below are in chunks */
    uint64_t synced;               /* y: ids below have been synced */
    struct {
        uint64_t from, to;
    } lost[LOST_MAX]; /* l: never given, or gone with an earlier power cut */
    uint32_t lost_count;
};

void ledger_read(struct ledger *l, const char *path);
void ledger_note(struct ledger *l, char what, uint64_t a, uint64_t b);
/* These ids are not there, and need not be. */
void ledger_lose(struct ledger *l, uint64_t from, uint64_t to);
/* Writes it anew, as short as it can be. */
void ledger_shorten(struct ledger *l);

struct driver {
    struct row row; /* loop, records, label sets; its journal stays closed */
    const char *dir;
    struct hub hub;
    struct store *store;
    struct ledger ledger;
    bool in_steps;       /* one thread, one thing at a time */
    uint64_t syncs;      /* work: how many have been noted */
    bool clearing;       /* work: a clear is under way */
    uint64_t due_end;    /* check: ids below must be there */
    const uint64_t *due; /* check: and these positions */
    uint64_t next_id;    /* check: expected */
    uint64_t seen, lost; /* check: how many are there; how many a power cut has taken */
};

/* Ends the program with a sentence when it cannot. */
void driver_open(struct driver *d, enum durability durability);
void driver_close(struct driver *d);
struct origin driver_origin(uint64_t i);

/* After a kill everything acknowledged must be there. After a power cut that, or only what has been synced;
 * and ids that nobody acknowledged may have been seen as well. */
enum after { AFTER_KILL, AFTER_CUT, AFTER_CUT_SYNCED };
void driver_check(struct driver *d, enum after after);

#endif
