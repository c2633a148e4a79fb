/* SPDX-License-Identifier: MIT
 *
 * keeper_file.h - the plain file of a run: the child's bytes, untouched.
 *
 * Both streams go into one file in the order they were read. One byte is ever added: a line end,
 * when one stream starts while the other has an unfinished line.
 *
 * A file that is rotated by size is renamed between two lines, by its writer, so nothing is lost
 * and no program has to be told.
 *
 * The file is opened safely (never through a link, never in a directory that others may rearrange),
 * and made again when somebody removes or replaces it. While it cannot be written, bytes are
 * counted as missing and a new attempt is made twice a second, every 5 s when it could not even be
 * opened; capture goes on meanwhile. Where its name leads elsewhere and nothing can be put there (a
 * link lies there, the directory has become read-only), bytes go on into the file that is open, and
 * count as missing for the one to come.
 *
 * Threads: one. Owns: the descriptors.
 */
#ifndef LM_PROC_KEEPER_FILE_H
#define LM_PROC_KEEPER_FILE_H

#include "base/err.h"
#include "base/str.h"

enum { FILE_KEPT_MAX = 100 };

struct file_how {
    bool append;           /* goes on with the file that is there; else it becomes PATH.1 */
    uint64_t rotate_bytes; /* 0 = never; else a new file is begun when this one has so many */
    unsigned kept;         /* how many old ones stay then: PATH.1 is the latest */
};

struct keeper_file {
    const char *path, *base; /* base: the part of path after the last slash */
    struct file_how how;
    int dir, fd;
    uint64_t size;       /* of the file, when it is rotated */
    uint32_t stream;     /* the one that wrote last */
    bool unfinished;     /* the last byte in it is no line end */
    int64_t look_at_us;  /* when to see whether the file is still ours */
    int64_t retry_at_us; /* 0 = it can be written */
    bool astray;         /* its name leads elsewhere, and it could not be made again */
    uint64_t missing;    /* bytes that are not in it, since it could not be written */
};

enum file_event { FILE_OK, FILE_FAILED, FILE_ASTRAY, FILE_BACK };

/* Makes the directory if need be and opens it, unless others could rearrange what is in it. */
int log_dir_open(const char *path, int *ret_dir, struct errinfo *info) LM_MUST_CHECK;

/* Opens the file. On failure f is still usable (writes try again now and then) and info has the
 * reason. */
int file_open(struct keeper_file *f, const char *path, const struct file_how *how,
              struct errinfo *info) LM_MUST_CHECK;
void file_close(struct keeper_file *f);

/* Writes what one stream wrote. FILE_FAILED comes once with info filled, when writing has become
 * impossible, FILE_ASTRAY when its name leads elsewhere; FILE_BACK once when all is well again,
 * then f->missing says how much is not in it. */
enum file_event file_write(struct keeper_file *f, uint32_t stream, struct str bytes, int64_t now_us,
                           struct errinfo *info);

#endif
