/* SPDX-License-Identifier: MIT
 *
 * fan_count.c - what one message says: when it was sent, and which it is.
 *
 * A record holds "sent_ns":N (real time) and "seq":N somewhere. The first gives its lag; the second
 * shows what a client has missed.
 *
 * Threads: one. Owns: nothing.
 */
#include "fanload.h"

#include <string.h>

/* A key as it stands in a record, and in a record that is a JSON string itself. */
struct key {
    const char *plain, *escaped;
};
static const struct key sent_key = {"\"sent_ns\":", "\\\"sent_ns\\\":"};
static const struct key seq_key = {"\"seq\":", "\\\"seq\\\":"};

static const char *after_text(struct str s, const char *text)
{
    size_t n = strlen(text);
    const char *p = s.n < n ? NULL : memmem(s.p, s.n, text, n);

    return p ? p + n : NULL;
}

/* Reads the number behind the key. Returns where it ends; NULL when there is none. */
static const char *find_number(const struct load *l, struct str s, const struct key *key,
                               uint64_t *ret)
{
    const char *p = after_text(s, key->plain), *end = s.p + s.n;
    uint64_t value = 0;

    if (!p && l->opts.unescape)
        p = after_text(s, key->escaped);
    if (!p || p == end || *p < '0' || *p > '9')
        return NULL;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        value = value * 10 + (uint64_t)(*p - '0');
    *ret = value;
    return p;
}

static void note_seq(struct load *l, struct client *c, int64_t seq)
{
    l->counts.has_seq = true;
    if (seq <= c->last_seq) {
        l->counts.reordered++;
        return;
    }
    if (c->last_seq >= 0)
        l->counts.gaps += (uint64_t)(seq - c->last_seq - 1);
    c->last_seq = seq;
}

/* Returns what follows the record; p NULL when there was none. */
static struct str count_record(struct load *l, struct client *c, struct str s, uint64_t read_ns)
{
    uint64_t sent_ns, seq;
    const char *behind = find_number(l, s, &sent_key, &sent_ns);
    struct str rest = behind ? str_of(behind, (size_t)(s.p + s.n - behind)) : STR_NONE;

    if (behind && l->is_measuring)
        histogram_add(&l->lag_ns, read_ns > sent_ns ? read_ns - sent_ns : 0);
    if ((behind || !l->opts.records) && find_number(l, behind ? rest : s, &seq_key, &seq))
        note_seq(l, c, (int64_t)seq);
    return rest;
}

void count_message(struct load *l, struct client *c, struct str text, uint64_t read_ns)
{
    uint64_t n = 0;

    if (!l->first_ns && l->is_running)
        l->first_ns = now_ns(CLOCK_MONOTONIC);
    for (struct str rest = count_record(l, c, text, read_ns); rest.p && l->opts.records; n++)
        rest = count_record(l, c, rest, read_ns);
    if (!l->opts.records)
        n = 1;
    c->received += n;
    if (l->is_measuring) {
        l->counts.messages += n;
        l->counts.bytes += text.n;
    }
}

/* --- how long they took --- */

void histogram_add(struct histogram *h, uint64_t value)
{
    unsigned place = (unsigned)value;

    if (value >= STEPS) {
        unsigned power = 63u - (unsigned)__builtin_clzll(value);
        place = (power - 5) * STEPS + (unsigned)(value >> (power - 6) & (STEPS - 1));
    }
    h->counts[place]++;
    h->n++;
    h->sum += (double)value;
    if (value > h->max)
        h->max = value;
}

/* The middle of what is counted at a place. */
static double value_at(unsigned place)
{
    unsigned power = place / STEPS + 5;

    if (place < STEPS)
        return place;
    return (double)((uint64_t)(STEPS + place % STEPS) << (power - 6)) +
           (double)(UINT64_C(1) << (power - 6)) / 2;
}

double histogram_at(const struct histogram *h, double q)
{
    uint64_t due = (uint64_t)(q * (double)h->n), n = 0;

    for (unsigned i = 0; h->n && i < sizeof h->counts / sizeof *h->counts; i++) {
        n += h->counts[i];
        if (n > due)
            return value_at(i) < (double)h->max ? value_at(i) : (double)h->max;
    }
    return (double)h->max;
}
