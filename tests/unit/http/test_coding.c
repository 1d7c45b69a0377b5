/* test_coding.c: content codings, there and back, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "http/coding.h"

enum { LIMIT = 1 << 20 };

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        sv_coding coding;
    } rows[] = {{"", SV_CODING_IDENTITY},
                {"identity", SV_CODING_IDENTITY},
                {"GZip", SV_CODING_GZIP},
                {"x-gzip", SV_CODING_GZIP},
                {" deflate ", SV_CODING_DEFLATE},
                {"br", SV_CODING_UNKNOWN},
                {"gzip, deflate", SV_CODING_UNKNOWN}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (sv_coding_find(sv_str_from(rows[i].name)) != rows[i].coding)
            fail_msg("%s", rows[i].name);
}

static void test_choice(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        sv_coding coding;
    } rows[] = {
        {"", SV_CODING_IDENTITY},
        {"br, zstd", SV_CODING_IDENTITY},
        {"*", SV_CODING_IDENTITY},
        {"gzip", SV_CODING_GZIP},
        {"gzip, deflate", SV_CODING_GZIP},
        {"deflate, gzip", SV_CODING_DEFLATE},
        {"identity, gzip", SV_CODING_IDENTITY},
        {"identity;q=0.4, gzip;q=0.5", SV_CODING_GZIP},
        {"gzip; q=0.25 , deflate;Q=0.3", SV_CODING_DEFLATE},
        {"gzip;q=0", SV_CODING_IDENTITY},
        {"gzip;q=0.000, deflate;q=0.001", SV_CODING_DEFLATE},
        {"gzip;q=2, deflate;q=x, br", SV_CODING_IDENTITY},
        {",,;q=1,gzip", SV_CODING_GZIP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (sv_coding_choose(sv_str_from(rows[i].accept)) != rows[i].coding)
            fail_msg("%s", rows[i].accept);
}

/* Some that compress well, some that do not. */
static void fill(char *bytes, size_t len)
{
    uint32_t x = 1;
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        bytes[i] = i < len / 2 ? (char)(x >> 24) : 'a';
    }
}

static bool go_round(void *arg)
{
    sv_coding coding = *(sv_coding *)arg;
    static char bytes[150000];
    fill(bytes, sizeof bytes);
    sv_buf coded, plain;
    sv_buf_init(&coded, LIMIT);
    sv_buf_init(&plain, sizeof bytes); /* exactly what comes out */
    sv_status status = sv_coding_encode(coding, (sv_str){bytes, sizeof bytes}, &coded);
    if (!status) {
        assert_true(coded.len < sizeof bytes * 3 / 4);
        status = sv_coding_decode(coding, sv_buf_str(&coded), &plain);
    }
    if (!status)
        assert_true(sv_str_eq(sv_buf_str(&plain), (sv_str){bytes, sizeof bytes}));
    else
        assert_int_equal(status, SV_NO_MEMORY);
    sv_buf_deinit(&coded);
    sv_buf_deinit(&plain);
    return !status;
}

static void test_round_trips(void **state)
{
    (void)state;
    for (int i = SV_CODING_GZIP; i <= SV_CODING_DEFLATE; i++) {
        sv_coding coding = (sv_coding)i;
        failing_malloc_try_each(go_round, &coding);
    }
}

static sv_status decode(sv_coding coding, sv_str bytes, size_t limit)
{
    sv_buf plain;
    sv_buf_init(&plain, limit);
    sv_status status = sv_coding_decode(coding, bytes, &plain);
    assert_true(plain.len <= limit);
    sv_buf_deinit(&plain);
    return status;
}

static void test_refusals(void **state)
{
    (void)state;
    sv_buf coded;
    sv_buf_init(&coded, LIMIT);
    for (int i = SV_CODING_GZIP; i <= SV_CODING_DEFLATE; i++) {
        sv_coding coding = (sv_coding)i,
                  other = (sv_coding)(SV_CODING_GZIP + SV_CODING_DEFLATE - i);
        sv_buf_clear(&coded);
        assert_int_equal(sv_coding_encode(coding, SV_STR("some text, some text"), &coded), SV_OK);
        sv_str good = sv_buf_str(&coded);
        assert_int_equal(decode(coding, good, 20), SV_OK);
        assert_int_equal(decode(coding, good, 19), SV_TOO_LARGE);
        assert_int_equal(decode(other, good, LIMIT), SV_INVALID);
        for (size_t len = 0; len < good.len; len++)
            assert_int_equal(decode(coding, sv_str_slice(good, 0, len), LIMIT), SV_INVALID);
        coded.ptr[coded.len / 2] ^= 0x55;
        assert_int_equal(decode(coding, good, LIMIT), SV_INVALID);
        coded.ptr[coded.len / 2] ^= 0x55;
        assert_int_equal(sv_buf_append_byte(&coded, 'x'), SV_OK); /* more than the stream */
        assert_int_equal(decode(coding, sv_buf_str(&coded), LIMIT), SV_INVALID);
    }
    static const char raw[] = "\xcb\x48\xcd\xc9\xc9\x07"; /* "hello" without a wrapper */
    assert_int_equal(decode(SV_CODING_DEFLATE, (sv_str){raw, sizeof raw}, LIMIT), SV_INVALID);
    sv_buf_deinit(&coded);
}

static void test_bomb(void **state)
{
    (void)state;
    static char zeros[8 << 20];
    sv_buf coded;
    sv_buf_init(&coded, LIMIT);
    assert_int_equal(sv_coding_encode(SV_CODING_GZIP, (sv_str){zeros, sizeof zeros}, &coded),
                     SV_OK);
    assert_int_equal(decode(SV_CODING_GZIP, sv_buf_str(&coded), LIMIT), SV_TOO_LARGE);
    sv_buf_deinit(&coded);
    sv_buf_init(&coded, 4);
    assert_int_equal(sv_coding_encode(SV_CODING_GZIP, SV_STR("text"), &coded), SV_TOO_LARGE);
    sv_buf_deinit(&coded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),       cmocka_unit_test(test_choice),
        cmocka_unit_test(test_round_trips), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bomb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
