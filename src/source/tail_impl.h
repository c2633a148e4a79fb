/* SPDX-License-Identifier: MIT
 *
 * tail_impl.h - what the files tail*.c share, and nobody else sees.
 *
 * Threads: loop thread. Owns: struct tail everything; a folder its names, an inode its descriptor.
 */
#ifndef LM_SOURCE_TAIL_IMPL_H
#define LM_SOURCE_TAIL_IMPL_H

#include "base/map.h"
#include "record/line.h"
#include "record/parse.h"
#include "source/tailer.h"
#include "source/tail_glob.h"
#include "source/tail_open.h"

#include <limits.h>

enum {
    TAIL_PIECE = 256 * 1024, /* read at a time */
    TAIL_BUFFER = RECORD_MESSAGE_MAX + TAIL_PIECE,
    TAIL_KEPT_MAX = 4096, /* of an unfinished line, in case its file is cut short */
};

/* What the configuration says of the files of one entry. */
struct tail_kind {
    const char *source; /* NULL: the name of the file */
    const struct conf_label *labels;
    size_t label_count;
    const char *process; /* whose log it is; NULL: nobody's */
    char *const *exclude;
    bool unstored, joins, from_end;
    struct parse_rules rules;
};

struct tail_pattern {
    struct tail_glob glob;
    const struct tail_kind *kind;
    bool astray; /* a folder went while it was being entered: walked again at the next tick */
};

/* This folder was reached by the parts of a pattern before `part`. */
struct tail_role {
    struct tail_pattern *pattern;
    uint32_t part;
};

struct tail_dir {
    struct list link;
    char *path;
    uint64_t dev, ino;
    int wd;        /* -1: not watched; -2: looked at every poll_ms instead */
    bool lists;    /* its files matter, not only its folders */
    bool has_ends; /* of links: what comes may be what one of them leads to */
    int said;      /* the trouble told last */
    struct tail_role *roles;
    uint32_t role_count;
    struct map names; /* struct tail_name */
    uint32_t round;   /* of looking at all of it */
};

/* A name in a folder, and the file that it means. */
struct tail_name {
    struct list of_file;
    struct list doubt; /* in tail.doubts: its link may lead elsewhere by now; or in tail.dangling */
    struct tail_dir *dir;
    struct tail_file *file;             /* NULL: nothing that can be followed */
    const struct tail_pattern *pattern; /* that it fits; NULL: rotated away, or the end of a link */
    bool is_link;
    int said; /* why it is not followed; 0 = not said */
    uint32_t round;
    char name[];
};

struct tail_file {
    struct list ready;  /* in tail.ready: something may be new */
    struct list open;   /* in tail.open, while fd >= 0; the one that was read last is last */
    struct list later;  /* in tail.failing or tail.leaving */
    struct list names;  /* struct tail_name */
    struct list behind; /* in `followers` of the file that must be read first */
    struct list followers;
    struct tail_file *after; /* read that one first */
    uint64_t dev, ino;
    int fd;
    const struct tail_kind *kind;
    struct labels *labels;
    char *path; /* as it was found */
    struct parser parser;
    struct line_splitter lines; /* line_end: where the next line begins */
    uint64_t seen;              /* bytes looked at: no line ends between line_end and here */
    uint64_t counted;           /* bytes up to here are in the metric */
    struct buf kept;            /* these bytes, while they are few */
    struct file_position published;
    uint64_t fingerprint;
    uint32_t fingerprint_n;
    uint32_t skip; /* records that are in the journal already */
    struct {
        uint64_t at;   /* where a container's line began that waits for its end */
        uint32_t done; /* records since */
    } piece[STREAM_STDERR + 1];
    uint32_t published_part;
    bool resumed;      /* the position comes from the journal and was not compared yet */
    bool unnoted;      /* that it was begun at its end is not in the journal yet */
    bool failing;      /* in tail.failing */
    bool leaving;      /* in tail.leaving: no pattern leads to it any more */
    bool deleted;      /* its last name was deleted */
    int64_t active_us; /* when bytes came last, or its name went */
    int64_t retry_us;
    uint32_t retry_ms;
    int said;
};

/* A file that has left a name: it was moved (then the same cookie may say where to), or the name
 * was found without it (no cookie). */
struct tail_moved {
    uint32_t cookie;
    const struct tail_pattern *pattern;
    struct tail_dir *dir;
    struct tail_file *file; /* once that is known */
    char name[NAME_MAX + 1];
};

enum { TAIL_MOVED = 64 };

/* What the settings ask for; it borrows from them. */
struct tail_wanted {
    struct tail_kind *kinds;
    size_t kind_count;
    struct tail_pattern *patterns;
    size_t pattern_count;
};

struct tail {
    struct tail_opts opts;
    struct tail_wanted wanted;
    int inotify; /* -1: none */
    uv_poll_t poll;
    uv_timer_t pause; /* while events come in a flood */
    uv_timer_t tick;  /* while something waits for time to pass */
    uv_timer_t again; /* the journal has refused */
    bool polling, blocked, starting, closed;
    bool astray;    /* one of the patterns is */
    bool vanished;  /* a file has lost its last name; its folder may be gone, too */
    bool undrained; /* a file was found since all events were taken */
    int64_t woken_us;
    struct list dirs;
    struct map by_path, by_watch; /* struct tail_dir */
    struct map by_inode;          /* struct tail_file */
    struct map met;               /* during a reload: inodes that were followed before it */
    struct map left;              /* inodes whose names fitted before a reload: those that do not
                                   * any more were not rotated away */
    struct list ready, open, failing, leaving, doubts, dangling;
    uint32_t open_count, polled_dirs, round, made;
    struct tail_moved moved[TAIL_MOVED];
    uint32_t moved_next;
    struct turn_hook hook;
    struct batch batch;
    char *buffer;
    int64_t now_us; /* wall clock of the present piece */
    int said_limit;
};

/* --- tailer.c --- */

/* Makes sure that the tick runs while somebody waits for it. */
void tail_tick_if_needed(struct tail *t);

/* --- tail_wanted.c: what the settings ask for --- */

/* wanted_fini() is due either way. info may stay empty when memory is short. */
int wanted_read(struct tail_wanted *w, const struct settings *s,
                struct errinfo *info) LM_MUST_CHECK;
void wanted_fini(struct tail_wanted *w);

/* --- tail_reload.c --- */

/* Was this file named by a pattern before a reload? */
bool tail_has_left(const struct tail *t, uint64_t dev, uint64_t ino);
/* Lets go of all files and folders; positions stay in the journal. */
void tail_let_all_go(struct tail *t);
/* Follows every pattern as far as it leads now. */
void tail_walk_all(struct tail *t);

/* --- tail_watch.c: inotify --- */

int watch_open(struct tail *t);
void watch_close(struct tail *t);
/* Watches the folder, or notes that it must be polled. -errno when it is not there or cannot be
 * read. */
int watch_dir(struct tail *t, struct tail_dir *d) LM_MUST_CHECK;
void watch_forget(struct tail *t, struct tail_dir *d);
/* The file that left this name last, or NULL. */
struct tail_file *watch_last_left(const struct tail *t, const struct tail_dir *d, const char *name);
/* Remembers that it has. */
void watch_has_left(struct tail *t, struct tail_dir *d, const char *name, struct tail_file *f);
/* Takes all events that wait, until no new file comes of it. */
void watch_drain(struct tail *t);

/* --- tail_dir.c: folders --- */

/* Follows a pattern from the top as far as it leads now. */
void dir_walk(struct tail *t, struct tail_pattern *p);
/* The folder is gone or has another name now. */
void dir_drop(struct tail *t, struct tail_dir *d);
/* The folder at this path, made when it is new: for the ends of links. */
struct tail_dir *dir_get(struct tail *t, const char *path, bool lists);
void dir_free(struct tail *t, struct tail_dir *d);
struct tail_name *dir_name(const struct tail_dir *d, const char *name);
const struct tail_pattern *dir_fits(const struct tail_dir *d, const char *name);

/* Is this role's part the last one, which names files? */
static inline bool dir_role_lists(const struct tail_role *r)
{
    return r->part + 1 == r->pattern->glob.count;
}

/* Is this the name of a folder that some role looks for? */
bool dir_fits_folder(const struct tail_dir *d, const char *name);
/* Following what the hub writes itself would never end: says so when this is a folder of it. */
bool dir_is_own(const struct tail *t, const char *path);
/* A folder is at this name: it takes on what the roles of its parent say. `path` leads to it,
 * perhaps by a `link`. */
void dir_enter(struct tail *t, const struct tail_dir *d, const char *name, const char *path,
               bool link);
/* False when it is too long. */
bool dir_join(char out[PATH_MAX], const char *dir, const char *name);

/* --- tail_name.c: what names mean --- */

/* What a file was called before it was rotated away, and the pattern that this fitted. */
struct tail_was {
    const struct tail_pattern *pattern;
    const struct tail_dir *dir;
    struct str name;
};

/* Looks at one name; `was` may be NULL. Returns the file that the name means now, or NULL. */
enum { LOOK_MOVED_IN = 1, LOOK_DELETED = 2 };
struct tail_file *name_look(struct tail *t, struct tail_dir *d, const char *name, unsigned how,
                            const struct tail_was *was);
/* Names whose links may lead elsewhere are looked at again. */
void name_settle(struct tail *t);

/* --- tail_scan.c --- */

/* Looks at everything in the folder. */
void dir_scan(struct tail *t, struct tail_dir *d);

/* --- tail_file.c: inodes --- */

/* The key of an inode in maps; valid as long as *k. */
struct inode_key {
    uint64_t dev, ino;
};
static inline struct str inode_key(const struct inode_key *k)
{
    return str_of((const char *)k, sizeof *k);
}
struct tail_file *followed_find(const struct tail *t, uint64_t dev, uint64_t ino);
/* NULL when memory is short. `path` names it to people, and its records. */
struct tail_file *followed_new(struct tail *t, const struct tail_kind *kind, const struct stat *st,
                               const char *path);
/* NULL when memory is short. */
struct tail_name *followed_attach(struct tail *t, struct tail_dir *d, const char *name,
                                  struct tail_file *f, const struct tail_pattern *p);
/* The name means nothing any more, and is freed. `deleted`: its file is not just elsewhere. A file
 * without names stays for a while: it may be found under another one, or be written to the end. */
void followed_detach(struct tail *t, struct tail_name *n, bool deleted);
/* Something may be new in it. */
void followed_kick(struct tail *t, struct tail_file *f);
/* f is read only when `first` has been read to its end. */
void followed_wait_for(struct tail *t, struct tail_file *f, struct tail_file *first);
/* Nothing of it was read in this life or an earlier one. */
bool followed_is_unread(const struct tail_file *f);
/* It waits neither to be tried again nor to be let go. */
void followed_not_later(struct tail_file *f);
/* Does a pattern lead to it? */
bool followed_is_wanted(const struct tail_file *f);
/* It may be let go when nothing comes for a while. */
void followed_linger(struct tail *t, struct tail_file *f);
/* It was read to its end, or cannot be: those that waited for it may go on. */
void followed_release(struct tail *t, struct tail_file *f);
/* Nothing leads to it and it was read to its end: frees it, and forgets its position when it is
 * gone. */
void followed_let_go(struct tail *t, struct tail_file *f);
void followed_free(struct tail *t, struct tail_file *f);
/* Forgets positions of files that were not seen for long. */
void followed_forget_stale(struct tail *t);

/* --- tail_fd.c: descriptors --- */

/* Opens it by one of its names. -errno. */
int followed_open(struct tail *t, struct tail_file *f) LM_MUST_CHECK;
void followed_close(struct tail *t, struct tail_file *f);
/* It cannot be read now: tries again later. */
void followed_fail(struct tail *t, struct tail_file *f, int err);

/* --- tail_read.c: bytes to records --- */

/* One piece. 1: there may be more; 0: that was its end; negative: it cannot be read, or, when
 * t->blocked is set, the journal refuses. */
int tail_read(struct tail *t, struct tail_file *f) LM_MUST_CHECK;
/* Nothing more will come for now: the unfinished line at its end becomes a record. -errno when the
 * journal refuses. */
int tail_finish(struct tail *t, struct tail_file *f) LM_MUST_CHECK;
#endif
