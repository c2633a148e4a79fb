/* SPDX-License-Identifier: MIT
 *
 * keeper_pump.h - from the child's pipes to the plain file, the console and the queue.
 *
 *     pipe ─read─▶ payload place of the next frame ─┬▶ file
 *                                                   ├▶ console (by hand)
 *                                                   └▶ queue_commit
 *
 * Rare lines pass at once. A busy child (it writes again within 1 ms) is left alone for a moment
 * and then drained in one go: at most 0.5 ms, up to 2 ms when more than 64 KiB came last time, and
 * never longer than it takes to fill half of the pipe. During that rest the pipes are not polled,
 * so a child that writes line by line does not wake us for every line.
 *
 * Threads: one. Owns: the read ends of the pipes.
 */
#ifndef LM_PROC_KEEPER_PUMP_H
#define LM_PROC_KEEPER_PUMP_H

#include "proc/keeper_console.h"
#include "proc/keeper_file.h"
#include "proc/keeper_lines.h"
#include "proc/keeper_link.h"

enum { PUMP_HELD_MAX = 4096 };

/* One of the two streams. */
struct pump_stream {
    int fd;         /* -1 after end of file */
    uint64_t total; /* bytes taken from the child so far */
    uint64_t goal;  /* what the dead child had written, once known */
    size_t held;    /* the start of a line whose rest is still in the pipe */
    char held_bytes[PUMP_HELD_MAX];
    size_t tail_n; /* the last bytes that were passed on */
    char tail[FRAME_LAST_MAX];
};

struct pump {
    struct keeper_file *file;   /* NULL = there is none */
    struct keeper_lines *lines; /* how the file is written; NULL = the bytes as they are */
    struct console *console;    /* NULL = output is not passed on */
    struct queue *queue;
    struct link *link;
    struct pump_stream streams[2];
    size_t pipe_bytes;
    int64_t last_us; /* when it drained last */
    int64_t rest_us; /* when the present rest ends; 0 = poll the pipes */
};

void pump_init(struct pump *p, const int fds[2]);
void pump_close(struct pump *p);

/* A pipe can be read: drains it, or begins a rest. */
void pump_wake(struct pump *p, int64_t now_us);
/* The rest is over, or the child is dead: drains what is there. */
void pump_drain(struct pump *p, int64_t now_us);
/* Bytes that are no child's but count as its last words on stderr. */
void pump_add_last_words(struct pump *p, struct str text);

/* The child died: what is in the pipes now is the last of it. */
void pump_set_goal(struct pump *p);
/* All of that has been taken. */
bool pump_reached_goal(const struct pump *p);
/* The last lines of a stream (0, 1), without the end of the last; as long as nothing more is read. */
struct str pump_last_lines(const struct pump *p, int stream);
/* Nobody holds the pipes any more. */
bool pump_at_end(const struct pump *p);

#endif
