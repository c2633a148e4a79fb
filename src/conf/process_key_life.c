/* SPDX-License-Identifier: MIT
 *
 * process_key_life.c - keys that say when a process is started, stopped and started again.
 */
#include "conf/process_key.h"

#include <arpa/inet.h>
#include <stdlib.h>

static const uint64_t day_ms = 24ull * 3600 * 1000;

int key_depends_on(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    return key_words(f, node, "depends_on", &p->depends_on);
}

int key_restart(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    unsigned index = RESTART_NEVER;
    int rc = yaml_choice(f, node, "restart", "never|on-failure|always", &index);

    p->restart = (enum restart)index;
    return rc;
}

int key_restart_delay(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    return key_duration(f, node, "restart_delay", 0, 3600 * 1000, &p->restart_delay_ms);
}

int key_restart_limit(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    uint64_t limit;
    int rc = key_number(f, node, "restart_limit", 0, 1000000, &limit);

    if (rc == 0)
        p->restart_limit = (uint32_t)limit;
    return rc;
}

int key_stop_timeout(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    return key_duration(f, node, "stop_timeout", 100, 600 * 1000, &p->stop_timeout_ms);
}

/* ---- checks ---- */

/* "127.0.0.1:80", "[::1]:80", "localhost:80": an address, so that no check waits for DNS. */
static int read_address(struct yaml_file *f, const yaml_node_t *node, struct str text,
                        struct process_check *c)
{
    const char *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;
    struct str host = str_of(text.p, colon ? (size_t)(colon - text.p) : 0);
    uint64_t port = 0;
    unsigned char raw[16];

    for (const char *at = colon ? colon + 1 : ""; colon && at < text.p + text.n; at++)
        port =
            *at >= '0' && *at <= '9' && port < 100000 ? port * 10 + (uint64_t)(*at - '0') : 100000;
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = str_of(host.p + 1, host.n - 2);
    if (str_is(host, "localhost"))
        host = STR("127.0.0.1");
    int rc = key_copy_text(f, host, &c->host);
    if (rc < 0)
        return rc;
    if (port == 0 || port > 65535 ||
        (inet_pton(AF_INET, c->host, raw) != 1 && inet_pton(AF_INET6, c->host, raw) != 1))
        return yaml_refuse(f, node, "'%s' is no address with a port, such as 127.0.0.1:8080",
                           quote(text).text);
    c->port = (uint16_t)port;
    return 0;
}

static int read_tcp(struct yaml_file *f, const yaml_node_t *node, struct process_check *c)
{
    struct str text;
    int rc = yaml_text(f, node, "tcp", &text);

    return rc == 0 ? read_address(f, node, text, c) : rc;
}

static int read_http(struct yaml_file *f, const yaml_node_t *node, struct process_check *c)
{
    struct str text, rest;
    int rc = yaml_text(f, node, "http", &text);

    if (rc < 0)
        return rc;
    if (!str_starts(text, STR("http://")))
        return yaml_refuse(f, node, "'http' is a URL such as http://127.0.0.1:8080/healthz");
    text = str_of(text.p + 7, text.n - 7);
    size_t host_n = 0;
    while (host_n < text.n && text.p[host_n] != '/')
        host_n++;
    rest = host_n < text.n ? str_of(text.p + host_n, text.n - host_n) : STR("/");
    for (size_t i = 0; i < rest.n; i++)
        if (rest.p[i] <= ' ' || rest.p[i] == 0x7f)
            return yaml_refuse(f, node, "'http' holds a space or a control character");
    rc = read_address(f, node, str_of(text.p, host_n), c);
    return rc == 0 ? key_copy_text(f, rest, &c->text) : rc;
}

static int read_log(struct yaml_file *f, const yaml_node_t *node, struct process_check *c)
{
    struct str text;
    int rc = yaml_text(f, node, "log", &text);

    if (rc == 0 && text.n == 0)
        return yaml_refuse(f, node, "'log' says what a line must contain");
    return rc == 0 ? key_copy_text(f, text, &c->text) : rc;
}

/* A task: others wait until it has ended well. */
static int read_exit(struct yaml_file *f, const yaml_node_t *node)
{
    uint64_t code;

    return key_number(f, node, "exit", 0, 0, &code);
}

static int read_kind(struct yaml_file *f, const yaml_node_t *node, enum check_kind kind,
                     struct process_check *c)
{
    if (c->kind != CHECK_NONE)
        return yaml_refuse(f, node, "a check asks one thing: command, tcp, http, log or exit");
    c->kind = kind;
    switch (kind) {
    case CHECK_COMMAND:
        return key_words(f, node, "command", &c->argv);
    case CHECK_TCP:
        return read_tcp(f, node, c);
    case CHECK_HTTP:
        return read_http(f, node, c);
    case CHECK_LOG:
        return read_log(f, node, c);
    default:
        return read_exit(f, node);
    }
}

static int read_check_key(struct yaml_file *f, const yaml_node_pair_t *pair, const char *whom,
                          struct process_check *c)
{
    static const char *const names[] = {"command", "tcp",      "http",    "log",
                                        "exit",    "interval", "timeout", "retries"};
    enum { KINDS = 5, NAMES = sizeof names / sizeof *names };
    const yaml_node_t *node = yaml_at(f, pair->value);
    struct str key = yaml_key(f, pair);
    uint64_t retries;

    for (size_t i = 0; i < KINDS; i++)
        if (str_is(key, names[i]))
            return read_kind(f, node, (enum check_kind)(CHECK_COMMAND + i), c);
    if (str_is(key, "interval"))
        return key_duration(f, node, "interval", 10, day_ms, &c->interval_ms);
    if (str_is(key, "timeout"))
        return key_duration(f, node, "timeout", 10, day_ms, &c->timeout_ms);
    if (!str_is(key, "retries"))
        return key_unknown(f, pair, whom, names, NAMES);
    int rc = key_number(f, node, "retries", 1, 1000, &retries);
    if (rc == 0)
        c->retries = (uint32_t)retries;
    return rc;
}

static int read_check(struct yaml_file *f, const yaml_node_t *node, const char *what,
                      struct process_check *c)
{
    char whom[32];
    int rc = yaml_map(f, node, what);

    snprintf(whom, sizeof whom, "'%s'", what);
    if (rc != 0)
        return rc;
    YAML_FOR_EACH_PAIR(pair, node)
    {
        rc = read_check_key(f, pair, whom, c);
        if (rc != 0)
            return rc;
    }
    if (c->kind == CHECK_NONE)
        return yaml_refuse(f, node, "'%s' asks nothing: say command, tcp, http, log or exit", what);
    return 0;
}

int key_ready(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    p->ready = (struct process_check){.interval_ms = 200, .timeout_ms = 60 * 1000, .retries = 1};
    return read_check(f, node, "ready", &p->ready);
}

int key_health(struct process_conf *p, struct yaml_file *f, const yaml_node_t *node)
{
    p->health = (struct process_check){.interval_ms = 10 * 1000, .timeout_ms = 5000, .retries = 3};
    int rc = read_check(f, node, "health", &p->health);
    if (rc == 0 && p->health.kind >= CHECK_LOG)
        rc =
            yaml_refuse(f, node, "'health' asks a command, tcp or http; 'ready' also log and exit");
    return rc;
}
