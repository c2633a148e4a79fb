/* SPDX-License-Identifier: MIT
 *
 * settings_over.h - what was set while the hub runs: the layer above file, environment and flags.
 *
 * Only settings that may change without a start are taken. They hold until they are taken back or
 * the hub ends; nothing is written to the file.
 *
 * Threads: the loop's. Owns: the texts.
 */
#ifndef LM_CONF_SETTINGS_OVER_H
#define LM_CONF_SETTINGS_OVER_H

#include "conf/settings_table.h"

/* A zeroed struct sets nothing. */
struct settings_over {
    char *texts[SETTING_COUNT]; /* NULL: as the layers below say */
};

void settings_over_fini(struct settings_over *o);

/* Puts what is set on top of settings that have just been loaded. */
int settings_over_apply(const struct settings_over *o, struct settings *s,
                        struct errinfo *info) LM_MUST_CHECK;

/* Would the setting take this text? -LM_E_INVALID with a sentence; otherwise, when ret_value is not
 * NULL, the value in one form is appended to it. */
int setting_try(const struct setting_info *info, struct str text, struct buf *ret_value,
                struct errinfo *err) LM_MUST_CHECK;

#endif
