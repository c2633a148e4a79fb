/* SPDX-License-Identifier: MIT
 *
 * ask_fuzz.c - whatever a client says on a stream is read or refused with a sentence.
 */
#include "stream/ask.h"

#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hub hub; /* only its epoch is asked for */
    struct errinfo info = {0};
    struct filter own;
    struct ask a;

    filter_init(&own);
    int err = filter_add(&own, STR("q"), STR("source:app -debug"), &info);
    lm_assert(err == 0);
    err = ask_parse(&a, &hub, str_of((const char *)data, size), &info);
    if (err == 0) {
        lm_assert(a.filter && a.limit <= ASK_LOGS_MAX && a.start.tail <= ASK_TAIL_MAX);
        lm_assert(strlen(a.name) <= ASK_NAME_MAX);
        err = ask_narrow(&a, &own, &info);
    }
    lm_assert(err == 0 || (info.text[0] && ask_error_code(&info)[0]));
    ask_fini(&a);
    filter_fini(&own);
    return 0;
}
