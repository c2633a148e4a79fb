/* SPDX-License-Identifier: MIT
 *
 * settings_fuzz.c - any bytes as a configuration file: read or refused with a place, never worse.
 */
#include "conf/settings_doc.h"
#include "conf/settings_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings s = {0};
    struct errinfo err = {0};

    int rc = settings_parse(&s, str_of((const char *)data, size), &err);
    if (rc != 0) {
        lm_assert(rc < 0 && err.code == rc && err.text[0]);
        lm_assert(err.line > 0 && err.column > 0);
        for (const char *c = err.text; *c; c++)
            lm_assert((unsigned char)*c >= ' ');
    }
    for (size_t i = 0; rc == 0 && i < s.process_count; i++)
        lm_assert(s.processes[i].name && s.processes[i].argv && s.processes[i].argv[0]);
    settings_fini(&s);
    return 0;
}
