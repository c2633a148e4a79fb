/* SPDX-License-Identifier: MIT
 *
 * settings_paths.h - where things are: the configuration file, the state, the socket.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_CONF_SETTINGS_PATHS_H
#define LM_CONF_SETTINGS_PATHS_H

#include "conf/settings.h"

/* The value of a variable of `env`; NULL when it is missing or empty. */
const char *env_find(char *const *env, const char *name);

/* Gives paths that nobody set their defaults, expands "~/" and makes relative ones absolute (from
 * the present directory). Also the directories of processes and the patterns of files. */
int settings_fill_paths(struct settings *s, char *const *env, struct errinfo *err) LM_MUST_CHECK;

/* The configuration file to read, which may be NULL for none: `flag` (may be NULL), else
 * LOGMILL_CONFIG, else the first usual place where there is one. The caller frees *ret_path. */
int settings_find_file(char *const *env, const char *flag, char **ret_path) LM_MUST_CHECK;

#endif
