/* test_network.c: addresses and networks as text and as bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "io/network.h"

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *formatted; /* NULL: it is none */
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"::", "::"},
        {"2001:DB8:0:0::1", "2001:db8::1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"", NULL},
        {"192.0.2", NULL},
        {"192.0.2.01", NULL},
        {"0x7f.0.0.1", NULL},
        {"192.0.2.1 ", NULL},
        {"[::1]", NULL},
        {"::1%lo", NULL},
        {"192.0.2.1:80", NULL},
        {"example.com", NULL},
        {"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_network_address address;
        char text[SV_NETWORK_MAX_TEXT];
        if (sv_network_read_address(sv_str_from(rows[i].text), &address) != !!rows[i].formatted)
            fail_msg("%s", rows[i].text);
        if (!rows[i].formatted)
            continue;
        assert_int_equal(sv_network_format(&address, text), strlen(rows[i].formatted));
        assert_string_equal(text, rows[i].formatted);
    }
    sv_network_address address;
    assert_false(sv_network_read_address((sv_str){"::1\0", 4}, &address));
}

static void test_networks(void **state)
{
    (void)state;
    static const struct {
        const char *network, *inside, *outside; /* NULL: it is none */
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
        {"10.128.0.0/9", "10.128.0.1", "10.127.0.1"},
        {"192.0.2.1", "192.0.2.1", "192.0.2.2"},
        {"0.0.0.0/0", "255.255.255.255", "::1"},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
        {"::/0", "10.0.0.1", NULL},
        {"10.0.0.0/33", NULL, NULL},
        {"fd00::/129", NULL, NULL},
        {"10.0.0.0/", NULL, NULL},
        {"10.0.0.0/-1", NULL, NULL},
        {"10/8", NULL, NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_network network;
        sv_network_address address;
        if (sv_network_read(sv_str_from(rows[i].network), &network) != !!rows[i].inside)
            fail_msg("%s", rows[i].network);
        if (rows[i].inside) {
            assert_true(sv_network_read_address(sv_str_from(rows[i].inside), &address));
            assert_true(sv_network_contains(&network, &address));
        }
        if (rows[i].outside) {
            assert_true(sv_network_read_address(sv_str_from(rows[i].outside), &address));
            assert_false(sv_network_contains(&network, &address));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
