/* test_base64_lax.c: what Python takes for base64. What is expected was recorded from
 * pydantic 2.14.3 on Python 3.11: the bytes, encoded again, or the error's text. */
#include "base/base64.h"
#include "json_cases.h"
#include "json/base64_lax.h"

static const struct {
    const char *text, *expected;
} rows[] = {
    {"", ""},
    {"YQ==", "YQ=="},
    {"YR==", "YQ=="},
    {"YQ", "Incorrect padding"},
    {"YQ=", "Incorrect padding"},
    {"YQ===", "YQ=="},
    {"Y", "Invalid base64-encoded string: number of data characters (1) cannot be 1 more than a "
          "multiple of 4"},
    {"Y=", "Invalid base64-encoded string: number of data characters (1) cannot be 1 more than a "
           "multiple of 4"},
    {"Y===", "Invalid base64-encoded string: number of data characters (1) cannot be 1 more than a "
             "multiple of 4"},
    {"YWI=", "YWI="},
    {"YWI", "Incorrect padding"},
    {"YW=I=", "YWI="},
    {"YWJj", "YWJj"},
    {"YWJj=", "YWJj"},
    {"YWJjZ", "Invalid base64-encoded string: number of data characters (5) cannot be 1 more than "
              "a multiple of 4"},
    {"YWJjZA", "Incorrect padding"},
    {"Y Q = =", "YQ=="},
    {"YQ=\x0A=", "YQ=="},
    {"YQ==YQ==", "YQ=="},
    {"YQ=x=", "YQw="},
    {"=", ""},
    {"====", ""},
    {"\xC3\xA9", ""},
    {"YQ\xC3\xA9==", "YQ=="},
    {"-_-_", ""},
    {"+/+/", "+/+/"},
    {"A=A=", "Incorrect padding"},
    {"A=A=A=", "AAA="},
    {"AA=AA", "AAAA"},
    {"==AA==", "AA=="},
    {"A==A=", "Incorrect padding"},
    {"AAAAA===", "Invalid base64-encoded string: number of data characters (5) cannot be 1 more "
                 "than a multiple of 4"},
    {"AAAAAAAAA", "Invalid base64-encoded string: number of data characters (9) cannot be 1 more "
                  "than a multiple of 4"},
    {"=AA", "Incorrect padding"},
    {"A=AAA==", "AAAA"},
};

static void test_rows(void **state)
{
    sv_arena *arena = sv_arena_new(0);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char encoded[64];
        sv_bytes bytes;
        sv_str got;
        if (sv_base64_lax_decode(arena, sv_str_from(rows[i].text), &bytes, &got) == SV_OK) {
            sv_base64_encode(bytes.ptr, bytes.len, encoded);
            got = (sv_str){encoded, sv_base64_encoded_len(bytes.len)};
        }
        assert_string_equal(sv_arena_copy(arena, got).ptr, rows[i].expected);
    }
    sv_arena_free(arena);
}

static void test_every_byte_comes_back(void **state)
{
    unsigned char all[256];
    char encoded[344];
    sv_arena *arena = sv_arena_new(0);
    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (unsigned char)i;
    for (size_t len = 254; len <= 256; len++) {
        sv_bytes bytes;
        sv_str problem, text = {encoded, sv_base64_encoded_len(len)};
        sv_base64_encode(all, len, encoded);
        assert_int_equal(sv_base64_lax_decode(arena, text, &bytes, &problem), SV_OK);
        assert_int_equal(bytes.len, len);
        assert_memory_equal(bytes.ptr, all, len);
    }
    sv_arena_free(arena);
}

static void test_out_of_memory(void **state)
{
    sv_arena *arena = sv_arena_new(1);
    sv_bytes bytes;
    sv_str problem;
    (void)state;
    assert_int_equal(sv_base64_lax_decode(arena, SV_STR("YQ=="), &bytes, &problem), SV_NO_MEMORY);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_byte_comes_back),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
