/* SPDX-License-Identifier: MIT
 *
 * segment_impl.h - what segment.c and segment_open.c share.
 *
 * Threads: see segment.h. Owns: see each struct.
 */
#ifndef LM_STORE_SEGMENT_IMPL_H
#define LM_STORE_SEGMENT_IMPL_H

#include "store/segment.h"

enum { SEGMENT_PATH = 4096 };

void segment_path(const char *dir, const char *day, const char *name, const char *ending,
                  char path[SEGMENT_PATH]);
int segment_sync_dir(const char *path) LM_MUST_CHECK;
/* All of it, whatever the kernel takes at a time. */
int segment_write(int fd, const char *p, size_t n, uint64_t at) LM_MUST_CHECK;
/* NULL: memory is short. */
struct segment *segment_new(const char *day, const char *name) LM_MUST_CHECK;
/* Takes the descriptors, whatever happens. */
int segment_adopt(struct segment *s, int seg_fd, int idx_fd) LM_MUST_CHECK;

#endif
