/* SPDX-License-Identifier: MIT
 *
 * settings_over.c - the layer of values set while the hub runs.
 */
#include "conf/settings_over.h"

#include <stdlib.h>

void settings_over_fini(struct settings_over *o)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        free(o->texts[i]);
        o->texts[i] = NULL;
    }
}

int settings_over_apply(const struct settings_over *o, struct settings *s, struct errinfo *info)
{
    struct setting_origin from = {FROM_CALL, 0};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < SETTING_COUNT; i++)
        if (o->texts[i])
            rc = setting_set(s, &setting_table[i], str_from(o->texts[i]), from, info);
    return rc;
}

int setting_try(const struct setting_info *info, struct str text, struct buf *ret_value,
                struct errinfo *err)
{
    struct settings scratch = {0};
    struct setting_origin from = {FROM_CALL, 0};
    int rc = setting_set(&scratch, info, text, from, err);

    if (rc == 0 && ret_value) {
        setting_write_value(&scratch, info, ret_value);
        rc = buf_error(ret_value);
    }
    settings_fini(&scratch);
    return rc;
}
