/* SPDX-License-Identifier: MIT
 *
 * socketio.c - packets as text, read and written.
 */
#include "net/socketio.h"

#include "record/json.h"

static struct str skip(struct str s, size_t n)
{
    return str_of(s.p + n, s.n - n);
}

static size_t digits(struct str s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

/* "2-": how many attachments follow. */
static bool take_attachments(struct str *rest, uint32_t *ret)
{
    size_t n = digits(*rest);
    uint64_t count;

    if (n == 0 || n == rest->n || rest->p[n] != '-' || !str_to_u64(str_of(rest->p, n), &count) ||
        count > SIO_ATTACHMENTS_MAX)
        return false;
    *ret = (uint32_t)count;
    *rest = skip(*rest, n + 1);
    return true;
}

static bool take_namespace(struct str *rest, struct str *ret)
{
    *ret = STR("/");
    if (rest->n == 0 || rest->p[0] != '/')
        return true;
    struct str after;
    *ret = str_cut(*rest, ',', &after);
    *rest = after.p ? after : str_of(rest->p + rest->n, 0);
    struct str query;
    *ret = str_cut(*ret, '?', &query);
    return ret->n <= SIO_NAMESPACE_MAX;
}

static bool is_array_of_event(struct str data)
{
    size_t at = 1;

    while (at < data.n && (data.p[at] == ' ' || data.p[at] == '\n' || data.p[at] == '\t'))
        at++;
    return at < data.n && data.p[at] == '"';
}

/* What each type may carry. */
static bool data_fits(const struct sio_packet *p)
{
    struct str d = p->data;

    if (d.n && !json_valid(d))
        return false;
    switch (p->type) {
    case SIO_CONNECT:
        return d.n == 0 || d.p[0] == '{';
    case SIO_DISCONNECT:
        return d.n == 0;
    case SIO_EVENT:
    case SIO_BINARY_EVENT:
        return d.n && d.p[0] == '[' && is_array_of_event(d);
    case SIO_ACK:
    case SIO_BINARY_ACK:
        return d.n && d.p[0] == '[' && p->ack != SIO_NO_ACK;
    case SIO_CONNECT_ERROR:
        return d.n > 0;
    }
    return false;
}

bool sio_parse(struct str text, struct sio_packet *ret)
{
    struct sio_packet p = {.ack = SIO_NO_ACK};
    struct str rest = text;

    if (text.n == 0 || text.p[0] < '0' || text.p[0] > '6')
        return false;
    p.type = (enum sio_type)(text.p[0] - '0');
    rest = skip(text, 1);
    if ((p.type == SIO_BINARY_EVENT || p.type == SIO_BINARY_ACK) &&
        !take_attachments(&rest, &p.attachments))
        return false;
    if (!take_namespace(&rest, &p.nsp))
        return false;
    size_t n = digits(rest);
    if (n > 0 && !str_to_u64(str_of(rest.p, n), &p.ack))
        return false;
    p.data = skip(rest, n);
    if (!data_fits(&p))
        return false;
    *ret = p;
    return true;
}

void sio_add(struct buf *out, const struct sio_packet *p)
{
    buf_add_char(out, (char)('0' + p->type));
    if (p->type == SIO_BINARY_EVENT || p->type == SIO_BINARY_ACK) {
        buf_add_u64(out, p->attachments);
        buf_add_char(out, '-');
    }
    if (!str_is(p->nsp, "/")) {
        buf_add_str(out, p->nsp);
        buf_add_char(out, ',');
    }
    if (p->ack != SIO_NO_ACK)
        buf_add_u64(out, p->ack);
    buf_add_str(out, p->data);
}
