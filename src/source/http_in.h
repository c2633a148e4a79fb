/* SPDX-License-Identifier: MIT
 *
 * http_in.h - records that come over HTTP: POST /api/v1/logs (docs/ingest.md).
 *
 *     pieces of the body ─▶ [inflate] ─▶ push ─▶ journal ─▶ acknowledged ─▶ 200
 *
 * Bodies are taken apart in slices: all requests together get HTTP_IN_SLICE bytes of plain text in
 * a turn of the loop, in the order they came, so that a hundred large ones do not hold up anybody's
 * live lines. What they hold in memory is bounded by `memory_max`; who would need more is told to
 * come again.
 *
 * Threads: loop thread.
 * Owns:    what belongs to each request, until it is answered or its client is gone.
 */
#ifndef LM_SOURCE_HTTP_IN_H
#define LM_SOURCE_HTTP_IN_H

#include "net/http.h"
#include "source/source.h"

enum { HTTP_IN_SLICE = 256 * 1024 };

struct http_in_opts {
    struct loop *loop;
    struct intake intake;
    uint64_t body_max;   /* of a body, as it comes and as it is unpacked */
    uint64_t memory_max; /* of all requests that are being read */
};

struct http_in;

int http_in_new(struct http_in **ret, const struct http_in_opts *opts) LM_MUST_CHECK;
/* Every connection must have been closed. NULL is fine. */
void http_in_free(struct http_in *s);

/* Takes the records of this request, which streams, and answers it. `source` (valid as long as the
 * request) is for records that name none, `class` for those that do not say how long they are
 * kept. */
void http_in_serve(struct http_in *s, struct http_req *req, struct str source, uint16_t class);

/* Ids below acked_id have become acknowledged, or never will be (durability `always`). */
void http_in_acked(struct http_in *s, uint64_t acked_id);

/* The hub has room again: bodies that had to wait are read on, in the next turn. One that waits too
 * long is told to come again (429). */
void http_in_go_on(struct http_in *s);

#endif
