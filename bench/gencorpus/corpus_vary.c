/* SPDX-License-Identifier: MIT
 *
 * corpus_vary.c - random numbers, and what varies in a line: addresses, numbers, ids.
 *
 * Most come from what was used before, as in real logs: that is what makes them compress.
 *
 * Threads: one. Owns: the state of the random numbers.
 */
#include "gencorpus.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { ALIKE_MAX = 40 }; /* lines of a template whose values are exchanged */

/* xorshift128+ */
static uint64_t state[2];

uint64_t random_64(void)
{
    uint64_t a = state[0], b = state[1];

    state[0] = b;
    a ^= a << 23;
    state[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
    return state[1] + b;
}

uint32_t random_below(uint32_t n)
{
    return (uint32_t)((random_64() >> 32) * (uint64_t)n >> 32);
}

static bool by_chance(uint32_t percent)
{
    return random_below(100) < percent;
}

void seed_with(uint64_t seed)
{
    state[0] = seed * 0x9E3779B97F4A7C15u + 1;
    state[1] = seed ^ 0xD1B54A32D192ED03u;
    for (int i = 0; i < 20; i++)
        random_64();
}

static uint64_t power_of_ten(size_t n)
{
    uint64_t power = 1;

    while (n--)
        power *= 10;
    return power;
}

static uint64_t any_number(size_t digits)
{
    uint64_t least = power_of_ten(digits - 1);

    return least + random_64() % (least * 9);
}

/* One of those in use. */
static uint64_t used_number(const struct pool *p, size_t length)
{
    int n = p->used[length];

    return p->values[length][random_below((uint32_t)(n < POOL ? n : POOL))];
}

static void use_number(struct pool *p, size_t length, uint64_t value)
{
    p->values[length][p->used[length]++ % POOL] = value;
}

/* "10.1.2.3": a few addresses come often. Returns how many bytes of `text` it stands for; 0: it is
 * none. */
static size_t vary_address(const struct system *s, const char *text, struct buf *out)
{
    unsigned a, b, c, d;
    int n = 0;

    if (sscanf(text, "%3u.%3u.%3u.%3u%n", &a, &b, &c, &d, &n) != 4 || n < 7 ||
        isdigit((unsigned char)text[n]))
        return 0;
    uint32_t k = random_below(ADDRESSES);
    k = k * k / ADDRESSES;
    if (by_chance(70))
        k = k * k / ADDRESSES;
    uint32_t address = s->addresses[k];
    buf_printf(out, "%u.%u.%u.%u", a == 10 ? 10 : address >> 24, address >> 16 & 255,
               address >> 8 & 255, address & 255);
    return (size_t)n;
}

/* Of four digits and more: the same again, the one after the last, or a new one. */
static uint64_t long_number(struct pool *p, size_t length)
{
    uint32_t chance = random_below(100);
    int n = p->used[length];
    uint64_t value;

    if (n && chance < 50)
        return used_number(p, length);
    if (n && chance < 70)
        value = p->values[length][(n - 1) % POOL] + 1 + random_below(9);
    else
        value = any_number(length > 19 ? 19 : length);
    use_number(p, length, value);
    return value;
}

static void vary_number(struct job *j, struct str word, struct buf *out)
{
    if (word.n == 1)
        buf_add_char(out, by_chance(70) ? word.p[0] : (char)('0' + random_below(10)));
    else if (word.n > 3)
        buf_add_u64(out, long_number(&j->decimal, word.n));
    else if (by_chance(50))
        buf_add_str(out, word);
    else
        buf_add_u64(out, any_number(word.n));
}

static void vary_hex(struct job *j, struct str word, struct buf *out)
{
    size_t length = word.n >= LENGTHS ? LENGTHS - 1 : word.n;
    const char *digits = "0123456789abcdef";
    uint64_t value, shifted = 0;

    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] >= 'A' && word.p[i] <= 'F')
            digits = "0123456789ABCDEF";
    if (j->hex.used[length] && by_chance(55)) {
        value = used_number(&j->hex, length);
    } else {
        value = random_64();
        use_number(&j->hex, length, value);
    }
    for (size_t i = 0; i < word.n; i++, shifted >>= 4) {
        if (i % 16 == 0)
            shifted = value * (i + 0x9E3779B97F4A7C15u);
        buf_add_char(out, digits[shifted & 15]);
    }
}

/* "0x7f2a". */
static void vary_pointer(struct str word, struct buf *out)
{
    char digits[40];
    size_t n = word.n - 2 < sizeof digits ? word.n - 2 : sizeof digits;

    for (size_t i = 0; i < n; i++)
        digits[i] = "0123456789abcdef"[random_64() & 15];
    buf_add(out, "0x", 2);
    buf_add(out, by_chance(50) ? word.p + 2 : digits, n);
}

static void vary_word(struct job *j, struct str word, struct buf *out)
{
    size_t decimal = 0, hex = 0;

    for (size_t i = 0; i < word.n; i++) {
        decimal += isdigit((unsigned char)word.p[i]) != 0;
        hex += isxdigit((unsigned char)word.p[i]) != 0;
    }
    if (decimal == word.n && word.n <= 20)
        vary_number(j, word, out);
    else if (hex == word.n && decimal && word.n >= 6 && word.n <= 40)
        vary_hex(j, word, out);
    else if (word.n > 2 && str_starts(word, STR("0x")))
        vary_pointer(word, out);
    else
        buf_add_str(out, word);
}

void vary(struct job *j, const char *text, struct buf *out)
{
    while (*text) {
        size_t n = isdigit((unsigned char)*text) ? vary_address(&systems[j->system], text, out) : 0;
        if (n == 0 && !isalnum((unsigned char)*text)) {
            buf_add_char(out, *text);
            n = 1;
        }
        if (n == 0) {
            while (isalnum((unsigned char)text[n]))
                n++;
            vary_word(j, str_of(text, n), out);
        }
        text += n;
    }
}

const char *value_for(const struct system *s, const struct line *l, int piece)
{
    const struct template_name *name = &names[l->name];
    const char *own = l->pieces[piece].text;

    if (!by_chance(30) || name->count < 2)
        return own;
    uint32_t steps = random_below((uint32_t)(name->count < ALIKE_MAX ? name->count : ALIKE_MAX));
    const struct line *other = &s->lines[name->first];
    for (; steps > 0 && other->next >= 0; steps--)
        other = &s->lines[other->next];
    return piece < other->piece_count && other->pieces[piece].varies ? other->pieces[piece].text
                                                                     : own;
}
