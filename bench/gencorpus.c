/* SPDX-License-Identifier: MIT
 *
 * gencorpus.c - a corpus of log lines, the same in every run, made from templates of the public loghub samples.
 *
 *     gencorpus templates.txt seed lines plain.log json.jsonl
 *
 * A line of templates.txt: system, level, name and text of a template, separated by tabs; what varies in
 * the text stands between the bytes 1 and 2. 300 jobs of 16 systems write in bursts; numbers, ids and
 * addresses come from small pools with some that are new, so that the text compresses as real logs do.
 * Three lines have zq7xneedle0fk3 in them, one in ten thousand has quasarflux. Prints what is in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <time.h>
#include <ctype.h>
typedef struct {
    char *s;
    int var;
} Seg;
typedef struct {
    int lvl, tpl, nseg;
    Seg seg[64];
    int next;
} Ent; // next: next entry with the same template
typedef struct {
    char name[32];
    Ent *e;
    int n;
    uint32_t *ips;
} Sys;
static Sys sys[32];
static int nsys;
static const char *LV[] = {"debug", "info", "warn", "error"};
static const char *LVU[] = {"DEBUG", "INFO", "WARN", "ERROR"};
static uint64_t S[2];
static inline uint64_t rnd(void)
{
    uint64_t a = S[0], b = S[1];
    S[0] = b;
    a ^= a << 23;
    S[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
    return S[1] + b;
}
static inline uint32_t rn(uint32_t n)
{
    return ((rnd() >> 32) * (uint64_t)n) >> 32;
}
static char *tplnames[8192];
static int tplfirst[8192], tpllast[8192], tplcnt[8192], ntpl;
static int tplid(const char *s)
{
    for (int i = 0; i < ntpl; i++)
        if (!strcmp(tplnames[i], s))
            return i;
    tplnames[ntpl] = strdup(s);
    tplfirst[ntpl] = tpllast[ntpl] = -1;
    return ntpl++;
}
static void load(const char *f)
{
    FILE *fp = fopen(f, "r");
    if (!fp) {
        perror(f);
        exit(1);
    }
    char *l = 0;
    size_t c = 0;
    ssize_t n;
    while ((n = getline(&l, &c, fp)) > 0) {
        l[n - 1] = 0;
        char *p = l;
        char *sn = strsep(&p, "\t"), *lv = strsep(&p, "\t"), *tp = strsep(&p, "\t");
        char *t = p;
        if (!nsys || strcmp(sys[nsys - 1].name, sn)) {
            strcpy(sys[nsys].name, sn);
            sys[nsys].e = calloc(2048, sizeof(Ent));
            sys[nsys].ips = malloc(4096 * 4);
            nsys++;
        }
        Sys *s = &sys[nsys - 1];
        Ent *e = &s->e[s->n];
        e->lvl = 1;
        for (int i = 0; i < 4; i++)
            if (!strcmp(lv, LV[i]))
                e->lvl = i;
        e->tpl = tplid(tp);
        char *q = t;
        int var = 0;
        char *st = q;
        for (;; q++) {
            if ((*q == 1 && !var) || (*q == 2 && var) || !*q) {
                char sv = *q;
                *q = 0;
                if (e->nseg < 64 && (*st || var)) {
                    e->seg[e->nseg].s = strdup(st);
                    e->seg[e->nseg].var = var;
                    e->nseg++;
                }
                if (!sv)
                    break;
                var = !var;
                st = q + 1;
            }
        }
        int id = e->tpl;
        e->next = -1;
        if (tpllast[id] >= 0)
            s->e[tpllast[id]].next = s->n;
        else
            tplfirst[id] = s->n;
        tpllast[id] = s->n;
        tplcnt[id]++;
        s->n++;
    }
    for (int i = 0; i < nsys; i++)
        for (int k = 0; k < 4096; k++)
            sys[i].ips[k] = (uint32_t)rnd();
}
#define NP 12
typedef struct {
    int sys, cur;
    char id[20];
    uint64_t pool[24][NP];
    int pp[24];
    uint64_t hp[24][NP];
    int hpp[24];
} Job;
#define NJ 300
static Job J[NJ];
static uint64_t p10(int n)
{
    uint64_t r = 1;
    while (n--)
        r *= 10;
    return r;
}
// mutate the variable text v into o
static char *mut(Job *j, const char *v, char *o)
{
    Sys *s = &sys[j->sys];
    while (*v) {
        if (isdigit((unsigned char)*v)) { // dotted quad
            int a, b, c, d, n = 0;
            if (sscanf(v, "%3d.%3d.%3d.%3d%n", &a, &b, &c, &d, &n) == 4 && n >= 7 &&
                !isdigit((unsigned char)v[n])) {
                uint32_t k = rn(4096);
                k = (uint32_t)(((uint64_t)k * k) >> 12);
                if (rn(100) < 70)
                    k = (uint32_t)(((uint64_t)k * k) >> 12);
                uint32_t ip = s->ips[k];
                o += sprintf(o, "%u.%u.%u.%u", a == 10 ? 10 : (ip >> 24), (ip >> 16) & 255,
                             (ip >> 8) & 255, ip & 255);
                v += n;
                continue;
            }
        }
        if (!isalnum((unsigned char)*v)) {
            *o++ = *v++;
            continue;
        }
        int n = 0, alld = 1, allh = 1, hasd = 0;
        while (isalnum((unsigned char)v[n])) {
            if (!isdigit((unsigned char)v[n]))
                alld = 0;
            else
                hasd = 1;
            if (!isxdigit((unsigned char)v[n]))
                allh = 0;
            n++;
        }
        if (alld && n <= 20) {
            if (n == 1) {
                *o++ = rn(100) < 70 ? *v : (char)('0' + rn(10));
            } else if (n <= 3) {
                if (rn(100) < 50) {
                    memcpy(o, v, n);
                    o += n;
                } else {
                    uint64_t lo = p10(n - 1);
                    o += sprintf(o, "%lu", (unsigned long)(lo + rnd() % (lo * 9)));
                }
            } else {
                uint64_t lo = n > 19 ? p10(18) : p10(n - 1), x;
                int r = rn(100);
                int c = j->pp[n];
                if (c && r < 50)
                    x = j->pool[n][rn(c < NP ? c : NP)];
                else {
                    if (c && r < 70)
                        x = j->pool[n][(c - 1) % NP] + 1 + rn(9);
                    else
                        x = lo + rnd() % (lo * 9);
                    j->pool[n][c % NP] = x;
                    j->pp[n] = c + 1;
                }
                o += sprintf(o, "%lu", (unsigned long)x);
            }
        } else if (allh && hasd && n >= 6 && n <= 40) {
            int up = 0;
            for (int i = 0; i < n; i++)
                if (v[i] >= 'A' && v[i] <= 'F')
                    up = 1;
            int b = n > 23 ? 23 : n;
            uint64_t x;
            int c = j->hpp[b];
            if (c && rn(100) < 55)
                x = j->hp[b][rn(c < NP ? c : NP)];
            else {
                x = rnd();
                j->hp[b][c % NP] = x;
                j->hpp[b] = c + 1;
            }
            uint64_t y = x;
            for (int i = 0; i < n; i++) {
                if (i % 16 == 0)
                    y = x * (i + 0x9E3779B97F4A7C15ull);
                int h = y & 15;
                y >>= 4;
                *o++ = (up ? "0123456789ABCDEF" : "0123456789abcdef")[h];
            }
        } else if (n > 2 && v[0] == '0' && v[1] == 'x') {
            *o++ = '0';
            *o++ = 'x';
            char t[64];
            int k = 0;
            for (; k < n - 2 && k < 40; k++)
                t[k] = "0123456789abcdef"[rnd() & 15];
            if (rn(100) < 50)
                memcpy(o, v + 2, k);
            else
                memcpy(o, t, k);
            o += k;
        } else {
            memcpy(o, v, n);
            o += n;
        }
        v += n;
    }
    return o;
}
static char *js(char *o, const char *s, const char *e)
{
    for (; s < e; s++) {
        unsigned char c = *s;
        if (c == '"' || c == '\\') {
            *o++ = '\\';
            *o++ = c;
        } else if (c < 32)
            o += sprintf(o, "\\u%04x", c);
        else
            *o++ = c;
    }
    return o;
}
int main(int ac, char **av)
{
    if (ac < 6)
        return 1;
    uint64_t seed = strtoull(av[2], 0, 10);
    long N = atol(av[3]);
    S[0] = seed * 0x9E3779B97F4A7C15ull + 1;
    S[1] = seed ^ 0xD1B54A32D192ED03ull;
    for (int i = 0; i < 20; i++)
        rnd();
    load(av[1]);
    FILE *fp = fopen(av[4], "w"), *fj = fopen(av[5], "w");
    setvbuf(fp, 0, _IOFBF, 1 << 20);
    setvbuf(fj, 0, _IOFBF, 1 << 20);
    for (int i = 0; i < NJ; i++) {
        J[i].sys = i < nsys ? i : (int)rn(nsys);
        J[i].cur = rn(sys[J[i].sys].n);
        sprintf(J[i].id, "run-%012lx", (unsigned long)(rnd() >> 16));
    }
    double t = 1795046400000.0; /* 2026-11-19T00:00:00Z */
    double step = 86400000.0 / N;
    long burst = 0;
    Job *j = 0;
    char m[16384], m2[16384], buf[65536];
    time_t ls = -1;
    char tb[32];
    long rare = 0, rarish = 0, lv[4] = {0}, sl[32] = {0};
    uint64_t bytes = 0;
    for (long i = 0; i < N; i++) {
        if (!burst) {
            uint32_t k = rn(NJ);
            k = (uint32_t)((uint64_t)k * k / NJ);
            j = &J[k];
            burst = 1 + rn(rn(4) ? 6 : 40);
        }
        burst--;
        t += step * (burst ? 0.2 + 1.0 * rn(1000) / 1000.0 * 0.2 : 1.0) * 1.0;
        if (!burst) {
            double tgt = 1795046400000.0 + step * i;
            if (t < tgt)
                t += (tgt - t) * rn(1000) / 1000.0;
        }
        Sys *s = &sys[j->sys];
        Ent *e = &s->e[j->cur];
        j->cur++;
        if (j->cur >= s->n)
            j->cur = 0;
        if (rn(50) == 0)
            j->cur = rn(s->n);
        char *o = m;
        Ent *alt = 0;
        for (int k = 0; k < e->nseg; k++) {
            if (!e->seg[k].var) {
                int L = strlen(e->seg[k].s);
                memcpy(o, e->seg[k].s, L);
                o += L;
            } else {
                const char *v = e->seg[k].s;
                if (rn(100) < 30 && tplcnt[e->tpl] > 1) {
                    int hop = rn(tplcnt[e->tpl] < 40 ? tplcnt[e->tpl] : 40);
                    int x = tplfirst[e->tpl];
                    while (hop-- > 0 && s->e[x].next >= 0)
                        x = s->e[x].next;
                    alt = &s->e[x];
                    if (k < alt->nseg && alt->seg[k].var)
                        v = alt->seg[k].s;
                }
                o = mut(j, v, o);
            }
        }
        if (i == N / 10 || i == N / 2 || i == N * 9 / 10) {
            o += sprintf(o, " ref=zq7xneedle0fk3");
            rare++;
        }
        if (rn(10000) == 0) {
            o += sprintf(o, " quasarflux detected");
            rarish++;
        }
        *o = 0;
        int L = o - m;
        long ms = (long)t;
        time_t sec = ms / 1000;
        if (sec != ls) {
            struct tm tm;
            gmtime_r(&sec, &tm);
            strftime(tb, 32, "%Y-%m-%dT%H:%M:%S", &tm);
            ls = sec;
        }
        int err = e->lvl >= 2 && rn(10) < 8;
        lv[e->lvl]++;
        sl[j->sys]++;
        int n = sprintf(buf, "%s.%03dZ %-5s %s %s %s %s\n", tb, (int)(ms % 1000), LVU[e->lvl],
                        s->name, j->id, err ? "stderr" : "stdout", m);
        fwrite(buf, 1, n, fp);
        bytes += n;
        char *q = js(m2, m, m + L);
        *q = 0;
        n = sprintf(buf,
                    "{\"timestamp\":\"%s.%03dZ\",\"level\":\"%s\",\"stream\":\"%s\",\"source\":\"%"
                    "s\",\"job_run_id\":\"%s\",\"message\":\"%s\"}\n",
                    tb, (int)(ms % 1000), LV[e->lvl], err ? "stderr" : "stdout", s->name, j->id,
                    m2);
        fwrite(buf, 1, n, fj);
    }
    fclose(fp);
    fclose(fj);
    printf("lines %ld plain_bytes %lu rare(zq7xneedle0fk3) %ld rarish(quasarflux) %ld debug %ld "
           "info %ld warn %ld error %ld\n",
           N, bytes, rare, rarish, lv[0], lv[1], lv[2], lv[3]);
    for (int i = 0; i < nsys; i++)
        printf("%s %ld\n", sys[i].name, sl[i]);
    for (int i = 0; i < NJ; i += 60)
        printf("job[%d] %s %s\n", i, J[i].id, sys[J[i].sys].name);
}
