/* SPDX-License-Identifier: MIT
 *
 * tail_glob.c - fnmatch(3) does the work, part by part.
 */
#include "source/tail_glob.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool is_pattern(const char *text)
{
    return strpbrk(text, "*?[\\") != NULL;
}

static int add_part(struct tail_glob *g, const char *text)
{
    bool deep = strcmp(text, "**") == 0;

    if (strcmp(text, ".") == 0 || (deep && g->count && g->parts[g->count - 1].deep))
        return 0;
    if (g->count == GLOB_PARTS_MAX)
        return -LM_E_FULL;
    g->parts[g->count++] =
        (struct glob_part){.text = text, .literal = !is_pattern(text), .deep = deep};
    return 0;
}

int glob_init(struct tail_glob *g, const char *path, struct errinfo *info)
{
    char *rest;
    int err = 0;

    *g = (struct tail_glob){0};
    if (path[0] != '/' || path[strlen(path) - 1] == '/')
        return err_set(info, -LM_E_INVALID, "'%.200s' is not the path of a file", path);
    g->text = strdup(path);
    if (!g->text)
        return -ENOMEM;
    for (char *part = strtok_r(g->text, "/", &rest); part && err == 0;
         part = strtok_r(NULL, "/", &rest))
        err = add_part(g, part);
    if (err == 0 && g->parts[g->count - 1].deep)
        err = add_part(g, "*");
    if (err < 0) {
        glob_fini(g);
        return err_set(info, -LM_E_INVALID, "'%.200s' has more than %d folders", path,
                       GLOB_PARTS_MAX - 1);
    }
    return 0;
}

void glob_fini(struct tail_glob *g)
{
    free(g->text);
    *g = (struct tail_glob){0};
}

bool glob_fits(const struct tail_glob *g, uint32_t i, const char *name)
{
    const struct glob_part *part = &g->parts[i];

    if (part->literal)
        return strcmp(part->text, name) == 0;
    return !part->deep && fnmatch(part->text, name, FNM_PERIOD) == 0;
}

size_t glob_fits_rotated(const struct tail_glob *g, const char *name)
{
    char piece[NAME_MAX + 1];
    size_t n = strlen(name);

    if (n >= sizeof piece)
        return 0;
    memcpy(piece, name, n);
    while (n-- > 1) {
        if (name[n] != '.' && name[n] != '-' && name[n] != '_')
            continue;
        piece[n] = '\0';
        if (glob_fits(g, g->count - 1, piece))
            return n;
    }
    return 0;
}

bool glob_excludes(const char *pattern, const char *path)
{
    const char *name = strrchr(path, '/');

    if (!strchr(pattern, '/'))
        return fnmatch(pattern, name ? name + 1 : path, FNM_PERIOD) == 0;
    return fnmatch(pattern, path, FNM_PERIOD) == 0;
}
