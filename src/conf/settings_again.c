/* SPDX-License-Identifier: MIT
 *
 * settings_again.c - loading once more, and comparing by what people would read.
 */
#include "conf/settings_again.h"

#include "conf/settings_table.h"

#include <unistd.h>

int settings_load_again(struct settings *s, int argc, char **argv, struct errinfo *info)
{
    struct errinfo where = {0};
    int rc = settings_load(s, &argc, argv, environ, &where);

    if (rc < 0 && where.line)
        return err_set(info, rc, "%s:%d:%d: %s", s->file, where.line, where.column, where.text);
    return rc < 0 ? err_set(info, rc, "%s", where.text) : 0;
}

unsigned settings_differ(const struct settings *a, const struct settings *b, struct buf *out)
{
    unsigned n = 0;

    for (size_t i = 0; i < SETTING_COUNT; i++) {
        struct buf texts[2] = {{0}, {0}};
        setting_write_value(a, &setting_table[i], &texts[0]);
        setting_write_value(b, &setting_table[i], &texts[1]);
        if (!setting_takes_reload(&setting_table[i]) &&
            !str_eq(buf_str(&texts[0]), buf_str(&texts[1])))
            buf_printf(out, "%s%s", n++ ? ", " : "", setting_table[i].name);
        buf_fini(&texts[0]);
        buf_fini(&texts[1]);
    }
    return n;
}
