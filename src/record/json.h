/* SPDX-License-Identifier: MIT
 *
 * json.h - the hot path's own JSON: a strict scanner that copies nothing, and a string writer.
 *
 * One record per line is scanned where it lies: members of the top-level object come out as views
 * of their raw text. Everything that is not hot (configuration answers, requests) uses jansson.
 *
 * Grammar: RFC 8259, nesting at most JSON_DEPTH_MAX. The scanner takes bytes beyond ASCII as they
 * are; whether they are UTF-8 is utf8.h's question and is asked once for a whole line. No name here
 * is one of jansson's: a file may use both, and both are linked into one program.
 *
 * Threads: any. Owns: nothing.
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

enum { JSON_DEPTH_MAX = 64 };

struct json_member {
    struct str key;   /* between the quotes, escapes not undone */
    struct str value; /* strings: between the quotes; others: the raw text */
    enum json_type type;
    bool escaped; /* of a string: it has escapes, and is not the text it stands for */
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

/* The same for the items of one array; strings without their quotes. */
struct json_item {
    struct str value;
    enum json_type type;
};
struct json_walk json_walk_array(struct str text);
bool json_next_item(struct json_walk *w, struct json_item *ret);

/* For who checks a text to its depths: each byte is looked at once, brackets are entered and not passed.
 * What is not well-formed shows as `bad`, and stays so; json_place_end() has the last word.
 *     struct json_place at = json_place(text);
 *     if (json_place_type(&at) == JSON_IS_OBJECT)
 *         for (json_place_open(&at); json_place_member(&at, &key);)
 *             json_place_value(&at, &value);       or a loop of its own, for what is nested            */
struct json_place {
    const char *p, *end;
    int depth;
    bool first, bad;
};
struct json_place json_place(struct str text);
/* What begins here; JSON_IS_NUMBER also stands for everything that is no value. */
enum json_type json_place_type(const struct json_place *at);
/* Passes one value, whatever it is. False: bad. */
bool json_place_value(struct json_place *at, struct json_item *ret);
/* Enters an object or array. */
void json_place_open(struct json_place *at);
/* The next key, or false: the object is behind us, or bad. */
bool json_place_member(struct json_place *at, struct str *ret_key);
/* Is there another item? False: the array is behind us, or bad. */
bool json_place_item(struct json_place *at);
/* Was it one well-formed value with nothing but space behind it? */
bool json_place_end(const struct json_place *at);

/* The type of a text that json_valid() found good. */
enum json_type json_type_of(struct str text);

/* The raw text of a member: from the opening quote of its key to the end of its value. */
struct str json_member_raw(const struct json_member *m);

/* Is text one well-formed value of any type, with nothing but space around it? */
bool json_valid(struct str text);
/* Is text a number as JSON writes them? */
bool json_number_ok(struct str text);

/* --- strings (json_string.c) --- */

/* Appends s (valid UTF-8) with quotes, escaping what JSON demands and nothing else. */
void json_add_string(struct buf *out, struct str s);

/* Writes the text a string value stands for to `out`, which must have room for raw.n bytes; `raw`
 * is well-formed. Lone surrogates become U+FFFD. Returns the length, never above raw.n. */
size_t json_unescape(char *out, struct str raw);
/* The same, appended. */
void json_add_unescaped(struct buf *out, struct str raw);

#endif
