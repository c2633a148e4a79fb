/* SPDX-License-Identifier: MIT
 *
 * numeric.h - texts that are numbers, and how two texts compare.
 *
 * A number is what JSON calls one (leading zeros allowed), as a 64-bit floating point value: the
 * same in a browser.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_RECORD_NUMERIC_H
#define LM_RECORD_NUMERIC_H

#include "base/str.h"

struct numeric {
    bool ok; /* the text is a number */
    double value;
};

struct numeric numeric_of(struct str text);

/* A text with the number it may be. Below, at or above zero: as numbers when both are, else by
 * byte. */
int numeric_compare(struct str a, struct str b, struct numeric b_number);

#endif
