/* SPDX-License-Identifier: MIT
 *
 * import_send.c - one batch of an import to the hub, until it has it.
 *
 * The key of a batch is made of its place and bytes, so a batch whose answer was lost is sent again
 * and stored once, and so is a whole import that was interrupted and is begun again within ten
 * minutes.
 *
 * Threads: the main thread. Owns: nothing.
 */
#include "cli/import_impl.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    WAIT_FIRST_MS = 200,
    WAIT_MAX_MS = 5000,
    PATIENCE_MS = 60000, /* without one batch taken */
};

static void key_of(const struct import_run *im, char out[80])
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(im->batch.p, im->batch.n, im->at);
    snprintf(out, 80, "import-%" PRIx64 "-%016" PRIx64 "%016" PRIx64, im->at, hash.high64,
             hash.low64);
}

/* What the hub took, and the first thing it did not. */
static void note_answer(struct import_run *im, const struct buf *body)
{
    json_t *answer = json_loadb(body->p ? body->p : "", body->n, 0, NULL);
    uint64_t rejected = (uint64_t)json_integer_value(json_object_get(answer, "rejected_total"));
    json_t *first = json_array_get(json_object_get(answer, "rejected"), 0);

    im->taken += (uint64_t)json_integer_value(json_object_get(answer, "accepted"));
    im->rejected += rejected;
    if (first && !im->said_rejected) {
        im->said_rejected = true;
        fprintf(stderr, "%slogmill import: some records are no records, the first because: %s\n",
                im->progress.shown ? "\n" : "",
                json_string_value(json_object_get(first, "reason")));
    }
    json_decref(answer);
}

/* 0: taken; 1: try again; negative: given up, said. */
static int send_once(struct import_run *im, const char *path, const char *headers, bool last_try)
{
    struct buf answer = {0}, refusal = {0};
    struct errinfo info = {0};
    struct http_get post = {.method = "POST",
                            .path = path,
                            .body = buf_str(&im->batch),
                            .headers = headers,
                            .on_body = ask_collect,
                            .ctx = &answer,
                            .must_be_whole = true};
    int status = http_client_get(&im->ask.target, &post, &refusal, &info);
    bool again = (status < 0 && (im->taken || im->at)) || status == 408 || status == 429 ||
                 status == 503 || status == 507;
    int rc = status == 200 ? 0 : again && !last_try ? 1 : -LM_E_REFUSED;

    if (rc == 0)
        note_answer(im, &answer);
    else if (rc < 0 && status > 0)
        ask_say_refusal(&im->ask, status, &refusal);
    else if (rc < 0)
        fprintf(stderr, "logmill import: %s\n", info.text);
    buf_fini(&answer);
    buf_fini(&refusal);
    return rc;
}

int import_send(struct import_run *im)
{
    char key[80], headers[160];
    struct buf path = {0};
    int rc = 0, waited = 0;

    if (im->batch.n == 0)
        return 0;
    key_of(im, key);
    snprintf(headers, sizeof headers,
             "Content-Type: application/x-ndjson\r\nX-Logmill-Batch: %s\r\n", key);
    BUF_LIT(&path, "/api/v1/logs?source=");
    http_add_query_value(&path, str_from(im->source));
    buf_add_char(&path, '\0');
    for (int wait_ms = WAIT_FIRST_MS;;
         wait_ms = wait_ms * 2 < WAIT_MAX_MS ? wait_ms * 2 : WAIT_MAX_MS) {
        rc = send_once(im, path.p, headers, waited >= PATIENCE_MS);
        if (rc <= 0)
            break;
        usleep((useconds_t)wait_ms * 1000);
        waited += wait_ms;
    }
    buf_fini(&path);
    im->at += im->batch.n;
    im->progress.records = im->taken;
    buf_clear(&im->batch);
    im->rows = 0;
    return rc;
}
