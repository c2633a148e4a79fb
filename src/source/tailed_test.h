/* SPDX-License-Identifier: MIT
 *
 * tailed_test.h - a folder of files, a tailer on them, and a hub played behind: an array of
 * records, the positions of files, and a disk that refuses when told to.
 *
 * Included by each *_test.c once; everything here is static.
 */
#ifndef LM_SOURCE_TAILED_TEST_H
#define LM_SOURCE_TAILED_TEST_H

#include "source/tail_impl.h"

#include "base/clock.h"
#include "base/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_S = 20, FILES_MAX = 64 };

struct known {
    struct origin origin;
    struct position position;
    int64_t arrival_us;
};

struct fixture {
    struct loop loop;
    struct settings settings;
    struct file_conf conf;
    char *paths[2];
    char dir[64], pattern[128];
    struct tail_opts opts;
    struct tail *tail;
    struct metrics metrics;
    struct label_table labels;
    struct buf text;  /* the messages, a line each */
    struct buf notes; /* of stream system */
    struct known known[FILES_MAX];
    uint32_t known_count, records, unterminated, parts, publishes, failures;
    uint64_t next_id;
};

/* --- the hub --- */

static inline struct known *find_known(struct fixture *f, const struct origin *o)
{
    for (uint32_t i = 0; i < f->known_count; i++)
        if (memcmp(&f->known[i].origin, o, sizeof *o) == 0)
            return &f->known[i];
    return NULL;
}

static inline void take_record(struct fixture *f, const struct record *r)
{
    struct buf *b = r->stream == STREAM_SYSTEM ? &f->notes : &f->text;

    buf_add_str(b, r->message);
    buf_add_char(b, '\n');
    f->records++;
    f->unterminated += (r->flags & RECORD_UNTERMINATED) != 0;
    f->parts += (r->flags & RECORD_PART) != 0;
}

static inline int hub_take(void *hub, struct batch *b)
{
    struct fixture *f = hub;
    struct known *k = find_known(f, &b->origin);

    if (f->failures > 0) {
        f->failures--;
        return -ENOSPC;
    }
    assert_int_equal(b->origin.kind, ORIGIN_FILE);
    if (!k) {
        assert_true(f->known_count < FILES_MAX);
        k = &f->known[f->known_count++];
        k->origin = b->origin;
    }
    k->position = b->position;
    k->arrival_us = b->arrival_us;
    b->first_id = f->next_id;
    f->next_id += b->count;
    f->publishes++;
    for (uint32_t i = 0; i < b->count; i++)
        take_record(f, &b->records[i]);
    return 0;
}

static const struct position *hub_position(void *hub, const struct origin *o)
{
    const struct known *k = find_known(hub, o);
    return k ? &k->position : NULL;
}

static inline void hub_forget(void *hub, const struct origin *o)
{
    struct fixture *f = hub;
    struct known *k = find_known(f, o);

    assert_non_null(k);
    *k = f->known[--f->known_count];
}

static inline void hub_each(void *hub, origin_fn *fn, void *ctx)
{
    struct fixture *f = hub;

    for (uint32_t i = 0; i < f->known_count; i++)
        fn(&f->known[i].origin, &f->known[i].position, f->known[i].arrival_us, ctx);
}

/* --- the tailer --- */

static inline void turn(struct fixture *f)
{
    uv_run(&f->loop.uv, UV_RUN_NOWAIT);
}

#define UNTIL(f, cond)                                                                             \
    do {                                                                                           \
        uint64_t until_ = uv_hrtime() + DEADLINE_S * UINT64_C(1000000000);                         \
        while (!(cond)) {                                                                          \
            turn(f);                                                                               \
            if (uv_hrtime() > until_)                                                              \
                fail_msg("waited too long for " #cond "; %u records", (f)->records);               \
        }                                                                                          \
    } while (0)

static inline void start(struct fixture *f)
{
    struct errinfo info = {0};

    if (tail_new(&f->tail, &f->opts, &info) < 0)
        fail_msg("%s", info.text);
}

/* As a kill does: nothing is said any more. */
static inline void stop(struct fixture *f)
{
    tail_close(f->tail);
    uv_run(&f->loop.uv, UV_RUN_DEFAULT);
    tail_free(f->tail);
    f->tail = NULL;
    assert_int_equal(f->metrics.files, 0);
    assert_int_equal(f->metrics.files_open, 0);
    assert_int_equal(f->metrics.folders_polled, 0);
}

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    diag_min_level(DIAG_ERROR);
    snprintf(f->dir, sizeof f->dir, "/tmp/tailed_test.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->pattern, sizeof f->pattern, "%s/*.log", f->dir);
    f->paths[0] = f->pattern;
    f->conf = (struct file_conf){.paths = f->paths, .source = (char *)(uintptr_t) "test"};
    f->settings.files = &f->conf;
    f->settings.file_count = 1;
    f->next_id = 1;
    assert_int_equal(loop_init(&f->loop), 0);
    f->opts = tail_defaults();
    f->opts.loop = &f->loop;
    f->opts.settings = &f->settings;
    f->opts.intake = (struct intake){.hub = f,
                                     .publish = hub_take,
                                     .position = hub_position,
                                     .forget = hub_forget,
                                     .each_file = hub_each,
                                     .labels = &f->labels,
                                     .metrics = &f->metrics};
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];

    if (f->tail)
        stop(f);
    loop_fini(&f->loop);
    label_table_fini(&f->labels); /* asserts that every set was released */
    buf_fini(&f->text);
    buf_fini(&f->notes);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* --- files --- */

static inline const char *at(const struct fixture *f, const char *name)
{
    static char path[4][192];
    static int i;
    char *p = path[i++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", f->dir, name);
    return p;
}

static inline void append(const struct fixture *f, const char *name, struct str text)
{
    int fd = open(at(f, name), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.p, text.n), text.n);
    close(fd);
}

static inline void append_text(const struct fixture *f, const char *name, const char *text)
{
    append(f, name, str_from(text));
}

static inline void expect_text(struct fixture *f, const char *text)
{
    buf_add_char(&f->text, '\0');
    f->text.n--;
    assert_string_equal(f->text.p, text);
}

#endif
