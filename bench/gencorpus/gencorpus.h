/* SPDX-License-Identifier: MIT
 *
 * gencorpus.h - what the files of gencorpus share.
 *
 *     corpus_templates.c   templates.txt ─▶ systems and their lines
 *     corpus_vary.c        random numbers, and what varies in a line
 *     gencorpus.c          jobs that write lines
 *
 * Threads: one. Owns: nothing; systems and names live as long as the program.
 */
#ifndef LM_GENCORPUS_H
#define LM_GENCORPUS_H

#include "base/buf.h"

enum {
    SYSTEMS_MAX = 32,
    PIECES_MAX = 64,  /* of a line */
    NAMES_MAX = 8192, /* of templates */
    ADDRESSES = 4096, /* that a system knows */
    POOL = 12,        /* numbers of one length that a job has in use */
    LENGTHS = 24,     /* of numbers, in digits */
};

struct piece {
    char *text;
    bool varies;
};

struct line {
    int level, name, piece_count;
    struct piece pieces[PIECES_MAX];
    int next; /* the next line of the same template; -1: none */
};

struct system {
    char name[32];
    struct line *lines;
    int line_count;
    uint32_t addresses[ADDRESSES];
};

/* Numbers that were used before, by their length. */
struct pool {
    uint64_t values[LENGTHS][POOL];
    int used[LENGTHS];
};

struct job {
    int system, at; /* the line it writes next */
    char id[20];
    struct pool decimal, hex;
};

/* Lines of one template, in the order of the file. */
struct template_name {
    char *text;
    int first, last, count;
};

/* --- corpus_templates.c --- */

extern struct system systems[SYSTEMS_MAX];
extern int system_count;
extern struct template_name names[NAMES_MAX];

/* Fills them in; what cannot be read ends the program. */
void read_templates(const char *path);

/* --- corpus_vary.c --- */

void seed_with(uint64_t seed);
uint64_t random_64(void);
/* 0 … n - 1. */
uint32_t random_below(uint32_t n);
/* Appends a text like this one, with other numbers and addresses. */
void vary(struct job *j, const char *text, struct buf *out);
/* What stands in this place of the line; now and then the value of another line of the same
 * template. */
const char *value_for(const struct system *s, const struct line *l, int piece);

#endif
