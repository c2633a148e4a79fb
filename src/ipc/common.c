/* SPDX-License-Identifier: MIT
 *
 * common.c - names of codes, and a little JSON for handlers.
 */
#include <logmill/common.h>

#include "ipc/call_frame.h"
#include "record/json.h"
#include "record/utf8.h"

#include <errno.h>
#include <stdlib.h>

const char *lm_code_name(enum lm_code code)
{
    return code == LM_OK ? "OK" : call_error_name((unsigned)code);
}

const char *lm_version(void)
{
    return LOGMILL_VERSION;
}

static bool find(struct lm_str json, const char *name, struct json_member *ret)
{
    struct json_walk w = json_walk(str_of(json.p, json.n));

    while (json_next(&w, ret))
        if (str_is(ret->key, name))
            return true;
    return false;
}

struct lm_str lm_json_get(struct lm_str json, const char *name)
{
    struct json_member m;

    if (!find(json, name, &m))
        return (struct lm_str){NULL, 0};
    size_t quotes = m.type == JSON_IS_STRING;
    return (struct lm_str){m.value.p - quotes, m.value.n + 2 * quotes};
}

static int put_text(char *out, size_t size, const struct buf *text)
{
    int n = text->failed ? -ENOMEM : text->n < size ? (int)text->n : -ENOBUFS;

    if (n > 0)
        memcpy(out, text->p, text->n);
    if (size)
        out[n > 0 ? n : 0] = '\0';
    return n;
}

int lm_json_get_text(struct lm_str json, const char *name, char *out, size_t size)
{
    struct json_member m;
    struct buf text = {0};

    if (size)
        out[0] = '\0';
    if (!find(json, name, &m) || m.type != JSON_IS_STRING)
        return -ENOENT;
    json_add_unescaped(&text, m.value);
    int n = put_text(out, size, &text);
    buf_fini(&text);
    return n;
}

int lm_json_get_int(struct lm_str json, const char *name, int64_t *ret)
{
    struct json_member m;
    char digits[32];
    char *end;

    if (!find(json, name, &m) || m.type != JSON_IS_NUMBER)
        return -ENOENT;
    if (m.value.n >= sizeof digits)
        return -ERANGE;
    memcpy(digits, m.value.p, m.value.n);
    digits[m.value.n] = '\0';
    errno = 0;
    long long value = strtoll(digits, &end, 10);
    if (errno || *end)
        return -ERANGE;
    *ret = value;
    return 0;
}

int lm_json_quote(struct lm_str text, char *out, size_t size)
{
    struct buf clean = {0}, quoted = {0};

    utf8_add_clean(&clean, str_of(text.p, text.n));
    json_add_string(&quoted, buf_str(&clean));
    quoted.failed |= clean.failed;
    int n = put_text(out, size, &quoted);
    buf_fini(&clean);
    buf_fini(&quoted);
    return n;
}
