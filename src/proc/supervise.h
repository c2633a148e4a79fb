/* SPDX-License-Identifier: MIT
 *
 * supervise.h - the hub's view of every process: configured ones it starts, and runs that called.
 *
 * A process is a name; a run is one life of it. The hub never is the parent of a child: it starts a
 * keeper (spawn.h) in a session of its own, and what it knows comes from the keeper's connection
 * (source/keeper_in.c tells us) and from `runs/` files, which let a new hub see keepers that have
 * not called yet.
 *
 *     waiting ─▶ starting ─▶ running ─▶ stopping ─▶ exited | disconnected ─▶ waiting (restart) | failed
 *
 * `starting` lasts until its keeper has called and its ready check, if it has one, has said yes;
 * `exited` = code 0 or asked for; `disconnected` = any other end, or the keeper cannot be reached,
 * with the reason; `waiting` = for the end of a pause before a restart, or for a process it depends
 * on; `failed` = could not be started, or was started too often.
 *
 * Threads: loop thread only.
 * Owns:    the process table. Links belong to the connections behind them.
 */
#ifndef LM_PROC_SUPERVISE_H
#define LM_PROC_SUPERVISE_H

#include "base/buf.h"
#include "conf/settings.h"
#include "ipc/frame.h"
#include "net/loop.h"

enum process_state {
    PROCESS_STARTING,
    PROCESS_RUNNING,
    PROCESS_STOPPING,
    PROCESS_EXITED,
    PROCESS_DISCONNECTED,
    PROCESS_WAITING,
    PROCESS_FAILED,
};

/* How to reach the keeper of a run. `send` takes one whole encoded frame. */
struct keeper_link {
    void (*send)(struct keeper_link *link, struct str frame);
};

/* How the latest life ended. */
struct process_exit {
    bool known; /* false: no life has ended yet, or nobody knows how */
    bool core;
    uint8_t oom;          /* killed for lack of memory: 0 no, 1 yes, 2 unknown */
    int32_t code, signal; /* code -1 when a signal ended it; signal 0 otherwise */
    int64_t ended_us;
    uint64_t user_us, system_us;
    uint32_t max_rss_kb;
};

/* What its lives wrote, as far as this hub has taken it in. */
struct process_counts {
    uint64_t lines, bytes;
    uint64_t errors;     /* lines of level error and fatal */
    uint64_t suppressed; /* lines that the admin stream left out; supervise_count_suppressed() */
};

struct process {
    char name[65];
    enum process_state state;
    char reason[160]; /* why it is in this state, for people; may be empty */
    uint8_t run[FRAME_RUN_ID];
    int32_t keeper_pid, child_pid; /* 0 = unknown */
    int64_t started_us;
    uint32_t restarts;
    char log_file[512];
    bool configured;
    bool unstored;                  /* store: false in the configuration of this name */
    const struct parse_conf *parse; /* of the same; valid when a run begins; NULL: none */
    bool wants_lines;               /* tell supervise_on_line() of its lines: it waits for one */
    bool orphan_writers; /* its child is dead, but something it started still holds its pipes */
    struct process_exit exit;
    struct process_counts counts;
    const struct conf_label *labels; /* of the present run; as long as the run */
    size_t label_count;
    struct process_private *priv;
};

struct supervise;

/* Hears of every change of a process: state, reason, pid, log file, exit, restarts. It is called at
 * once, on the loop thread, with everything else of *p already true; it may ask supervise_ask() for
 * something, but must not free the supervisor. Embedded in its module, any number of them. */
struct process_observer {
    struct list link;
    void (*changed)(struct process_observer *o, const struct process *p);
};

struct supervise_opts {
    struct loop *loop;
    const struct settings *settings;
    uint64_t nofile; /* the soft limit of descriptors that children get; 0 = that of this process */
    /* From supervise_say_resting() of the program before this one; lives until supervise_start().
     * NULL: nothing. */
    const char *at_rest;
    /* All children asked to stop have ended and nothing is left to wait for. */
    void (*on_stopped)(void *ctx);
    void *ctx;
};

/* Reads runs/ and remembers which configured processes are alive already. */
int supervise_new(struct supervise **ret, const struct supervise_opts *opts,
                  struct errinfo *info) LM_MUST_CHECK;
/* Connections that are being closed may still call supervise_on_gone() afterwards; the memory goes
 * when the last of them has, and after a turn of the loop. NULL is fine. */
void supervise_free(struct supervise *s);

void supervise_observe(struct supervise *s, struct process_observer *o);
/* Also after supervise_free(); safe on a zeroed observer. */
void supervise_unobserve(struct process_observer *o);

/* Starts what is configured and not alive, save what `at_rest` names. A keeper that lives but does
 * not call within 5 s is shown as disconnected; it is never doubled. */
void supervise_start(struct supervise *s);

/* Appends who does not run and is not to be started again, for the program that takes over. */
void supervise_say_resting(const struct supervise *s, struct buf *out);

/* From source/keeper_in.c. RUN came: the process (created when new) is running; *ret_process is
 * valid until supervise_free(). -LM_E_FULL when there are too many processes. */
int supervise_on_run(struct supervise *s, const struct frame_run *run, struct keeper_link *link,
                     struct process **ret_process) LM_MUST_CHECK;
void supervise_on_exit(struct supervise *s, struct process *p, const struct frame_exit *ex);
/* All that this run wrote is in the journal, its exit as well, and nothing more can come: the next
 * life need not wait for the keeper to leave. May be called again. */
void supervise_on_end(struct supervise *s, struct process *p, struct keeper_link *link);
/* A line of this run, valid UTF-8. Only needed while p->wants_lines. */
void supervise_on_line(struct supervise *s, struct process *p, struct str line);
/* The connection behind this link is gone; `ended` says whether END had been acknowledged. */
void supervise_on_gone(struct supervise *s, struct process *p, struct keeper_link *link,
                       bool ended);

/* Asks every child that a hub started to stop, each after those that depend on it; on_stopped
 * follows, at the latest 2 s after the stop_timeout of the last. Runs by hand are left alone. */
void supervise_stop_all(struct supervise *s);

/* Takes over another configuration: starts what is new, stops what is gone, starts anew what
 * changed, and leaves the rest alone. `settings` must live until the next call, and
 * supervise_free(). */
struct reload_report {
    unsigned started, restarted, stopped, kept;
    unsigned failed; /* new ones for which there was no place */
};
void supervise_reload(struct supervise *s, const struct settings *settings,
                      struct reload_report *report);

/* What people ask for, by name. START: nothing happens to what runs already. STOP: also of what waits
 * to be started again; it stays down until somebody starts it. RESTART: stop, then start. The answer
 * says that it was begun; observers hear what comes of it.
 * -LM_E_UNKNOWN: no such process. -LM_E_REFUSED: it was started by hand, which only its starter can do
 * again, or the hub is stopping. info has the sentence. */
enum process_verb { PROCESS_START, PROCESS_STOP, PROCESS_RESTART };
static inline const char *process_verb_word(enum process_verb verb)
{
    return verb == PROCESS_START ? "start" : verb == PROCESS_STOP ? "stop" : "restart";
}
int supervise_ask(struct supervise *s, struct str name, enum process_verb verb,
                  struct errinfo *info) LM_MUST_CHECK;
/* Sends a signal (1 to 64) to the process group. -LM_E_UNKNOWN, or -LM_E_REFUSED when it does not
 * run. */
int supervise_signal(struct supervise *s, struct str name, int number,
                     struct errinfo *info) LM_MUST_CHECK;
/* Starts a one-shot job. Takes what is in *conf, which is empty afterwards, on success only. When it
 * cannot be executed *ret says so in its state and reason. -LM_E_REFUSED: the name is taken;
 * -LM_E_FULL: too many processes. */
int supervise_spawn(struct supervise *s, struct process_conf *conf, const struct process **ret,
                    struct errinfo *info) LM_MUST_CHECK;
/* Lines of this process that somebody was not shown, for its card. Nothing when it is unknown. */
void supervise_count_suppressed(struct supervise *s, struct str name, uint64_t n);

/* NULL when unknown; of several runs of one name the one that lives. The i-th process, NULL past
 * the end. */
const struct process *supervise_find(const struct supervise *s, struct str name);
const struct process *supervise_at(const struct supervise *s, size_t i);
const char *process_state_name(enum process_state state);

#endif
