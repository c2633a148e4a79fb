/* SPDX-License-Identifier: MIT
 *
 * keeper_pump.h - from the child's pipes to the plain file, the console and the queue.
 *
 *     pipe ─read─▶ payload place of the next frame ─┬▶ file
 *                                                   ├▶ console (by hand)
 *                                                   └▶ queue_commit
 *
 * Rare lines pass at once. A busy child (it writes again within a rest) is left alone for that long
 * and then drained in one go: 0.5 ms, longer when the hub has many busy keepers and says so
 * (docs/adr/0045), 2 ms when more than 64 KiB came last time, and never longer than it takes to
 * fill half of the pipe. During a rest the busy pipe is not polled, so a child that writes line by
 * line does not wake us for every line; the silent one is, so it need not be read.
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
    int fd;   /* -1 after end of file */
    bool due; /* has something, or had it when it was read last: read at the end of the rest */
    uint64_t total;   /* bytes taken from the child so far */
    uint64_t line_at; /* of these, up to the end of the last line that ended */
    uint64_t goal;    /* what the dead child had written, once known */
    size_t held;      /* the start of a line whose rest is still in the pipe */
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
    int64_t rest_us; /* when the present rest ends; 0 = there is none */
};

void pump_init(struct pump *p, const int fds[2]);
void pump_close(struct pump *p);

/* Is this stream to be polled? Not when a rest will see to it. */
static inline bool pump_polls(const struct pump *p, int stream)
{
    return p->rest_us == 0 || !p->streams[stream].due;
}
/* These polled pipes can be read: drains them and what else is due, or begins a rest. */
void pump_wake(struct pump *p, const bool readable[2], int64_t now_us);
/* The rest is over: drains what is due. */
void pump_drain(struct pump *p, int64_t now_us);
/* Drains both pipes, as when the child has died. */
void pump_drain_all(struct pump *p, int64_t now_us);
/* Bytes that are no child's but count as its last words on stderr. */
void pump_add_last_words(struct pump *p, struct str text);

/* The child died: what is in the pipes now is the last of it. */
void pump_set_goal(struct pump *p);
/* All of that has been taken. */
bool pump_reached_goal(const struct pump *p);
/* The last lines of a stream (0, 1), without the end of the last; as long as nothing more is
 * read. */
struct str pump_last_lines(const struct pump *p, int stream);
/* Nobody holds the pipes any more. */
bool pump_at_end(const struct pump *p);

#endif
