/* SPDX-License-Identifier: MIT
 *
 * limit.h - how many records a source may push in a second.
 *
 * One bucket per source: it fills with `rate` tokens a second up to one second's worth, and a
 * record takes one. A batch is judged as a whole: it passes when something is in the bucket,
 * however large it is, and may leave the bucket in debt, which the next one has to wait for. So the
 * average holds whatever the size of the batches, and nobody has to cut them up.
 *
 * Pipes and files are never limited; this is for those who can be told to come again (429).
 *
 * Threads: loop thread. Owns: its buckets, at most LIMIT_SOURCES; sources beyond share one.
 */
#ifndef LM_HUB_LIMIT_H
#define LM_HUB_LIMIT_H

#include "base/map.h"

enum { LIMIT_SOURCES = 4096 };

struct limit_bucket {
    int64_t tokens;    /* times 1,000,000 */
    int64_t filled_us; /* monotonic: up to when it has been filled */
    uint64_t refused;  /* batches, since the last time somebody was told */
    int64_t told_us;
};

struct limit {
    uint64_t rate; /* records a second; 0: no limit */
    struct map by_source;
    struct limit_bucket others;
    int64_t swept_us; /* monotonic: when full buckets were last looked for */
};

/* May records of this source pass now? 0, or how many milliseconds to wait. */
uint32_t limit_wait_ms(struct limit *l, struct str source);
/* They have passed. */
void limit_charge(struct limit *l, struct str source, uint64_t records);
/* A batch of this source was refused. Returns how many were since the last time this returned other
 * than 0, which it does at most once a minute: when it is time to say so again. */
uint64_t limit_refused(struct limit *l, struct str source);

void limit_fini(struct limit *l);

#endif
