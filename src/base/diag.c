/* SPDX-License-Identifier: MIT
 *
 * diag.c - the console of the hub. The one global of the program.
 */
#include "base/diag.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct {
    diag_listener_fn *listener;
    void *ctx;
    enum diag_level min;
} console = {.min = DIAG_INFO};

/* A name or a path of somebody else's may not move the cursor of whoever reads the console, nor
 * begin a line of its own: controls (C0, DEL, and C1 as UTF-8 writes it) become question marks. */
static void tame(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at; at++) {
        if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
            *at++ = '?';
        else if (at[0] >= 0x20 && at[0] != 0x7f)
            continue;
        *at = '?';
    }
}

static void print(enum diag_level level, const char *text)
{
    static const char *const names[] = {"INFO", "WARN", "ERROR"};
    time_t now = time(NULL);
    struct tm tm;

    localtime_r(&now, &tm);
    fprintf(stderr, "%02d:%02d:%02d %s: %s\n", tm.tm_hour, tm.tm_min, tm.tm_sec, names[level],
            text);
}

LM_PRINTF(3, 0)
static void say(enum diag_level level, bool tell, const char *fmt, va_list args)
{
    char *text = NULL;

    if (level < console.min || vasprintf(&text, fmt, args) < 0)
        return;
    tame(text);
    print(level, text);
    if (tell && console.listener)
        console.listener(level, text, console.ctx);
    free(text);
}

void diag(enum diag_level level, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(level, true, fmt, args);
    va_end(args);
}

void diag_console(enum diag_level level, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(level, false, fmt, args);
    va_end(args);
}

void diag_private(const char *fmt, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, fmt);
    int n = vasprintf(&text, fmt, args);
    va_end(args);
    if (n >= 0)
        print(DIAG_INFO, text);
    free(n >= 0 ? text : NULL);
}

void diag_listen(diag_listener_fn *fn, void *ctx)
{
    console.listener = fn;
    console.ctx = ctx;
}

void diag_min_level(enum diag_level level)
{
    console.min = level;
}
