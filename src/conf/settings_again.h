/* SPDX-License-Identifier: MIT
 *
 * settings_again.h - the settings a second time, while the hub runs.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_CONF_SETTINGS_AGAIN_H
#define LM_CONF_SETTINGS_AGAIN_H

#include "conf/settings.h"

/* settings_load() with the flags this program was started with; argv is changed. On failure the
 * sentence in info names file, line and column as well. settings_fini() is due either way. */
int settings_load_again(struct settings *s, int argc, char **argv,
                        struct errinfo *info) LM_MUST_CHECK;

/* Appends the names of the settings that differ, "listen, journal_max": those that hold from the
 * next start. Returns how many. */
unsigned settings_differ(const struct settings *a, const struct settings *b, struct buf *out);

#endif
