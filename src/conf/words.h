/* SPDX-License-Identifier: MIT
 *
 * words.h - a command line cut into words as a shell would, without running one.
 *
 * Spaces, tabs and line ends part words. 'single quotes' keep everything, "double quotes" keep
 * everything but \" and \\, a backslash outside quotes keeps the next character. Nothing is
 * expanded: no variables, globs, pipes or redirections.
 *
 * Threads: any. Owns: nothing; the words are the caller's.
 */
#ifndef LM_CONF_WORDS_H
#define LM_CONF_WORDS_H

#include "base/err.h"
#include "base/str.h"

/* *ret_words ends with NULL and belongs to the caller (words_free()). -LM_E_SYNTAX when a quote is
 * not closed or the text ends in a backslash; -ENOMEM. */
int words_split(struct str text, char ***ret_words) LM_MUST_CHECK;

/* A list that ends with NULL, or NULL itself. */
void words_free(char **words);

#endif
