/* SPDX-License-Identifier: MIT
 *
 * http_guard.h - what may pass as the head of a request; stricter than any parser.
 *
 * Request smuggling lives on two programs reading the same bytes differently. The guard therefore
 * takes one reading only: lines end in CRLF, there is one Host, a body is announced by exactly one
 * header, nothing is folded, trimmed or repaired. What has a second reading is refused.
 *
 * Threads: any. Owns: nothing; results point into the head.
 */
#ifndef LM_NET_HTTP_GUARD_H
#define LM_NET_HTTP_GUARD_H

#include "net/http.h"

enum {
    HTTP_HEAD_MAX = 16 * 1024,
    HTTP_TARGET_MAX = 8 * 1024,
    HTTP_FIELDS_MAX = sizeof((struct http_req *)0)->fields / sizeof(struct http_field),
    HTTP_PARAMS_MAX = 64,
};

/* Why a request is not answered by a handler. status 0: nothing wrong. */
struct http_refusal {
    int status;
    const char *message;
};

/* How far a head that is still arriving has been looked at. A zeroed one starts a new head. */
struct http_scan {
    size_t at, line_start, lines;
};

struct http_head {
    enum http_method method;
    struct str method_name, target, host;
    uint64_t content_length;
    bool has_length, chunked, keep_alive, expects_continue;
};

/* Looks at the bytes that have come since the last call with the same scan; `bytes` starts with the
 * head each time. Returns the length of the whole head with its empty line, or 0: more is needed,
 * unless why->status is set. Damage is refused as soon as it is seen. */
size_t http_head_scan(struct http_scan *scan, struct str bytes, struct http_refusal *why);

/* Takes a whole, scanned head apart; fills req->fields. False: why says what is wrong. */
bool http_head_parse(struct str bytes, struct http_head *ret, struct http_req *req,
                     struct http_refusal *why);

/* Sets req->path, req->query and the parameters. Memory comes from req->arena. */
bool http_target_parse(const struct http_head *head, struct http_req *req,
                       struct http_refusal *why);

#endif
