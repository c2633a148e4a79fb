/* SPDX-License-Identifier: MIT
 *
 * keeper_link.h - a keeper's connection to the hub.
 *
 *     down ─connect─▶ greeting ─RESUME─▶ up ─any error─▶ down (again after 50 ms, doubling to 1 s)
 *
 * The link sends what the queue holds, then EXIT and END when their turn has come, and repeats on
 * every new connection what the hub has not acknowledged. What the hub asks for (STOP, SIGNAL) is
 * left in `asked` for the caller.
 *
 * All calls are non-blocking. Poll `fd` for link_events(), with a deadline of link_deadline().
 *
 * Threads: one. Owns: the socket. The queue is borrowed.
 */
#ifndef LM_PROC_KEEPER_LINK_H
#define LM_PROC_KEEPER_LINK_H

#include "proc/keeper_queue.h"

enum link_state { LINK_DOWN, LINK_GREETING, LINK_UP };
enum note_level { NOTE_INFO = 3, NOTE_WARN = 4, NOTE_ERROR = 5 };

struct link {
    const char *path; /* of the socket */
    const struct frame_run *run;
    struct queue *queue;
    enum link_state state;
    int fd;
    bool was_up;       /* ever */
    bool loud;         /* notes go to stderr as well */
    int refusal;       /* the code of the hub's latest refusal, until it takes something again */
    int64_t due_us;    /* down: when to try again; greeting: when to give up */
    uint32_t pause_ms; /* before the next attempt */
    struct buf in;
    struct buf out;   /* frames of our own, sent before more of the queue */
    struct buf notes; /* waiting for the connection */
    struct frame_exit exit;
    char last[2][FRAME_LAST_MAX]; /* what exit.last points to */
    uint64_t end[2];
    bool has_exit, has_end;   /* known; once true they stay so */
    bool sent_exit, sent_end; /* on this connection */
    uint32_t acked;           /* FRAME_ACK_EXIT, FRAME_ACK_END */
    uint64_t given_up;        /* bytes, in all */
    uint32_t rest_us;         /* how long the hub lets us collect; 0 = it has not said */
    int64_t heard_us;         /* when the hub last acknowledged something */
    struct {
        bool stop;
        uint32_t grace_ms;
        int32_t signal; /* 0 = none */
    } asked;
};

void link_init(struct link *l, const char *path, const struct frame_run *run, struct queue *queue);
void link_fini(struct link *l);

/* Does what is due: connects, or gives up a hub that does not answer. */
void link_tick(struct link *l, int64_t now_us);
/* A hub is there now: does not wait any longer before the next attempt. */
void link_call_now(struct link *l, int64_t now_us);
/* When link_tick() has something to do; INT64_MAX = never. */
int64_t link_deadline(const struct link *l);
/* POLLIN, and POLLOUT when there is something to send. */
short link_events(const struct link *l);
/* Reads what the hub said. */
void link_receive(struct link *l, int64_t now_us);
/* Sends as much as the socket takes. */
void link_send(struct link *l, int64_t now_us);

/* The child is dead: byte counts included. */
void link_set_exit(struct link *l, const struct frame_exit *exit);
/* Both pipes are at their end. */
void link_set_end(struct link *l, uint64_t stdout_n, uint64_t stderr_n);
/* The hub has everything to the end. */
static inline bool link_done(const struct link *l)
{
    return l->acked & FRAME_ACK_END;
}

/* Until when the hub counts as working, judged by its last acknowledgement; 0 when it is away. */
int64_t link_works_until(const struct link *l);

/* Something the keeper has to say about its own work. */
void link_note(struct link *l, enum note_level level, const char *fmt, ...) LM_PRINTF(3, 4);

#endif
