/* SPDX-License-Identifier: MIT
 *
 * ipc_progress.c - a streaming query with a progress bar:  ipc_progress SOCKET '{"level":"warn"}'
 */
#include <logmill/client.h>

#include <stdio.h>

struct tally {
    size_t chunks, bytes;
};

static void on_chunk(struct lm_client *c, const struct lm_chunk *chunk, void *ctx)
{
    struct tally *t = ctx;
    int filled = (int)(chunk->percentage * 40 / 100);

    (void)c;
    t->chunks++;
    t->bytes += chunk->data.n;
    fprintf(stderr, "\r[%-40.*s] %3.0f %%", filled, "########################################",
            chunk->percentage);
}

int main(int argc, char **argv)
{
    struct tally t = {0};
    struct lm_client *c;
    struct lm_answer a;

    if (argc < 2 ||
        lm_client_open(&c, &(struct lm_client_opts){.socket = argv[1], .no_retry = true}) < 0) {
        fprintf(stderr, "usage: ipc_progress SOCKET [FILTERS]\n");
        return 2;
    }
    struct lm_ask ask = {.channel = "logs:scan",
                         .args = lm_str(argc > 2 ? argv[2] : ""),
                         .timeout_ms = 60000,
                         .on_chunk = on_chunk,
                         .ctx = &t};
    int err = lm_client_call_with(c, &ask, &a);
    fprintf(stderr, "\n");
    if (err == 0 && a.code == LM_OK)
        printf("%zu chunks, %zu bytes of records\n", t.chunks, t.bytes + (a.stream ? 0 : a.data.n));
    else
        fprintf(stderr, "%s\n", err < 0 ? "the connection was lost" : lm_code_name(a.code));
    lm_client_close(c);
    return err == 0 && a.code == LM_OK ? 0 : 1;
}
