/* SPDX-License-Identifier: MIT
 *
 * call_frame.h - the frames of calls: question, answers, chunks, credit, cancel.
 *
 * docs/ipc-protocol.md ("Calls") is the specification; names and offsets follow it to the letter.
 * JSON travels as text that nobody here looks into; attachments are views into the payload.
 *
 * Threads: any. Owns: nothing. Needs: libc and base/ only.
 */
#ifndef LM_IPC_CALL_FRAME_H
#define LM_IPC_CALL_FRAME_H

#include "ipc/frame.h"

enum {
    CALL_CHANNEL_MAX = 64,
    CALL_PIECES_MAX = 64,
    CALL_HEAD = 16,
    RESULT_HEAD = 16,
    FAILURE_HEAD = 24,
    CHUNK_HEAD = 32,
};

/* Flags of the frame header. */
enum { CALL_NO_REPLY = 1, CALL_FRESH = 2 };
enum { RESULT_CACHED = 1, RESULT_BATCHED = 2, RESULT_STREAM = 4 };
enum { CHUNK_LAST = 1 };

#define CALL_CREDIT_MAX (INT64_C(1) << 40)

enum call_error {
#define CALL_ERROR(name, number, sentence) CALL_##name = number,
#include "ipc/call_errors.def"
#undef CALL_ERROR
};
/* "IPC_TIMEOUT"; numbers nobody knows are IPC_HANDLER_ERROR. */
const char *call_error_name(unsigned code);

/* Attachments of a payload: their lengths as they came, and their bytes one behind the other. */
struct pieces {
    uint32_t count;
    const char *lengths;
    struct str bytes;
};
/* The i-th attachment (i < count). O(i). */
struct str pieces_at(const struct pieces *p, uint32_t i);

struct call_frame {
    uint64_t request;
    uint8_t flags;
    uint32_t timeout_ms, credit;
    struct str channel, args;
    struct pieces pieces;
};

struct result_frame {
    uint64_t request;
    uint8_t flags;
    uint64_t execution_us;
    struct str data;
    struct pieces pieces;
};

struct failure_frame {
    uint64_t request;
    uint8_t flags;
    uint64_t execution_us;
    uint16_t code; /* enum call_error, or a number of a later version */
    struct str message, details;
};

struct chunk_frame {
    uint64_t request;
    uint8_t flags;
    uint32_t index;
    uint64_t current, total;
    struct str data;
    struct pieces pieces;
};

bool call_channel_ok(struct str channel);

/* Append a whole frame. `attached` are the n attachments; pieces of the struct is not looked at.
 * Payloads must stay below 4 GiB. Check buf_error(). */
void call_add(struct buf *out, const struct call_frame *call, const struct str *attached,
              uint32_t n);
void call_add_result(struct buf *out, const struct result_frame *result, const struct str *attached,
                     uint32_t n);
void call_add_failure(struct buf *out, const struct failure_frame *failure);
void call_add_chunk(struct buf *out, const struct chunk_frame *chunk, const struct str *attached,
                    uint32_t n);
void call_add_credit(struct buf *out, uint64_t request, uint32_t bytes);
void call_add_cancel(struct buf *out, uint64_t request);

/* Everything of a CHUNK with one attachment but the attachment's own bytes, which the caller sends
 * right behind it without a copy. */
void call_add_chunk_head(struct buf *out, const struct chunk_frame *chunk, uint32_t attached_n);

/* Bytes that the payload of a result or chunk takes up. */
uint64_t call_payload_n(size_t head, struct str text, const struct str *attached, uint32_t n);

/* Read a frame of that type. 0, or -LM_E_PROTOCOL. Views borrow from the payload. */
int call_get(const struct frame *f, struct call_frame *ret) LM_MUST_CHECK;
int call_get_result(const struct frame *f, struct result_frame *ret) LM_MUST_CHECK;
int call_get_failure(const struct frame *f, struct failure_frame *ret) LM_MUST_CHECK;
int call_get_chunk(const struct frame *f, struct chunk_frame *ret) LM_MUST_CHECK;
int call_get_credit(const struct frame *f, uint32_t *ret_bytes) LM_MUST_CHECK;

#endif
