/* SPDX-License-Identifier: MIT
 *
 * frame.h - the unit of the local protocol: a 16-byte header and its payload.
 *
 *     u32 length | u8 type | u8 flags | u16 channel | u64 request | payload ...
 *
 * docs/ipc-protocol.md is the specification; names and offsets here follow it to the letter. This
 * file knows bytes, not sockets: keepers, the hub and liblogmill share it.
 *
 * Writers put a payload together in a caller's buffer; readers get a view into the caller's bytes.
 * Everything is checked against the length given before it is read.
 *
 * Threads: any. Owns: nothing. Needs: libc and base/ only.
 */
#ifndef LM_IPC_FRAME_H
#define LM_IPC_FRAME_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum {
    FRAME_HEADER = 16,
    FRAME_HELLO_MAX = 64, /* longest HELLO payload ever; keeps the first byte below 'A' */
    FRAME_DATA_HEAD = 24,
    FRAME_DATA_MAX = 64 * 1024,                /* bytes of output in one DATA */
    FRAME_MAX = 1024 * 1024 + FRAME_HELLO_MAX, /* longest payload the hub accepts */
    FRAME_MAGIC = 0x50494d4c,
    FRAME_VERSION = 1,
};

enum frame_type {
    FRAME_HELLO = 0x01,
    FRAME_ERROR = 0x02,
    FRAME_RUN = 0x10,
    FRAME_RESUME = 0x11,
    FRAME_DATA = 0x12,
    FRAME_ACK = 0x13,
    FRAME_EXIT = 0x14,
    FRAME_END = 0x15,
    FRAME_STOP = 0x16,
    FRAME_SIGNAL = 0x17,
    FRAME_NOTE = 0x18,
    FRAME_RING = 0x19,
    FRAME_WAKE = 0x1a,
    FRAME_CALL = 0x20,
    FRAME_RESULT = 0x21,
    FRAME_FAILURE = 0x22,
    FRAME_CHUNK = 0x23,
    FRAME_CREDIT = 0x24,
    FRAME_CANCEL = 0x25,
};

/* What a peer is, in `features` of its HELLO. None: a keeper. */
enum { FRAME_FEATURE_CALLS = 1, FRAME_FEATURE_RING = 2 };

/* PIPE: the standard input of `logmill pipe`; there is no child, no file and no exit. */
enum { FRAME_RUN_CONFIGURED = 1, FRAME_RUN_BY_HAND = 2, FRAME_RUN_PIPE = 4 };
enum { FRAME_ACK_EXIT = 1, FRAME_ACK_END = 2 };
enum { FRAME_STDOUT = 1, FRAME_STDERR = 2 };
enum { FRAME_LABELS_MAX = 32, FRAME_RUN_ID = 16, FRAME_LAST_MAX = 512 };

struct frame {
    uint8_t type, flags;
    uint16_t channel;
    uint64_t request;
    struct str payload; /* borrowed from the bytes given to frame_read() */
};

struct frame_hello {
    uint16_t version;
    uint64_t features;
    uint32_t max_frame;
};

struct frame_label {
    struct str name, value;
};

struct frame_run {
    uint8_t run[FRAME_RUN_ID];
    int32_t keeper_pid, child_pid;
    int64_t started_us;
    uint32_t flags;
    struct str name, log_file, command;
    uint16_t label_count;
    struct frame_label labels[FRAME_LABELS_MAX];
};

struct frame_ack { /* RESUME and ACK */
    uint64_t stdout_n, stderr_n;
    uint32_t flags;
    uint32_t rest_us; /* how long a keeper may collect what a busy child writes; 0 = as it likes */
};

struct frame_data {
    uint64_t offset;
    int64_t read_us;
    uint32_t stream;
    struct str bytes;
};

struct frame_exit {
    int64_t ended_us;
    int32_t code, signal;
    uint8_t core, oom;
    uint32_t max_rss_kb;
    uint64_t user_us, system_us;
    uint64_t stdout_n, stderr_n;
    struct str
        last[2]; /* the last whole or unfinished lines of stdout and stderr, FRAME_LAST_MAX each */
};

struct frame_note {
    uint32_t level;
    struct str text;
};

/* Looks for one whole frame at the start of `bytes`. Returns the number of bytes it takes up, 0
 * when more bytes are needed, -LM_E_PROTOCOL when `length` exceeds max_payload (checked as soon as
 * the first four bytes are there, so nothing is ever allocated for a lie). */
int64_t frame_read(struct str bytes, uint32_t max_payload, struct frame *ret_frame) LM_MUST_CHECK;

/* Writes the 16 header bytes. */
void frame_put_header(uint8_t out[FRAME_HEADER], enum frame_type type, uint32_t length);
/* The same with flags, channel and request of f (its payload is not looked at). */
void frame_put_full_header(uint8_t out[FRAME_HEADER], const struct frame *f, uint32_t length);
/* Writes the 24 bytes that come before the output in a DATA payload. */
void frame_put_data_head(uint8_t out[FRAME_DATA_HEAD], const struct frame_data *data);

/* Append a whole frame, header included, to `out` (check buf_error() once at the end). */
void frame_add_hello(struct buf *out, const struct frame_hello *hello);
void frame_add_error(struct buf *out, int code, struct str text);
void frame_add_run(struct buf *out, const struct frame_run *run);
void frame_add_ack(struct buf *out, enum frame_type resume_or_ack, const struct frame_ack *ack);
void frame_add_data(struct buf *out, const struct frame_data *data);
void frame_add_exit(struct buf *out, const struct frame_exit *ex);
void frame_add_end(struct buf *out, uint64_t stdout_n, uint64_t stderr_n);
void frame_add_stop(struct buf *out, uint32_t grace_ms);
void frame_add_signal(struct buf *out, int32_t signal);
void frame_add_note(struct buf *out, const struct frame_note *note);

/* Read a payload. 0, or -LM_E_PROTOCOL when it is too short or a value is outside its range.
 * Views borrow from the payload. */
int frame_get_hello(struct str payload, struct frame_hello *ret) LM_MUST_CHECK;
int frame_get_error(struct str payload, int *ret_code, struct str *ret_text) LM_MUST_CHECK;
int frame_get_run(struct str payload, struct frame_run *ret) LM_MUST_CHECK;
int frame_get_ack(struct str payload, struct frame_ack *ret) LM_MUST_CHECK;
int frame_get_data(struct str payload, struct frame_data *ret) LM_MUST_CHECK;
int frame_get_exit(struct str payload, struct frame_exit *ret) LM_MUST_CHECK;
int frame_get_end(struct str payload, uint64_t *ret_stdout_n, uint64_t *ret_stderr_n) LM_MUST_CHECK;
int frame_get_stop(struct str payload, uint32_t *ret_grace_ms) LM_MUST_CHECK;
int frame_get_signal(struct str payload, int32_t *ret_signal) LM_MUST_CHECK;
int frame_get_note(struct str payload, struct frame_note *ret) LM_MUST_CHECK;

#endif
