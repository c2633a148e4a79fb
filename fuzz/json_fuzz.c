/* SPDX-License-Identifier: MIT
 *
 * json_fuzz.c - arbitrary bytes as JSON: accepted or refused as jansson does, with the same values;
 * and any text written as a JSON string reads back.
 */
#include "record/json_oracle.h"
#include "record/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read(struct str text)
{
    struct buf clean = {0}, json = {0}, back = {0};

    utf8_add_clean(&clean, text);
    json_add_string(&json, buf_str(&clean));
    json_add_unescaped(&back, str_of(json.p + 1, json.n - 2));
    lm_assert(str_eq(buf_str(&clean), buf_str(&back)));
    json_t *value = json_loadb(json.p, json.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    lm_assert(value && str_eq(str_of(json_string_value(value), json_string_length(value)),
                              str_of(clean.n ? clean.p : "", clean.n)));
    json_decref(value);
    buf_fini(&clean);
    buf_fini(&json);
    buf_fini(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_of((const char *)data, size);

    if (utf8_valid_prefix(text) == size)
        lm_assert(json_oracle(text) != ORACLE_DIFFERS);
    write_and_read(text);
    return 0;
}
