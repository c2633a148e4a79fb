/* SPDX-License-Identifier: MIT
 *
 * keeper_sink.c - the smallest hub there can be: takes one keeper's data and acknowledges it.
 *
 *     keeper_sink SOCKET
 *
 * So that benches measure the keeper and not the hub.
 */
#include "ipc/frame.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct frame_ack acked;

static void answer(int fd, enum frame_type type)
{
    struct buf out = {0};

    if (type == FRAME_RESUME)
        frame_add_hello(&out, &(struct frame_hello){FRAME_VERSION, 0, FRAME_MAX});
    frame_add_ack(&out, type, &acked);
    if (send(fd, out.p, out.n, MSG_NOSIGNAL) < 0)
        perror("keeper_sink");
    buf_fini(&out);
}

static bool take(int fd, const struct frame *f)
{
    struct frame_data d;

    if (f->type == FRAME_RUN)
        answer(fd, FRAME_RESUME);
    else if (f->type == FRAME_EXIT)
        acked.flags |= FRAME_ACK_EXIT;
    else if (f->type == FRAME_END)
        acked.flags |= FRAME_ACK_END;
    else if (f->type == FRAME_DATA && frame_get_data(f->payload, &d) == 0)
        *(d.stream == FRAME_STDOUT ? &acked.stdout_n : &acked.stderr_n) = d.offset + d.bytes.n;
    return f->type >= FRAME_DATA;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct buf in = {0};
    struct frame f;

    if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path)
        return 2;
    strcpy(address.sun_path, argv[1]);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0)
        return 1;
    int fd = accept(listener, NULL, NULL);
    while (!(acked.flags & FRAME_ACK_END) && buf_reserve(&in, 1 << 20) == 0) {
        ssize_t n = read(fd, in.p + in.n, 1 << 20);
        if (n <= 0)
            return 1;
        in.n += (size_t)n;
        size_t at = 0;
        bool news = false;
        int64_t taken;
        while ((taken = frame_read(str_of(in.p + at, in.n - at), FRAME_MAX, &f)) > 0) {
            news |= take(fd, &f);
            at += (size_t)taken;
        }
        buf_consume(&in, at);
        if (news)
            answer(fd, FRAME_ACK);
    }
    return 0;
}
