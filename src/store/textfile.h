/* SPDX-License-Identifier: MIT
 *
 * textfile.h - a daily file of lines: <name>-2026-01-15.log, then <name>-2026-01-16.log.
 *
 * Whole lines are appended to the file of the day; when it is full it goes on under a new number
 * (rotate.h). The file is opened safely (S7, D13): below a directory that others may not rearrange,
 * never through a link, mode 0640; if it is deleted or replaced a new one is made within a second.
 * What cannot be written is counted and given up, and tried again after some seconds: logging must
 * go on.
 *
 * Threads: one at a time; calls block on the disk.
 * Owns:    two descriptors.
 */
#ifndef LM_STORE_TEXTFILE_H
#define LM_STORE_TEXTFILE_H

#include "base/buf.h"
#include "store/rotate.h"

struct textfile {
    const char *dir_path, *name; /* the caller's */
    uint64_t max_bytes;
    int dir, fd; /* -1: not open */
    char day[11];
    uint64_t size;
    struct rotate rotate;
    int64_t look_at_us, retry_at_us, rotate_at_us; /* monotonic */
    int err;                                       /* why it cannot be written; 0: it can */
    uint64_t missing;                              /* bytes given up since then */
    bool finished_one; /* a file has been left behind that can be packed; the caller resets it */
};

void textfile_init(struct textfile *t, const char *dir_path, const char *name, uint64_t max_bytes);
void textfile_fini(struct textfile *t);

/* Appends whole lines to the file of this day ("2026-01-15"). On failure they are given up and info
 * has the sentence, once for each time of trouble: later failures return the code with an empty
 * text. */
int textfile_write(struct textfile *t, const char *day, struct str lines,
                   struct errinfo *info) LM_MUST_CHECK;

#endif
