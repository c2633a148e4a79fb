/* SPDX-License-Identifier: MIT
 *
 * json_oracle.h - asks jansson what our scanner should have said; for tests and fuzzing.
 *
 * They must agree on accept and reject and on every value. Nothing is said where jansson is
 * narrower than RFC 8259 (numbers that overflow, lone surrogates, a zero in a key) or wider (zero
 * bytes behind a word), where we are narrower (depth), and about text that is not UTF-8.
 */
#ifndef LM_RECORD_JSON_ORACLE_H
#define LM_RECORD_JSON_ORACLE_H

#include "record/json.h"
#include "record/utf8.h"

#include <jansson.h>

enum json_verdict { ORACLE_AGREES, ORACLE_DIFFERS, ORACLE_SILENT };

enum { ORACLE_FLAGS = JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL };

static inline size_t oracle_depth(struct str text)
{
    size_t depth = 0, most = 0;

    for (size_t i = 0; i < text.n; i++) {
        depth += text.p[i] == '{' || text.p[i] == '[';
        most = depth > most ? depth : most;
    }
    return most;
}

static inline bool oracle_is_silent(struct str text, const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);

    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           str_find_nocase(text, STR("\\ud")) != SIZE_MAX;
}

/* Does jansson read the same out of the text of one value? */
static inline bool oracle_same_value(const struct json_member *m, const json_t *theirs)
{
    struct buf text = {0}, plain = {0};
    bool is_string = m->type == JSON_IS_STRING, same;

    if (is_string)
        buf_add_char(&text, '"');
    buf_add_str(&text, m->value);
    if (is_string)
        buf_add_char(&text, '"');
    json_t *ours = json_loadb(text.p, text.n, ORACLE_FLAGS | JSON_DECODE_ANY, NULL);
    same = ours && json_equal(ours, theirs);
    if (same && is_string) {
        json_add_unescaped(&plain, m->value);
        same =
            str_eq(buf_str(&plain), str_of(json_string_value(theirs), json_string_length(theirs)));
    }
    json_decref(ours);
    buf_fini(&text);
    buf_fini(&plain);
    return same;
}

/* Fills *ret_seen with the members our scanner finds (of equal keys the last one counts); each must
 * be what jansson has under its key. */
static inline bool oracle_same_members(struct str text, const json_t *theirs, bool *ret_ok)
{
    struct json_walk w = json_walk(text);
    struct json_member m;
    bool same = true;

    json_t *left = theirs ? json_copy((json_t *)(uintptr_t)theirs) : NULL;
    while (json_next(&w, &m)) {
        struct buf key = {0};
        json_add_unescaped(&key, m.key);
        buf_add_char(&key, '\0');
        const json_t *value = theirs ? json_object_get(theirs, key.p) : NULL;
        /* An earlier one of equal keys has another value; a later one will come for it. */
        if (theirs && !value)
            same = false;
        else if (theirs && oracle_same_value(&m, value))
            json_object_del(left, key.p);
        buf_fini(&key);
    }
    *ret_ok = w.ok;
    same = same && (!left || json_object_size(left) == 0);
    json_decref(left);
    return same;
}

static inline enum json_verdict json_oracle(struct str text)
{
    json_error_t error;
    bool ok;

    /* It takes a zero byte behind a word for space. */
    bool zero = text.n && memchr(text.p, '\0', text.n);
    if (zero || oracle_depth(text) > 60 || utf8_valid_prefix(text) < text.n)
        return ORACLE_SILENT;
    json_t *theirs = json_loadb(text.n ? text.p : "", text.n, ORACLE_FLAGS, &error);
    if (theirs ? str_find_nocase(text, STR("\\u0000")) != SIZE_MAX
               : oracle_is_silent(text, &error)) {
        json_decref(theirs);
        return ORACLE_SILENT;
    }
    bool wanted = json_is_object(theirs);
    bool same = oracle_same_members(text, wanted ? theirs : NULL, &ok);
    json_decref(theirs);
    return ok == wanted && (!wanted || same) ? ORACLE_AGREES : ORACLE_DIFFERS;
}

#endif
