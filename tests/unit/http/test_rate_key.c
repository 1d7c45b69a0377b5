/* test_rate_key.c: which clients are one, and the hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/rate_key.h"

static const sv_rate_key secret = {UINT64_C(0x0f0e0d0c0b0a0908), UINT64_C(0x0706050403020100)};

static bool is_same(const char *a, const char *b)
{
    sv_rate_key left = sv_rate_key_of(sv_str_from(a), secret);
    sv_rate_key right = sv_rate_key_of(sv_str_from(b), secret);
    return left.high == right.high && left.low == right.low;
}

static void test_clients(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff::1", true},
        {"2001:db8:1:2::1", "2001:0DB8:0001:0002::9", true},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"::1", "127.0.0.1", false},
        {"fe80::1%eth0", "fe80::2%eth1", true},
        {"", "", true},
        {"", "127.0.0.1", false},
        {"unix:/run/a", "unix:/run/b", false},
        {"0123456789012345678901234567890123456789012345678901234567890",
         "0123456789012345678901234567890123456789012345678901234567891", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (is_same(cases[i].a, cases[i].b) != cases[i].same)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
}

static void test_secret_matters(void **state)
{
    (void)state;
    sv_rate_key one = sv_rate_key_of(SV_STR("127.0.0.1"), secret);
    sv_rate_key other = sv_rate_key_of(SV_STR("127.0.0.1"), (sv_rate_key){1, 2});
    assert_true(one.low != other.low && one.high != other.high);
}

/* OpenSSL's `openssl mac SIPHASH` with size 16 says the same of the bytes 0, 1, 2 … */
static void test_hash(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        unsigned char hash[16];
    } cases[] = {
        {0, "\xA3\x81\x7F\x04\xBA\x25\xA8\xE6\x6D\xF6\x72\x14\xC7\x55\x02\x93"},
        {1, "\xDA\x87\xC1\xD8\x6B\x99\xAF\x44\x34\x76\x59\x11\x9B\x22\xFC\x45"},
        {7, "\xA1\xF1\xEB\xBE\xD8\xDB\xC1\x53\xC0\xB8\x4A\xA6\x1F\xF0\x82\x39"},
        {8, "\x3B\x62\xA9\xBA\x62\x58\xF5\x61\x0F\x83\xE2\x64\xF3\x14\x97\xB4"},
        {15, "\x54\x93\xE9\x99\x33\xB0\xA8\x11\x7E\x08\xEC\x0F\x97\xCF\xC3\xD9"},
        {63, "\x51\x50\xD1\x77\x2F\x50\x83\x4A\x50\x3E\x06\x9A\x97\x3F\xBD\x7C"},
    };
    unsigned char bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_rate_key key = sv_rate_key_hash(bytes, cases[i].size, secret);
        for (size_t k = 0; k < 8; k++) {
            assert_int_equal((key.low >> (8 * k)) & 0xff, cases[i].hash[k]);
            assert_int_equal((key.high >> (8 * k)) & 0xff, cases[i].hash[8 + k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_secret_matters),
        cmocka_unit_test(test_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
