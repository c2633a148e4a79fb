/* SPDX-License-Identifier: MIT
 *
 * applog.c - which records are rows of the daily files, and one job that writes them.
 */
#include "store/applog.h"

#include "base/clock.h"
#include "base/diag.h"
#include "record/row.h"
#include "store/oldfiles.h"
#include "store/textfile.h"

#include <errno.h>
#include <stdlib.h>

enum { ALL_FILE, ERRORS_FILE, FILES, DAYS = 2 };
#define TEND_EVERY_US  (INT64_C(3600) * 1000 * 1000)
#define CLOCK_SLACK_US (INT64_C(600) * 1000 * 1000)

/* What is to be written to both files of one day. */
struct day_rows {
    char day[11];
    struct buf rows[FILES];
};

struct applog {
    struct loop *loop;
    const struct settings *settings;
    struct metrics *metrics;
    struct row_clock clock;     /* of rows */
    struct row_clock day_clock; /* of file names */
    struct turn_hook hook;
    uv_timer_t timer; /* tends to old files when nothing is written */
    struct job job, tend_job;
    bool running, tending;
    struct day_rows collected[DAYS], written[DAYS];
    struct textfile files[FILES];
    const struct labels *decided; /* the set that `chosen` is about, within one batch */
    bool chosen;
    uint64_t lost; /* bytes left out since it was last said */
    int64_t lost_said_us;
    /* Of the job: what it is to do, and what came of it. */
    bool finished_one;              /* a file that may be packed now */
    bool job_finished_one;          /* the same, as the job sees it */
    char today[11], oldest_day[11]; /* oldest_day "": none goes for its age */
    struct errinfo trouble[FILES];
    bool was_bad[FILES];
    int64_t tend_at_us;
    /* A day is believed past only when clock and monotonic time have agreed for an hour. */
    int64_t seen_wall_us, seen_mono_us, trusted_us;
};

/* --- which records --- */

static bool is_listed(const char *list, struct str source)
{
    for (struct str rest = str_from(list); rest.p;)
        if (str_eq(str_trim(str_cut(rest, ',', &rest)), source))
            return true;
    return false;
}

/* "pushed" is what no other plain file has: not the lines of a process or of a file, nor the hub's
 * own. */
static bool is_chosen(const struct applog *a, const struct batch *b, const struct labels *l)
{
    const char *sources = a->settings->application_sources;

    if (strcmp(sources, "all") == 0)
        return true;
    if (strcmp(sources, "pushed") == 0)
        return b->origin.kind != ORIGIN_RUN && b->origin.kind != ORIGIN_FILE &&
               !str_is(l->source, a->settings->hub_name);
    return is_listed(sources, l->source);
}

/* The rows of this day, or NULL when the writer is two days behind. */
static struct day_rows *rows_of(struct applog *a, const char *day)
{
    for (int i = 0; i < DAYS; i++) {
        struct day_rows *d = &a->collected[i];
        if (d->day[0] == '\0')
            memcpy(d->day, day, sizeof d->day);
        if (strcmp(d->day, day) == 0)
            return d;
    }
    return NULL;
}

static size_t collected_bytes(const struct applog *a)
{
    size_t n = 0;

    for (int i = 0; i < DAYS; i++)
        for (int k = 0; k < FILES; k++)
            n += a->collected[i].rows[k].n;
    return n;
}

static void add_record(struct applog *a, struct day_rows *d, const struct record *r)
{
    struct buf *all = &d->rows[ALL_FILE], *errors = &d->rows[ERRORS_FILE];
    size_t from = all->n;

    row_add(all, ROW_TEXT, &a->clock, r);
    if (r->level >= LEVEL_ERROR)
        buf_add(errors, all->p + from, all->n - from);
}

void applog_sink(const struct batch *b, void *applog)
{
    struct applog *a = applog;
    struct day_rows *d = NULL;
    char day[11];

    a->decided = NULL;
    for (uint32_t i = 0; i < b->count && !b->unstored; i++) {
        const struct record *r = &b->records[i];
        if (r->labels != a->decided)
            a->chosen = is_chosen(a, b, r->labels);
        a->decided = r->labels;
        if (!a->chosen)
            continue;
        if (!d) {
            row_day(&a->day_clock, b->arrival_us ? b->arrival_us : clock_wall_us(), day);
            d = collected_bytes(a) < APPLOG_MEMORY ? rows_of(a, day) : NULL;
        }
        if (d)
            add_record(a, d, r);
        else
            a->lost += r->message.n;
    }
    if (d || a->lost)
        turn_hook_ask(a->loop, &a->hook);
}

/* --- in the pool --- */

static void write_day(struct applog *a, struct day_rows *d)
{
    for (int k = 0; k < FILES && d->day[0]; k++) {
        struct errinfo info;
        if (d->rows[k].n && textfile_write(&a->files[k], d->day, buf_str(&d->rows[k]), &info) < 0 &&
            info.text[0])
            a->trouble[k] = info;
        a->job_finished_one |= a->files[k].finished_one;
        a->files[k].finished_one = false;
    }
}

static struct oldfiles_rules rules_of(const struct applog *a)
{
    static const enum pack_kind packs[] = {PACK_NONE, PACK_GZIP, PACK_ZSTD};
    const struct settings *s = a->settings;

    return (struct oldfiles_rules){.dir_path = s->application_dir,
                                   .names = {s->application_name, s->application_errors},
                                   .today = a->today,
                                   .pack = packs[s->application_compress],
                                   .oldest_day = a->oldest_day[0] ? a->oldest_day : NULL,
                                   .max_total = s->application_max_total};
}

static void work(struct job *job)
{
    struct applog *a = LIST_ITEM(job, struct applog, job);

    for (int i = 0; i < DAYS; i++)
        write_day(a, &a->written[i]);
}

static void tend_work(struct job *job)
{
    struct applog *a = LIST_ITEM(job, struct applog, tend_job);
    struct oldfiles_report report;
    struct oldfiles_rules rules = rules_of(a);

    (void)oldfiles_tend(&rules, &report); /* what failed comes again with the next round */
}

/* --- around the job --- */

/* Once an hour: has the wall clock gone as far as time itself? */
static void trust_clock(struct applog *a)
{
    int64_t wall = clock_wall_us(), mono = clock_mono_us(), passed = mono - a->seen_mono_us;
    int64_t drift = wall - a->seen_wall_us - passed;

    if (passed < TEND_EVERY_US && a->seen_mono_us)
        return;
    if (a->seen_mono_us && drift < CLOCK_SLACK_US && drift > -CLOCK_SLACK_US)
        a->trusted_us = wall;
    a->seen_wall_us = wall;
    a->seen_mono_us = mono;
}

static void tend_done(struct job *job);

/* Old files are packed and deleted when one has been finished, and once an hour. */
static void tend_when_due(struct applog *a)
{
    int64_t age_us = (int64_t)a->settings->application_max_days * 86400 * 1000000;
    int64_t now = clock_mono_us();

    if (a->tending || (!a->finished_one && now < a->tend_at_us))
        return;
    trust_clock(a);
    row_day(&a->day_clock, clock_wall_us(), a->today);
    a->oldest_day[0] = '\0';
    if (a->trusted_us)
        row_day(&a->day_clock, a->trusted_us - age_us, a->oldest_day);
    a->finished_one = false;
    a->tend_at_us = now + TEND_EVERY_US;
    a->tending = job_start(a->loop, &a->tend_job, tend_work, tend_done) == 0;
}

static void tend_done(struct job *job)
{
    struct applog *a = LIST_ITEM(job, struct applog, tend_job);

    a->tending = false;
    tend_when_due(a); /* another one may have been finished meanwhile */
}

static void swap_rows(struct applog *a)
{
    struct day_rows rows[DAYS];

    memcpy(rows, a->written, sizeof rows);
    memcpy(a->written, a->collected, sizeof a->written);
    memcpy(a->collected, rows, sizeof rows);
}

static void done(struct job *job);

static void start_writing(struct applog *a)
{
    if (a->running)
        return;
    swap_rows(a);
    a->running = job_start(a->loop, &a->job, work, done) == 0;
    if (!a->running) /* the next turn tries again */
        swap_rows(a);
}

static void empty_written(struct applog *a)
{
    for (int i = 0; i < DAYS; i++) {
        a->written[i].day[0] = '\0';
        for (int k = 0; k < FILES; k++) {
            struct buf *b = &a->written[i].rows[k];
            if (b->cap > APPLOG_MEMORY / 16)
                buf_fini(b);
            else
                buf_clear(b);
        }
    }
}

/* One warning when a file cannot be written, one line when it can again. */
static void say_trouble(struct applog *a)
{
    for (int k = 0; k < FILES; k++) {
        struct textfile *t = &a->files[k];
        if (a->trouble[k].text[0])
            diag_warn("%s; its lines are in the store only until it can be written",
                      a->trouble[k].text);
        a->trouble[k].text[0] = '\0';
        if (a->was_bad[k] && t->err == 0)
            diag_info("%s/%s-%s.log is written again; %llu bytes of lines are missing in it",
                      t->dir_path, t->name, t->day, (unsigned long long)t->missing);
        a->was_bad[k] = t->err != 0;
        if (t->err == 0)
            t->missing = 0;
    }
}

static void say_lost(struct applog *a)
{
    int64_t now = clock_mono_us();

    a->metrics->application_lost_bytes_total += a->lost;
    if (a->lost && (a->lost_said_us == 0 || now - a->lost_said_us > INT64_C(60000000))) {
        diag_warn("The disk is slower than the application sources: lines were left out of the "
                  "daily files; the store has them");
        a->lost_said_us = now;
    }
    a->lost = 0;
}

static void done(struct job *job)
{
    struct applog *a = LIST_ITEM(job, struct applog, job);

    a->running = false;
    a->finished_one |= a->job_finished_one;
    a->job_finished_one = false;
    empty_written(a);
    say_trouble(a);
    tend_when_due(a);
    if (collected_bytes(a))
        start_writing(a);
}

static void on_turn_end(struct turn_hook *hook)
{
    struct applog *a = LIST_ITEM(hook, struct applog, hook);

    say_lost(a);
    if (collected_bytes(a))
        start_writing(a);
}

static void on_timer(uv_timer_t *timer)
{
    tend_when_due(timer->data);
}

int applog_new(struct applog **ret, const struct applog_opts *opts)
{
    struct applog *a = calloc(1, sizeof *a);
    const struct settings *s = opts->settings;
    const char *names[FILES] = {s->application_name, s->application_errors};

    if (!a)
        return -ENOMEM;
    a->loop = opts->loop;
    a->settings = s;
    a->metrics = opts->metrics;
    a->clock = a->day_clock = row_clock(opts->zone);
    for (int k = 0; k < FILES; k++)
        textfile_init(&a->files[k], s->application_dir, names[k], s->application_max_size);
    turn_hook_init(&a->hook, on_turn_end);
    uv_timer_init(&a->loop->uv, &a->timer);
    a->timer.data = a;
    uv_timer_start(&a->timer, on_timer, TEND_EVERY_US / 1000, TEND_EVERY_US / 1000);
    uv_unref((uv_handle_t *)&a->timer);
    trust_clock(a);
    *ret = a;
    return 0;
}

static void free_applog(uv_handle_t *timer)
{
    free(timer->data);
}

void applog_free(struct applog *a)
{
    if (!a)
        return;
    lm_assert(!a->running && !a->tending);
    turn_hook_cancel(&a->hook);
    for (int i = 0; i < DAYS; i++) {
        write_day(a, &a->collected[i]);
        for (int k = 0; k < FILES; k++) {
            buf_fini(&a->collected[i].rows[k]);
            buf_fini(&a->written[i].rows[k]);
        }
    }
    for (int k = 0; k < FILES; k++)
        textfile_fini(&a->files[k]);
    uv_close((uv_handle_t *)&a->timer, free_applog);
}

bool applog_drop_oldest(const struct applog *a, uint64_t *ret_bytes)
{
    struct oldfiles_rules rules = rules_of(a);
    struct row_clock clock = row_clock(a->day_clock.zone);
    char today[11];

    row_day(&clock, clock_wall_us(), today);
    rules.today = today;
    return oldfiles_drop_oldest(&rules, ret_bytes);
}
