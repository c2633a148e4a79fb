/* SPDX-License-Identifier: MIT
 *
 * settings_file.h - the configuration file as one layer of the settings.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_CONF_SETTINGS_FILE_H
#define LM_CONF_SETTINGS_FILE_H

#include "conf/settings.h"

/* Applies the text of a configuration file to s. Sentences come with line and column. */
int settings_parse(struct settings *s, struct str text, struct errinfo *err) LM_MUST_CHECK;

/* The same for a file of at most 1 MiB. */
int settings_read(struct settings *s, const char *path, struct errinfo *err) LM_MUST_CHECK;

#endif
