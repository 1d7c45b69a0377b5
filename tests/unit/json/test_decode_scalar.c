/* test_decode_scalar.c: coercions of text, numbers and truth values, and strict ones, as a body
 * sees them. The recorded cases: test_decode_cases.c. */
#include "case_schemas.h"
#include "json_cases.h"

static void test_rows(void **state)
{
    (void)state;
    static const cases_row rows[] = {
        {"v_str", "{\"v\":\"é\"}", "{\"v\":\"é\"}"},
        {"v_str", "{\"v\":1}", "string_type at v"},
        {"v_int", "{\"v\":\" 1_0 \"}", "{\"v\":10}"},
        {"v_float", "{\"v\":true}", "{\"v\":1.0}"},
        {"v_bool", "{\"v\":\"off\"}", "{\"v\":false}"},
        {"k_strict_int", "{\"v\":\"1\"}", "int_type at v"},
        {"k_strict_int", "{\"v\":1.0}", "int_type at v"},
        {"k_strict_int", "{\"v\":9223372036854775808}", "int_parsing_size at v"},
        {"k_strict_int", "{\"v\":1}", "{\"v\":1}"},
        {"k_strict_float", "{\"v\":\"1\"}", "float_type at v"},
        {"k_strict_float", "{\"v\":1}", "{\"v\":1.0}"},
        {"strict", "{\"i\":1,\"b\":1}", "bool_type at b"},
        {"strict", "{\"i\":1,\"s\":2}", "string_type at s"},
        {"k_lower", "{\"v\":\"ABC\"}", "{\"v\":\"abc\"}"},
        {"k_lower", "{\"v\":\"ABCD\"}", "string_too_long at v"},
        {"k_strip", "{\"v\":\" ab \"}", "{\"v\":\"ab\"}"},
        {"k_pattern", "{\"v\":\"A\"}", "string_pattern_mismatch at v"},
        {"k_multiple", "{\"v\":7}", "multiple_of at v"},
        {"k_multiple", "{\"v\":105}", "less_than_equal at v"},
        {"k_multiple_float", "{\"v\":0.7}", "multiple_of at v"},
        {"k_ipv4", "{\"v\":1}", "{\"v\":\"0.0.0.1\"}"},
        {"k_ipv4", "{\"v\":-1}", "ip_v4_address at v"},
        {"k_ipv6", "{\"v\":1.5}", "ip_v6_address at v"},
    };
    cases_check(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
