/* SPDX-License-Identifier: MIT
 *
 * process_wait.h - an answer about a process that waits until what was asked has come true.
 *
 * Threads: loop thread only.
 * Owns:    a wait, until it has answered.
 */
#ifndef LM_API_PROCESS_WAIT_H
#define LM_API_PROCESS_WAIT_H

#include "api/api.h"

enum { PROCESS_WAIT_MAX_MS = 600 * 1000 };

enum wait_goal {
    GOAL_UP,   /* running, or it is clear that it will not be (failed, ended, waiting) */
    GOAL_DOWN, /* ended */
};

/* Answers req with the process: 200 as soon as the goal is reached, 202 with what is so after
 * wait_ms. For GOAL_UP a life counts only if its run is not `before` (NULL: any). */
void process_wait(struct http_req *req, struct api *api, const struct process *p,
                  enum wait_goal goal, const uint8_t *before, uint32_t wait_ms);

/* The whole answer. */
void reply_process(struct http_req *req, int status, const struct process *p);

#endif
