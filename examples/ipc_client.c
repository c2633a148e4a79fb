/* SPDX-License-Identifier: MIT
 *
 * ipc_client.c - asks it:  ipc_client /tmp/math.sock math:add '{"a": 1, "b": 2}'
 */
#include <logmill/client.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    struct lm_client *c;
    struct lm_answer a;

    if (argc < 3 ||
        lm_client_open(&c, &(struct lm_client_opts){.socket = argv[1], .no_retry = true}) < 0) {
        fprintf(stderr, "usage: ipc_client SOCKET CHANNEL [JSON]\n");
        return 2;
    }
    int err = lm_client_call(c, argv[2], lm_str(argc > 3 ? argv[3] : ""), &a);
    if (err == 0 && a.code == LM_OK)
        printf("%.*s\n", (int)a.data.n, a.data.p ? a.data.p : "");
    else if (err == 0)
        fprintf(stderr, "%s: %.*s\n", lm_code_name(a.code), (int)a.message.n, a.message.p);
    lm_client_close(c);
    return err == 0 && a.code == LM_OK ? 0 : 1;
}
