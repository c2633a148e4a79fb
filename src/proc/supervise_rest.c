/* SPDX-License-Identifier: MIT
 *
 * supervise_rest.c - what had ended when a new program took the hub over does not begin again.
 *
 * Whoever upgrades a hub wants the same processes afterwards: those that run are found by their
 * keepers, and for those that do not the old program leaves a text, a word for each:
 *
 *     name=state,code,signal,ended_us,asked
 *
 * Threads: loop thread. Owns: nothing.
 */
#include "proc/supervise_impl.h"

#include <inttypes.h>
#include <stdio.h>

/* One string of an environment may have 128 KiB. Who is beyond that is started again. */
enum { AT_REST_MAX = 100 * 1024 };

static bool is_at_rest(const struct process *p)
{
    return p->configured && process_is_idle(p) && p->priv->due_us == 0 &&
           (p->state == PROCESS_EXITED || p->state == PROCESS_DISCONNECTED ||
            p->state == PROCESS_FAILED);
}

void supervise_say_resting(const struct supervise *s, struct buf *out)
{
    for (size_t i = 0; i < s->count && out->n < AT_REST_MAX; i++) {
        const struct process *p = s->processes[i];
        if (is_at_rest(p))
            buf_printf(out, " %s=%s,%" PRId32 ",%" PRId32 ",%" PRId64 ",%d", p->name,
                       process_state_name(p->state), p->exit.known ? p->exit.code : -1,
                       p->exit.known ? p->exit.signal : 0, p->exit.ended_us, p->priv->asked);
    }
}

/* What stands behind its name in the text; NULL: it is not there. */
static const char *word_of(const char *text, const char *name)
{
    size_t n = strlen(name);

    for (const char *at = text; at && (at = strchr(at, ' ')) != NULL;)
        if (strncmp(++at, name, n) == 0 && at[n] == '=')
            return at + n + 1;
    return NULL;
}

static enum process_state state_of(const char *name)
{
    for (int state = PROCESS_DISCONNECTED; state <= PROCESS_FAILED; state++)
        if (strcmp(process_state_name((enum process_state)state), name) == 0)
            return (enum process_state)state;
    return PROCESS_EXITED;
}

bool rest_goes_on(struct supervise *s, struct process *p)
{
    const char *word = word_of(s->opts.at_rest, p->name);
    struct process_exit *e = &p->exit;
    char state[16];
    int asked;

    if (!word || sscanf(word, "%15[a-z],%" SCNd32 ",%" SCNd32 ",%" SCNd64 ",%d", state, &e->code,
                        &e->signal, &e->ended_us, &asked) != 5)
        return false;
    e->known = e->ended_us > 0;
    p->priv->asked = asked != 0;
    process_set(s, p, state_of(state), "since before the hub was upgraded");
    return true;
}
