/* SPDX-License-Identifier: MIT
 *
 * store_ledger.c - the book that work writes and check reads.
 */
#include "store_driver.h"

#include <sys/uio.h>

static void write_line(int fd, char what, uint64_t a, uint64_t b)
{
    char line[64];
    int n = snprintf(line, sizeof line, "%c %" PRIu64 " %" PRIu64 "\n", what, a, b);
    struct iovec piece = {line, (size_t)n};

    /* A call that nothing else here makes, so that faults can be told to spare it. */
    assert_int_equal(writev(fd, &piece, 1), n);
}

void ledger_note(struct ledger *l, char what, uint64_t a, uint64_t b)
{
    write_line(l->fd, what, a, b);
}

/* Positions of batches that lie below `end` whole. */
static void take_safe(struct ledger *l, uint64_t end)
{
    for (int i = 0; i < ORIGINS; i++)
        if (l->acked[i] <= end)
            l->safe[i] = l->acked[i];
}

static void take_batch(struct ledger *l, char what, uint64_t i, uint64_t end)
{
    assert_true(i < ORIGINS);
    *(what == 'b' ? &l->begun[i] : &l->acked[i]) = end;
    *(what == 'b' ? &l->begun_end : &l->acked_end) = end;
}

void ledger_lose(struct ledger *l, uint64_t from, uint64_t to)
{
    if (from >= to)
        return;
    if (l->lost_count > 0 && l->lost[l->lost_count - 1].to == from) {
        l->lost[l->lost_count - 1].to = to;
        return;
    }
    assert_true(l->lost_count < LOST_MAX);
    l->lost[l->lost_count].from = from;
    l->lost[l->lost_count++].to = to;
}

static void take_line(struct ledger *l, char what, uint64_t a, uint64_t b)
{
    switch (what) {
    case 'b':
    case 'a':
        take_batch(l, what, a, b);
        break;
    case 'e':
        l->begun_end = a;
        l->acked_end = b;
        break;
    case 'c':
        l->clear_begun = a;
        break;
    case 'C':
        l->cleared = a;
        break;
    case 'f':
        l->floor = a;
        break;
    case 's':
        l->sealed = a;
        take_safe(l, a);
        break;
    case 'y':
        l->synced = a;
        take_safe(l, a);
        break;
    case 'l':
        ledger_lose(l, a, b);
        break;
    default:
        fail_msg("the ledger has a line '%c'", what);
    }
}

void ledger_read(struct ledger *l, const char *path)
{
    FILE *f = fopen(path, "re");
    char line[128], what;
    uint64_t a, b;

    *l = (struct ledger){.begun_end = 1, .acked_end = 1, .floor = 1};
    snprintf(l->path, sizeof l->path, "%s", path);
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "%c %" SCNu64 " %" SCNu64, &what, &a, &b) == 3)
            take_line(l, what, a, b);
    if (f)
        fclose(f);
    l->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(l->fd >= 0);
}

void ledger_shorten(struct ledger *l)
{
    char made[LEDGER_PATH + 8];

    snprintf(made, sizeof made, "%s.new", l->path);
    close(l->fd);
    l->fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    assert_true(l->fd >= 0);
    for (uint64_t i = 0; i < ORIGINS; i++) {
        write_line(l->fd, 'b', i, l->begun[i]);
        write_line(l->fd, 'a', i, l->acked[i]);
    }
    write_line(l->fd, 'e', l->begun_end, l->acked_end);
    write_line(l->fd, 'c', l->clear_begun, 0);
    write_line(l->fd, 'C', l->cleared, 0);
    write_line(l->fd, 'f', l->floor, 0);
    write_line(l->fd, 's', l->sealed, 0);
    write_line(l->fd, 'y', l->synced, 0);
    for (uint32_t i = 0; i < l->lost_count; i++)
        write_line(l->fd, 'l', l->lost[i].from, l->lost[i].to);
    assert_int_equal(rename(made, l->path), 0);
}
