/* SPDX-License-Identifier: MIT
 *
 * hub_call.h - a subcommand that asks the hub something and reads a JSON answer.
 *
 * Threads: the main thread; calls block. Owns: the settings between open and close.
 */
#ifndef LM_CLI_HUB_CALL_H
#define LM_CLI_HUB_CALL_H

#include "cli/cli.h"
#include "cli/http_client.h"

#include <jansson.h>

struct hub_call {
    const char *command; /* for messages */
    struct settings settings;
    struct target target;
};

/* Takes the settings, --url included, out of argv. 0, or an exit status; then nothing is open. */
int hub_call_open(struct hub_call *c, int *argc, char **argv) LM_MUST_CHECK;
void hub_call_close(struct hub_call *c);

/* One request; method NULL = GET. 0 and *ret_answer (json_decref), or an exit status when there is
 * no hub or it refused, which has been said on stderr. timeout_ms 0 = as long as it takes. */
int hub_call_json(struct hub_call *c, const char *method, const char *path, const json_t *body,
                  int timeout_ms, json_t **ret_answer) LM_MUST_CHECK;

/* "/api/v1/processes/NAME" and `rest`, the name encoded; *ret_path is zero-terminated
 * (buf_fini). */
int hub_call_process_path(struct buf *ret_path, const char *name, const char *rest) LM_MUST_CHECK;

/* A text member, "" when it is not there. */
const char *json_text(const json_t *object, const char *name);

#endif
