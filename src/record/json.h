/* SPDX-License-Identifier: MIT
 *
 * json.h - the hot path's own JSON: a strict scanner that copies nothing, and a string writer.
 *
 * One record per line is scanned where it lies: members of the top-level object come out as views
 * of their raw text. Everything that is not hot (configuration answers, requests) uses jansson.
 *
 * Grammar: RFC 8259, nesting at most 64. Text must have been checked as UTF-8 before. No name here is
 * one of jansson's: a file may use both, and both are linked into one program.
 */
#ifndef LM_RECORD_JSON_H
#define LM_RECORD_JSON_H

#include "base/buf.h"

enum json_type {
    JSON_IS_NULL,
    JSON_IS_BOOL,
    JSON_IS_NUMBER,
    JSON_IS_STRING,
    JSON_IS_ARRAY,
    JSON_IS_OBJECT
};

struct json_member {
    struct str key;   /* between the quotes, escapes not undone */
    struct str value; /* strings: between the quotes; others: the raw text */
    enum json_type type;
};

/* Calls nothing, allocates nothing: walks the members of one object.
 *     struct json_walk w = json_walk(line);
 *     while (json_next(&w, &m)) ...
 *     if (!w.ok) it was not one whole, well-formed object                                       */
struct json_walk {
    const char *p, *end;
    bool first, ok, done;
};

struct json_walk json_walk(struct str text);
bool json_next(struct json_walk *w, struct json_member *ret);

/* Appends s (valid UTF-8) with quotes, escaping what JSON demands and nothing else. */
void json_add_string(struct buf *out, struct str s);
/* The same without the quotes. */
void json_add_escaped(struct buf *out, struct str s);
/* Appends the text a string value stands for; `raw` is well-formed. Lone surrogates become U+FFFD. */
void json_add_unescaped(struct buf *out, struct str raw);

#endif
