/* SPDX-License-Identifier: MIT
 *
 * exit_record.c - the last record of a run.
 */
#include "source/exit_record.h"

#include "record/json.h"
#include "record/utf8.h"

#include <inttypes.h>

static const char *oom_text(uint8_t oom)
{
    return oom == 0 ? "false" : oom == 1 ? "true" : "\"unknown\"";
}

static void add_signal_name(struct buf *out, int signal)
{
    const char *abbreviation = sigabbrev_np(signal);

    if (abbreviation)
        buf_printf(out, "SIG%s", abbreviation);
    else
        buf_printf(out, "signal %d", signal);
}

static void add_message(const struct frame_exit *ex, struct buf *out)
{
    if (ex->signal == 0) {
        buf_printf(out, "exited with code %d", ex->code);
        return;
    }
    buf_printf(out, "killed by signal %d (", ex->signal);
    add_signal_name(out, ex->signal);
    buf_add_str(out, ex->core ? STR("), core dumped") : STR(")"));
    if (ex->oom == 1)
        BUF_LIT(out, ", out of memory");
}

static void add_last(struct buf *out, const char *name, struct str lines)
{
    struct buf clean = {0};

    if (lines.n == 0)
        return;
    utf8_add_clean(&clean, lines);
    buf_printf(out, ",\"%s\":", name);
    json_add_string(out, buf_str(&clean));
    buf_fini(&clean);
}

enum level exit_record(const struct frame_exit *ex, struct buf *message, struct buf *fields)
{
    add_message(ex, message);
    BUF_LIT(fields, "{\"event\":\"exit\",");
    if (ex->signal == 0) {
        buf_printf(fields, "\"code\":%d,", ex->code);
    } else {
        BUF_LIT(fields, "\"signal\":\"");
        add_signal_name(fields, ex->signal);
        BUF_LIT(fields, "\",");
    }
    buf_printf(fields,
               "\"core\":%s,\"oom\":%s,\"max_rss_kb\":%" PRIu32 ",\"user_ms\":%" PRIu64
               ",\"system_ms\":%" PRIu64,
               ex->core ? "true" : "false", oom_text(ex->oom), ex->max_rss_kb, ex->user_us / 1000,
               ex->system_us / 1000);
    add_last(fields, "last_stdout", ex->last[0]);
    add_last(fields, "last_stderr", ex->last[1]);
    buf_add_char(fields, '}');
    return ex->signal == 0 && ex->code == 0 ? LEVEL_INFO : LEVEL_ERROR;
}
