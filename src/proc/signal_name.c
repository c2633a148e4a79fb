/* SPDX-License-Identifier: MIT
 *
 * signal_name.c - the names of the C library.
 */
#include "proc/signal_name.h"

#include <signal.h>
#include <string.h>

enum { SIGNAL_MAX = 64 };

int signal_of_name(const char *name)
{
    if (name && strncmp(name, "SIG", 3) == 0)
        name += 3;
    for (int number = 1; name && number <= SIGNAL_MAX; number++) {
        const char *known = sigabbrev_np(number);
        if (known && strcmp(known, name) == 0)
            return number;
    }
    return 0;
}

int signal_of_number(int64_t number)
{
    return number > 0 && number <= SIGNAL_MAX ? (int)number : 0;
}
