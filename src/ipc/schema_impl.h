/* SPDX-License-Identifier: MIT
 *
 * schema_impl.h - a schema as schema.c reads it and schema_check.c walks it. Nobody else includes
 * it.
 *
 * Threads: immutable once it is read. Owns: each node what hangs below it.
 */
#ifndef LM_IPC_SCHEMA_IMPL_H
#define LM_IPC_SCHEMA_IMPL_H

#include "ipc/schema.h"
#include "record/json.h"

/* Bits of schema.types, in the order of the words in both files. */
enum {
    TYPE_STRING = 1,
    TYPE_NUMBER = 2,
    TYPE_INTEGER = 4,
    TYPE_BOOLEAN = 8,
    TYPE_OBJECT = 16,
    TYPE_ARRAY = 32,
    TYPE_NULL = 64,
};

enum { PROPERTIES_MAX = 256 };

struct property {
    char *name;
    size_t name_n;
    bool required;
    struct schema *schema; /* NULL: anything */
};

struct schema {
    unsigned types;           /* 0: any */
    struct buf values;        /* of `enum`: normalised array */
    struct json_item *listed; /* its items */
    size_t listed_count;
    double minimum, maximum;
    double length_min, length_max; /* of strings or arrays */
    double items_min, items_max;
    struct property *properties;
    size_t property_count;
    bool closed; /* additionalProperties: false */
    bool bounds_number, bounds_text;
    struct schema *items;
};

/* Text of a JSON number to its value. False: none, or one of 64 characters and more. */
bool schema_number(struct str text, double *ret);

#endif
