/* SPDX-License-Identifier: MIT
 *
 * choice.h - one of a few words, "os|interval|always", in the order of an enum's constants.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_CONF_CHOICE_H
#define LM_CONF_CHOICE_H

#include "base/buf.h"

/* The place of the word; false, and *ret_index untouched, when it is none of them. */
bool choice_find(const char *choices, struct str word, unsigned *ret_index);
/* The word at a place; empty past the end. */
struct str choice_at(const char *choices, unsigned index);
/* Appends "os, interval, always". */
void choice_write(const char *choices, struct buf *b);
/* -LM_E_INVALID with the sentence "'<what>' is one of ..., not '<word>': did you mean ...?" */
int choice_refuse(const char *choices, const char *what, struct str word, struct errinfo *err);

/* Text made fit for a one-line message: at most 60 bytes, no control characters. */
struct quoted {
    char text[64];
};
struct quoted quote(struct str text);

#endif
