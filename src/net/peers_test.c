/* SPDX-License-Identifier: MIT
 *
 * peers_test.c - who is counted with whom, and for how long.
 */
#include "net/peers.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct peers peers;
static struct conn conns[64];
static size_t used;

/* The fields that matter, of a connection that never was. */
static struct conn *from(const char *address)
{
    struct conn *c = &conns[used++];

    *c = (struct conn){0};
    list_init(&c->watches);
    if (inet_pton(AF_INET6, address, c->address) != 1) {
        c->address[10] = c->address[11] = 0xff;
        assert_int_equal(inet_pton(AF_INET, address, c->address + 12), 1);
    }
    c->is_loopback = strncmp(address, "127.", 4) == 0;
    return c;
}

static void end(struct conn *c)
{
    while (!list_empty(&c->watches)) {
        struct conn_watch *w = LIST_ITEM(c->watches.next, struct conn_watch, link);
        list_remove(&w->link);
        w->gone(w);
    }
}

static int setup(void **state)
{
    (void)state;
    used = 0;
    peers = (struct peers){.max = 10, .max_far = 2, .max_near = 8};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < used; i++)
        end(&conns[i]);
    assert_int_equal(peers.by_address.count, 0);
    peers_fini(&peers);
    return 0;
}

static void one_address_gets_its_share_and_others_theirs(void **state)
{
    struct conn *first = from("192.0.2.1");

    (void)state;
    assert_int_equal(peers_admit(&peers, first), PEERS_ADMITTED);
    assert_int_equal(peers_admit(&peers, from("192.0.2.1")), PEERS_ADMITTED);
    assert_int_equal(peers_admit(&peers, from("192.0.2.1")), PEERS_ADDRESS_FULL);
    assert_int_equal(peers_admit(&peers, from("192.0.2.2")), PEERS_ADMITTED);
    end(first);
    assert_int_equal(peers_admit(&peers, from("192.0.2.1")), PEERS_ADMITTED);
    for (int i = 0; i < 6; i++)
        assert_int_equal(peers_admit(&peers, from("127.0.0.1")), PEERS_ADMITTED);
}

static void of_ipv6_a_network_is_one_address(void **state)
{
    (void)state;
    assert_int_equal(peers_admit(&peers, from("2001:db8::1")), PEERS_ADMITTED);
    assert_int_equal(peers_admit(&peers, from("2001:db8::2:3")), PEERS_ADMITTED);
    assert_int_equal(peers_admit(&peers, from("2001:db8::4")), PEERS_ADDRESS_FULL);
    assert_int_equal(peers_admit(&peers, from("2001:db8:0:1::4")), PEERS_ADMITTED);
}

static void all_together_have_a_limit_too(void **state)
{
    static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4",
                                            "192.0.2.5"};

    (void)state;
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(peers_admit(&peers, from(addresses[i / 2])), PEERS_ADMITTED);
    assert_int_equal(peers_admit(&peers, from("192.0.2.6")), PEERS_FULL);
    assert_int_equal(peers.live, 10);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_address_gets_its_share_and_others_theirs),
        TEST(of_ipv6_a_network_is_one_address),
        TEST(all_together_have_a_limit_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
