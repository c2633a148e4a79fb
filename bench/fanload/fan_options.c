/* SPDX-License-Identifier: MIT
 *
 * fan_options.c - what the command line asks for, and where that is.
 *
 * Threads: one. Owns: nothing.
 */
#include "fanload.h"

#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "fanload --mode MODE --url URL [options]: open subscribers, print what they got as JSON\n"
    "  --mode ws | sse | sio | nats-ws   what one message is: a text frame, an event, a packet "
    "\"42…\", a MSG\n"
    "  --url ws://HOST:PORT/PATH         http:// for sse\n"
    "  -c N            subscribers (1)\n"
    "  -d S            seconds of the window (5)\n"
    "  -w S            seconds of warm-up after the first message (0)\n"
    "  --drain S       seconds to read on after it, at most (2)\n"
    "  --header 'N: V' in the request; as often as you like\n"
    "  --unescape      records may be JSON strings inside the message\n"
    "  --records       a message may have several records: count each\n"
    "  --send TEXT     a WebSocket says this when it is ready; %d and %06d are its number\n"
    "  --idle          expect no message: hold the connections for the window\n"
    "  --progress FILE where fanpub --progress looks\n"
    "  --on-ready CMD  for sh -c, when all are connected; ended by SIGTERM with the window\n"
    "  --pid PID       of the server, as often as you like; --tree: with its descendants\n";

static void take_mode(struct options *o, const char *word)
{
    static const char *const words[] = {"ws", "sse", "sio", "nats-ws"};

    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0) {
            o->mode = (enum mode)i;
            o->mode_name = words[i];
            return;
        }
    fail("there is no mode %s", word);
}

static void take_pid(struct options *o, const char *text)
{
    if (o->pid_count == PIDS_MAX)
        fail("at most %d processes", PIDS_MAX);
    o->pids[o->pid_count++] = atoi(text);
}

static void take_option(struct options *o, int name)
{
    switch (name) {
    case 'm':
        take_mode(o, optarg);
        break;
    case 'u':
        o->url = optarg;
        break;
    case 'c':
        o->clients = atoi(optarg);
        break;
    case 'd':
        o->window_s = atof(optarg);
        break;
    case 'w':
        o->warmup_s = atof(optarg);
        break;
    case 'D':
        o->drain_s = atof(optarg);
        break;
    case 'H':
        buf_printf(&o->headers, "%s\r\n", optarg);
        break;
    case 'U':
        o->unescape = true;
        break;
    case 'R':
        o->records = true;
        break;
    case 'P':
        o->progress = optarg;
        break;
    case 'O':
        o->on_ready = optarg;
        break;
    case 'p':
        take_pid(o, optarg);
        break;
    case 'S':
        o->send = optarg;
        break;
    case 'i':
        o->idle = true;
        break;
    case 't':
        o->tree = true;
        break;
    case 'h':
        fputs(help, stdout);
        exit(0);
    default:
        fputs(help, stderr);
        exit(2);
    }
}

void take_options(struct options *o, int argc, char **argv)
{
    static const struct option names[] = {
        {"mode", 1, NULL, 'm'},     {"url", 1, NULL, 'u'},      {"drain", 1, NULL, 'D'},
        {"header", 1, NULL, 'H'},   {"unescape", 0, NULL, 'U'}, {"records", 0, NULL, 'R'},
        {"progress", 1, NULL, 'P'}, {"on-ready", 1, NULL, 'O'}, {"pid", 1, NULL, 'p'},
        {"tree", 0, NULL, 't'},     {"send", 1, NULL, 'S'},     {"idle", 0, NULL, 'i'},
        {"help", 0, NULL, 'h'},     {NULL, 0, NULL, 0}};
    int name;

    *o = (struct options){.clients = 1, .window_s = 5, .drain_s = 2};
    while ((name = getopt_long(argc, argv, "c:d:w:h", names, NULL)) != -1)
        take_option(o, name);
    if (!o->mode_name || !o->url || o->clients < 1 || optind < argc)
        take_option(o, '?');
}

void find_target(struct target *t, const struct options *o)
{
    const char *at = strstr(o->url, "://");
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    char port[8];

    if (!at || sscanf(at, "://%255[^:/]:%7[0-9]%1023s", t->host, port, t->path) < 2)
        fail("an address is ws://HOST:PORT/PATH, not %s", o->url);
    if (!t->path[0] || strcmp(t->path, "/") == 0)
        strcpy(t->path, o->mode == MODE_SIO ? "/socket.io/?EIO=4&transport=websocket" : "/");
    t->port = atoi(port);
    int err = getaddrinfo(t->host, port, &hints, &found);
    if (err)
        fail("%s: %s", t->host, gai_strerror(err));
    memcpy(&t->address, found->ai_addr, found->ai_addrlen);
    t->address_n = found->ai_addrlen;
    freeaddrinfo(found);
}
