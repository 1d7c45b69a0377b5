/* The guard: which addresses are public, which spellings are tricks, what the lists change. */
#include "io_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "failing_malloc.h"
#include "io/address.h"

static sv_address_guard *new_guard(const char *allow, const char *deny)
{
    sv_address_guard *guard = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 4096);
    assert_int_equal(sv_address_guard_new(sv_str_from(allow), sv_str_from(deny), &problems, &guard),
                     SV_OK);
    assert_int_equal(problems.len, 0);
    sv_buf_deinit(&problems);
    return guard;
}

/* A literal and a port as the kernel sees them. */
static struct sockaddr_storage make_address(const char *text, int port)
{
    struct sockaddr_storage out = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return out;
    }
    assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    return out;
}

static const char *const public_addresses[] = {
    "1.1.1.1",         "8.8.8.8",         "9.255.255.255",   "11.0.0.0",
    "100.63.255.255",  "100.128.0.0",     "126.255.255.255", "128.0.0.0",
    "169.253.255.255", "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
    "192.0.1.0",       "192.0.3.0",       "192.88.98.255",   "192.167.255.255",
    "192.169.0.0",     "198.17.255.255",  "198.20.0.0",      "198.51.99.255",
    "203.0.112.255",   "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888",
    "2a00:1450::1",    "2001:200::1",     "2003::1",         "3ffe:ffff::1",
    "::ffff:8.8.8.8",
};

static const char *const special_addresses[] = {
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.0",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.192",
    "192.0.0.255",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.0",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.254",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8", /* IPv4-compatible */
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "::ffff:0:127.0.0.1", /* IPv4-translated */
    "64:ff9b::8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::1", /* NAT64 */
    "100::1",
    "2001::1",
    "2001:0:4136:e378::1", /* discard, Teredo */
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1", /* 6to4 */
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
};

static void test_public(void **state)
{
    (void)state;
    sv_address_guard *guard = new_guard("", "");
    for (size_t i = 0; i < sizeof public_addresses / sizeof *public_addresses; i++) {
        struct sockaddr_storage address = make_address(public_addresses[i], 80);
        if (!sv_address_is_allowed(guard, (struct sockaddr *)&address, false))
            fail_msg("%s is public", public_addresses[i]);
    }
    sv_address_guard_free(guard);
}

static void test_special(void **state)
{
    (void)state;
    sv_address_guard *guard = new_guard("", "");
    for (size_t i = 0; i < sizeof special_addresses / sizeof *special_addresses; i++) {
        struct sockaddr_storage address = make_address(special_addresses[i], 80);
        if (sv_address_is_allowed(guard, (struct sockaddr *)&address, false))
            fail_msg("%s is not public", special_addresses[i]);
    }
    struct sockaddr_un other = {.sun_family = AF_UNIX};
    assert_false(sv_address_is_allowed(guard, (struct sockaddr *)&other, true));
    sv_address_guard_free(guard);
    sv_address_guard_free(NULL);
}

/* ---- Hosts as written ---- */

typedef struct host_row {
    const char *host;
    bool is_fine;
} host_row;

static const host_row hosts[] = {
    {"example.com", true},
    {"a.b-c.d_e.example", true},
    {"xn--mnchen-3ya.example", true},
    {"1.example", true},
    {"127.0.0.1.example", true},
    {"0x7f.example", true},
    {"8.8.8.8", true},
    {"[2606:4700::1111]", true},
    {"localhost", true}, /* judged where it leads */
    {"127.0.0.1", false},
    {"0.0.0.0", false},
    {"0", false},
    {"2130706433", false},
    {"017700000001", false},
    {"0x7f000001", false},
    {"0X7F000001", false},
    {"0x7f.0.0.1", false},
    {"0x7f.1", false},
    {"127.1", false},
    {"127.0.1", false},
    {"0177.0.0.1", false},
    {"0177.0.0.01", false},
    {"127.0.0.0x1", false},
    {"127.0x0.0.1", false},
    {"00127.0.0.1", false},
    {"127.0.0.1.", false},
    {"127.0.0.1..", false},
    {"example.com.", false},
    {".example.com", false},
    {"a..example", false},
    {"1.1.1", false},
    {"1.2.3.4.5", false},
    {"256.1.1.1", false},
    {"8.8.8.8x", true}, /* a name like others, though nobody has it */
    {"example.123", false},
    {"example.0x12", false},
    {"[127.0.0.1]", false},
    {"::1", false},
    {"[::1]", false},
    {"[::]", false},
    {"[0:0:0:0:0:ffff:7f00:1]", false},
    {"[::ffff:127.0.0.1]", false},
    {"[::ffff:8.8.8.8]", false}, /* IPv4 is written as IPv4 */
    {"[::ffff:169.254.169.254]", false},
    {"[64:ff9b::7f00:1]", false},
    {"[2002:7f00:1::]", false},
    {"[fe80::1%eth0]", false},
    {"[fe80::1%25eth0]", false},
    {"[v1.x]", false},
    {"[example.com]", false},
    {"[]", false},
    {"", false},
    {"exa mple", false},
    {"a/b", false},
    {"a@b", false},
    {"a:b", false},
    {"a%2eb", false},
    {"\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1", false},
    {"\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.0.0.1", false},
    {"127\xE3\x80\x82"
     "0.0.1",
     false},
};

static void test_hosts(void **state)
{
    (void)state;
    sv_address_guard *guard = new_guard("", "");
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        bool by_name = false;
        sv_error error = {0};
        sv_status status =
            sv_address_check_host(guard, sv_str_from(hosts[i].host), 80, &error, &by_name);
        if ((status == SV_OK) != hosts[i].is_fine)
            fail_msg("%s: %s", hosts[i].host, sv_status_text(status));
        assert_int_equal(error.message[0] == '\0', hosts[i].is_fine);
        assert_false(by_name);
    }
    char longest[SV_ADDRESS_MAX_HOST + 1];
    bool by_name;
    memset(longest, 'a', sizeof longest);
    assert_int_equal(
        sv_address_check_host(guard, (sv_str){longest, SV_ADDRESS_MAX_HOST}, 80, NULL, &by_name),
        SV_OK);
    assert_int_equal(
        sv_address_check_host(guard, (sv_str){longest, sizeof longest}, 80, NULL, &by_name),
        SV_INVALID);
    assert_int_equal(sv_address_check_host(guard, SV_STR("a\0b"), 80, NULL, &by_name), SV_INVALID);
    sv_address_guard_free(guard);
}

/* ---- Lists ---- */

#define ALLOW                                                                                      \
    "127.0.0.1:8399, 10.0.0.0/8,images.internal,.cdn.internal,only.internal:8080,[::1]:81,"        \
    "fd00::/8,[fd01::5]:90,192.168.1.7,,[fe80::/10]:443,198.18.0.0/15:82"
#define DENY "10.9.0.0/16,8.8.8.0/24,bad.example,.worse.example,9.9.9.9:53"

typedef struct list_row {
    const char *address;
    int port;
    bool is_allowed, is_allowed_by_name;
} list_row;

static const list_row listed[] = {
    {"127.0.0.1", 8399, true, true},
    {"127.0.0.1", 80, false, true},
    {"127.0.0.2", 8399, false, true},
    {"::ffff:127.0.0.1", 8399, true, true}, /* the same address */
    {"10.1.2.3", 1, true, true},
    {"11.0.0.1", 1, true, true},    /* public */
    {"10.9.2.3", 80, false, false}, /* deny wins */
    {"::ffff:10.9.2.3", 80, false, false},
    {"8.8.8.8", 80, false, false},
    {"8.8.9.8", 80, true, true},
    {"9.9.9.9", 53, false, false},
    {"9.9.9.9", 80, true, true},
    {"::1", 81, true, true},
    {"::1", 80, false, true},
    {"fd00::1", 80, true, true},
    {"fd01::5", 90, true, true},
    {"fe80::1", 443, true, true},
    {"fe80::1", 80, false, true},
    {"192.168.1.7", 80, true, true},
    {"192.168.1.8", 80, false, true},
    {"198.19.0.1", 82, true, true},
    {"198.19.0.1", 83, false, true},
    {"64:ff9b::10.1.2.3", 80, false, true}, /* not the same address */
};

static void test_lists_of_networks(void **state)
{
    (void)state;
    sv_address_guard *guard = new_guard(ALLOW, DENY);
    for (size_t i = 0; i < sizeof listed / sizeof *listed; i++) {
        const list_row *row = &listed[i];
        struct sockaddr_storage address = make_address(row->address, row->port);
        if (sv_address_is_allowed(guard, (struct sockaddr *)&address, false) != row->is_allowed ||
            sv_address_is_allowed(guard, (struct sockaddr *)&address, true) !=
                row->is_allowed_by_name)
            fail_msg("%s port %d", row->address, row->port);
    }
    sv_address_guard_free(guard);
}

typedef struct name_row {
    const char *host;
    int port;
    bool is_fine, by_name;
} name_row;

static const name_row names[] = {
    {"images.internal", 80, true, true},
    {"IMAGES.Internal", 8080, true, true},
    {"ximages.internal", 80, true, false},
    {"x.images.internal", 80, true, false},
    {"a.cdn.internal", 80, true, true},
    {"a.b.cdn.internal", 80, true, true},
    {"cdn.internal", 80, true, false},
    {"xcdn.internal", 80, true, false},
    {"only.internal", 8080, true, true},
    {"only.internal", 80, true, false},
    {"bad.example", 80, false, false},
    {"BAD.example", 80, false, false},
    {"x.bad.example", 80, true, false},
    {"x.worse.example", 80, false, false},
    {"127.0.0.1", 8399, true, false},
    {"127.0.0.1", 80, false, false},
    {"[::1]", 81, true, false},
    {"[::ffff:127.0.0.1]", 8399, false, false},
    {"2130706433", 8399, false, false}, /* tricks stay tricks */
    {"127.1", 8399, false, false},
    {"8.8.8.8", 80, false, false},
    {"images.internal.", 80, false, false},
};

static void test_lists_of_names(void **state)
{
    (void)state;
    sv_address_guard *guard = new_guard(ALLOW, DENY);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool by_name = false;
        sv_status status =
            sv_address_check_host(guard, sv_str_from(names[i].host), names[i].port, NULL, &by_name);
        if ((status == SV_OK) != names[i].is_fine || by_name != names[i].by_name)
            fail_msg("%s port %d", names[i].host, names[i].port);
    }
    sv_address_guard_free(guard);
}

static const char *const wrong_entries[] = {
    "10.0.0.0/33",   "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "fd00::/129",
    "10.0.0",        "0x7f.1",    "127.1",       "1.2.3.4:0",    "1.2.3.4:x",
    "1.2.3.4:65536", "[::1",      "[::1]80",     "[]",           "::1]",
    "*.example",     "a b",       "http://x",    "name/8",       "example.",
    "..example",     ".",         "127.0.0.1.",  "user@host",    "1.2.3.4:",
};

static void test_wrong_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_entries / sizeof *wrong_entries; i++) {
        sv_address_guard *guard = NULL;
        sv_buf problems;
        sv_buf_init(&problems, 4096);
        if (sv_address_guard_new(SV_STR("10.0.0.0/8"), sv_str_from(wrong_entries[i]), &problems,
                                 &guard) != SV_INVALID)
            fail_msg("%s was taken", wrong_entries[i]);
        assert_null(guard);
        assert_non_null(memmem(problems.ptr, problems.len, "image_url_deny", 14));
        sv_buf_deinit(&problems);
    }
}

static void test_every_mistake_is_reported(void **state)
{
    (void)state;
    sv_address_guard *guard = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 4096);
    assert_int_equal(sv_address_guard_new(SV_STR("300.1.1.1, fine.example ,x y"), SV_STR("z:z:z:q"),
                                          &problems, &guard),
                     SV_INVALID);
    int n_lines = 0;
    for (size_t i = 0; i < problems.len; i++)
        n_lines += problems.ptr[i] == '\n';
    assert_int_equal(n_lines, 3);
    assert_non_null(memmem(problems.ptr, problems.len, "'300.1.1.1'", 11));
    assert_non_null(memmem(problems.ptr, problems.len, "'x y'", 5));
    assert_non_null(memmem(problems.ptr, problems.len, "'z:z:z:q'", 9));
    sv_buf_deinit(&problems);
}

static void test_the_number_of_rules_is_limited(void **state)
{
    (void)state;
    char list[2 * SV_ADDRESS_MAX_RULES + 3];
    sv_address_guard *guard = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 4096);
    for (int i = 0; i <= SV_ADDRESS_MAX_RULES; i++)
        memcpy(list + 2 * i, "a,", 2);
    sv_str most = {list, 2 * SV_ADDRESS_MAX_RULES}, more = {list, 2 * SV_ADDRESS_MAX_RULES + 2};
    assert_int_equal(sv_address_guard_new(most, SV_STR(""), &problems, &guard), SV_OK);
    sv_address_guard_free(guard);
    assert_int_equal(sv_address_guard_new(more, SV_STR(""), &problems, &guard), SV_INVALID);
    assert_non_null(memmem(problems.ptr, problems.len, "at most 256", 11));
    sv_buf_deinit(&problems);
}

static bool try_new(void *arg)
{
    sv_address_guard *guard = NULL;
    sv_buf problems;
    (void)arg;
    sv_buf_init(&problems, 4096);
    sv_status status = sv_address_guard_new(SV_STR(ALLOW), SV_STR(DENY), &problems, &guard);
    sv_address_guard_free(guard);
    sv_buf_deinit(&problems);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    return status == SV_OK;
}

static void test_no_memory(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(try_new, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public),
        cmocka_unit_test(test_special),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_lists_of_networks),
        cmocka_unit_test(test_lists_of_names),
        cmocka_unit_test(test_wrong_lists),
        cmocka_unit_test(test_every_mistake_is_reported),
        cmocka_unit_test(test_the_number_of_rules_is_limited),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
