/* SPDX-License-Identifier: MIT
 *
 * corpus_templates.c - systems, and the lines that they write, from templates.txt.
 *
 * Threads: one. Owns: the texts, as long as the program runs.
 */
#include "gencorpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 2048 /* of a system */ };

struct system systems[SYSTEMS_MAX];
int system_count;
struct template_name names[NAMES_MAX];
static int name_count;

static const char *const levels[] = {"debug", "info", "warn", "error"};

static int find_name(const char *text)
{
    for (int i = 0; i < name_count; i++)
        if (strcmp(names[i].text, text) == 0)
            return i;
    names[name_count] = (struct template_name){strdup(text), -1, -1, 0};
    return name_count++;
}

static struct system *find_system(const char *name)
{
    struct system *s = &systems[system_count];

    if (system_count && strcmp(s[-1].name, name) == 0)
        return s - 1;
    snprintf(s->name, sizeof s->name, "%s", name);
    s->lines = calloc(LINES_MAX, sizeof *s->lines);
    system_count++;
    return s;
}

static void add_piece(struct line *l, const char *text, size_t n, bool varies)
{
    if (l->piece_count < PIECES_MAX && (n || varies))
        l->pieces[l->piece_count++] = (struct piece){strndup(text, n), varies};
}

static void cut_into_pieces(struct line *l, const char *text)
{
    bool varies = false;

    for (;;) {
        size_t n = strcspn(text, varies ? "\2" : "\1");
        add_piece(l, text, n, varies);
        if (!text[n])
            return;
        varies = !varies;
        text += n + 1;
    }
}

static void note_name(struct system *s, int name)
{
    struct template_name *n = &names[name];

    if (n->last >= 0)
        s->lines[n->last].next = s->line_count;
    else
        n->first = s->line_count;
    n->last = s->line_count;
    n->count++;
}

static void add_line(char *text)
{
    struct system *s = find_system(strsep(&text, "\t"));
    struct line *l = &s->lines[s->line_count];
    const char *level = strsep(&text, "\t");

    l->level = 1;
    for (int i = 0; i < 4; i++)
        if (strcmp(level, levels[i]) == 0)
            l->level = i;
    l->name = find_name(strsep(&text, "\t"));
    l->next = -1;
    cut_into_pieces(l, text);
    note_name(s, l->name);
    s->line_count++;
}

void read_templates(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = NULL;
    size_t room = 0;
    ssize_t n;

    if (!f) {
        perror(path);
        exit(1);
    }
    while ((n = getline(&text, &room, f)) > 0) {
        text[n - 1] = '\0';
        add_line(text);
    }
    free(text);
    fclose(f);
    for (int i = 0; i < system_count; i++)
        for (int k = 0; k < ADDRESSES; k++)
            systems[i].addresses[k] = (uint32_t)random_64();
}
