/* SPDX-License-Identifier: MIT
 *
 * settings_doc.h - the table of settings for people: flags, reference page, present values.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_CONF_SETTINGS_DOC_H
#define LM_CONF_SETTINGS_DOC_H

#include "conf/settings.h"

/* Appends one paragraph per flag, for `--help`. */
void settings_write_flags(struct buf *b);

/* Appends docs/settings.md as it must be. */
void settings_write_docs(struct buf *b);

/* Appends what holds, one setting a line with where it comes from, then the processes. */
void settings_write_effective(const struct settings *s, struct buf *b);

#endif
