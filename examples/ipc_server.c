/* SPDX-License-Identifier: MIT
 *
 * ipc_server.c - a program that answers calls:  ipc_server /tmp/math.sock
 */
#include <logmill/manager.h>

#include <inttypes.h>
#include <stdio.h>

/* {"a": 1, "b": 2} -> 3 */
static void add(struct lm_call call, void *ctx)
{
    int64_t a = 0, b = 0;
    char sum[32];

    (void)ctx;
    (void)lm_json_get_int(lm_call_args(call), "a", &a); /* the schema has seen to it */
    (void)lm_json_get_int(lm_call_args(call), "b", &b);
    int n = snprintf(sum, sizeof sum, "%" PRId64, a + b);
    lm_reply(call, (struct lm_str){sum, (size_t)n});
}

int main(int argc, char **argv)
{
    struct lm_handler handler = {.call = add,
                                 .cacheable = true,
                                 .schema = "{\"type\":\"object\",\"required\":[\"a\",\"b\"],"
                                           "\"properties\":{\"a\":{\"type\":\"integer\"},"
                                           "\"b\":{\"type\":\"integer\"}}}"};
    struct lm_manager *m;
    const char *reason = "no memory";

    if (argc < 2 || lm_manager_new(&m, NULL) < 0)
        return 1;
    if (lm_manager_register(m, "math:add", &handler, &reason) < 0 ||
        lm_manager_listen(m, argv[1]) < 0) {
        fprintf(stderr, "ipc_server: cannot start on %s: %s\n", argv[1], reason);
        return 1;
    }
    while (lm_manager_dispatch(m, -1) >= 0)
        ;
    return 1;
}
