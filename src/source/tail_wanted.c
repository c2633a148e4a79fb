/* SPDX-License-Identifier: MIT
 *
 * tail_wanted.c - what the settings ask for: patterns, and what becomes of the lines of their
 * files.
 */
#include "source/line_rules.h"
#include "source/tail_impl.h"

#include <errno.h>
#include <stdlib.h>

static int add_patterns(struct tail_wanted *w, char *const *paths, const struct tail_kind *kind,
                        struct errinfo *info)
{
    int err = 0;

    for (; *paths && err == 0; paths++) {
        struct tail_pattern *p = &w->patterns[w->pattern_count];
        p->kind = kind;
        err = glob_init(&p->glob, *paths, info);
        w->pattern_count += err == 0;
    }
    return err;
}

static int add_files(struct tail_wanted *w, const struct file_conf *c, struct errinfo *info)
{
    struct tail_kind *kind = &w->kinds[w->kind_count++];

    *kind = (struct tail_kind){.source = c->source,
                               .labels = c->labels,
                               .label_count = c->label_count,
                               .exclude = c->exclude,
                               .unstored = c->unstored,
                               .joins = !c->apart,
                               .from_end = c->start == START_END};
    int err = line_rules_init(&kind->rules, &c->parse, c->paths[0], info);
    return err < 0 ? err : add_patterns(w, c->paths, kind, info);
}

static int add_process(struct tail_wanted *w, const struct process_conf *c, struct errinfo *info)
{
    struct tail_kind *kind = &w->kinds[w->kind_count++];
    char *const paths[] = {c->follow, NULL};

    *kind = (struct tail_kind){.source = c->name,
                               .process = c->name,
                               .labels = c->labels,
                               .label_count = c->label_count,
                               .unstored = c->unstored};
    int err = line_rules_init(&kind->rules, &c->parse, c->name, info);
    return err < 0 ? err : add_patterns(w, paths, kind, info);
}

static size_t count_patterns(const struct settings *s, size_t *ret_kinds)
{
    size_t patterns = 0, kinds = s->file_count;

    for (size_t i = 0; i < s->file_count; i++)
        for (char **p = s->files[i].paths; *p; p++)
            patterns++;
    for (size_t i = 0; i < s->process_count; i++)
        kinds += s->processes[i].follow != NULL;
    *ret_kinds = kinds;
    return patterns + kinds - s->file_count;
}

int wanted_read(struct tail_wanted *w, const struct settings *s, struct errinfo *info)
{
    size_t kinds, patterns = count_patterns(s, &kinds);
    int err = 0;

    w->kinds = calloc(kinds + 1, sizeof *w->kinds);
    w->patterns = calloc(patterns + 1, sizeof *w->patterns);
    if (!w->kinds || !w->patterns)
        return err_set(info, -ENOMEM, "memory is short");
    for (size_t i = 0; i < s->file_count && err == 0; i++)
        err = add_files(w, &s->files[i], info);
    for (size_t i = 0; i < s->process_count && err == 0; i++)
        if (s->processes[i].follow)
            err = add_process(w, &s->processes[i], info);
    return err;
}

void wanted_fini(struct tail_wanted *w)
{
    for (size_t i = 0; i < w->pattern_count; i++)
        glob_fini(&w->patterns[i].glob);
    for (size_t i = 0; i < w->kind_count; i++)
        parse_rules_fini(&w->kinds[i].rules);
    free(w->patterns);
    free(w->kinds);
    *w = (struct tail_wanted){0};
}
