/* SPDX-License-Identifier: MIT
 *
 * process_order.h - depends_on: does an order of starting exist?
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_CONF_PROCESS_ORDER_H
#define LM_CONF_PROCESS_ORDER_H

#include "base/err.h"
#include "conf/process.h"

/* -LM_E_INVALID when somebody depends on a process that is not there, or, over any number of steps, on
 * itself. The sentence names the whole circle: "a needs b, b needs c, c needs a". */
int process_order_check(const struct process_conf *processes, size_t n,
                        struct errinfo *info) LM_MUST_CHECK;

#endif
