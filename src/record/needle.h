/* SPDX-License-Identifier: MIT
 *
 * needle.h - finding a piece of text in text, quickly.
 *
 * Two bytes of the needle that are rare in log lines are compared with 16 places of the text at a
 * time; only where both fit is the whole needle looked at. With `fold`, ASCII letters match without
 * case.
 *
 * Threads: immutable after needle_init().
 * Owns:    nothing; the text is borrowed.
 */
#ifndef LM_RECORD_NEEDLE_H
#define LM_RECORD_NEEDLE_H

#include "base/str.h"

struct needle {
    struct str text;
    bool fold;
    struct needle_probe {
        size_t at;         /* offset in the needle */
        unsigned char c;   /* what must be there */
        unsigned char bit; /* 0x20 when it is a letter whose case does not count */
    } rare, second;
};

/* With fold, `text` must be lower case already. */
void needle_init(struct needle *n, struct str text, bool fold);

/* An empty needle is found in everything. */
bool needle_found(const struct needle *n, struct str hay);

/* The first place at or after `from` where the needle, which is not empty, begins; SIZE_MAX when
 * there is none. For long texts: 32 places at a time where the processor can. */
size_t needle_find(const struct needle *n, struct str hay, size_t from);

#endif
