/* SPDX-License-Identifier: MIT
 *
 * ipc_logger.c - logs to a hub:  ipc_logger /run/user/1000/logmill.sock
 */
#include <logmill/log.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    struct lm_log *log;

    if (argc < 2 || lm_log_open(&log, &(struct lm_log_opts){.socket = argv[1]}) < 0) {
        fprintf(stderr, "usage: ipc_logger SOCKET\n");
        return 2;
    }
    struct lm_labels labels = {.campaign_id = "campaign-123", .user_email = "user@example.com"};
    struct lm_scope *campaign = lm_log_scope(log, &labels);
    struct lm_scope *session =
        lm_log_subscope(campaign, &(struct lm_labels){.session_id = "session-abc"});
    if (!campaign || !session)
        return 1;

    lm_log_write(log, NULL, LM_INFO, LM_STR("application started"));
    lm_logf(log, session, LM_INFO, "session %s started", "abc");
    lm_log_fields(log, session, LM_WARN, LM_STR("slow page"), LM_STR("{\"duration\":812}"));
    struct lm_entry clicks[3];
    for (int i = 0; i < 3; i++)
        clicks[i] =
            (struct lm_entry){.scope = session, .level = LM_DEBUG, .message = LM_STR("click")};
    lm_log_batch(log, clicks, 3);

    int err = lm_log_flush(log, 1000);
    printf("%s\n",
           err == 0 ? "everything is in the hub" : "no hub answers; it will read this later");
    lm_scope_free(session);
    lm_scope_free(campaign);
    lm_log_close(log);
    return 0;
}
