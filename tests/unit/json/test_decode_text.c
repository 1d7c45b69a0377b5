/* test_decode_text.c: UUIDs, bytes, decimals and free JSON in bodies. */
#include "case_schemas.h"
#include "json_cases.h"

static void test_rows(void **state)
{
    (void)state;
    static const cases_row rows[] = {
        {"k_uuid", "{\"v\":\"{12345678-1234-5678-1234-56781234ABCD}\"}",
         "{\"v\":\"12345678-1234-5678-1234-56781234abcd\"}"},
        {"k_uuid", "{\"v\":\"x\"}", "uuid_parsing at v"},
        {"k_uuid", "{\"v\":1}", "uuid_type at v"},
        {"k_uuid4", "{\"v\":\"12345678-1234-1678-9234-567812345678\"}", "uuid_version at v"},
        {"k_strict_uuid", "{\"v\":\"12345678-1234-1678-9234-567812345678\"}",
         "is_instance_of at v"},
        {"k_bytes", "{\"v\":\"ab\"}", "{\"v\":\"ab\"}"},
        {"k_bytes", "{\"v\":\"é€\"}", "bytes_too_long at v"},
        {"k_bytes", "{\"v\":\"a\"}", "bytes_too_short at v"},
        {"k_bytes", "{\"v\":1}", "bytes_type at v"},
        {"k_strict_bytes", "{\"v\":\"ab\"}", "bytes_type at v"},
        {"k_base64", "{\"v\":\"YR==\"}", "{\"v\":\"YQ==\"}"},
        {"k_base64", "{\"v\":\"x\"}", "base64_decode at v"},
        {"k_base64", "{\"v\":\"YWJjZA==\"}", "bytes_too_long at v"},
        {"k_decimal", "{\"v\":\"1.10\"}", "{\"v\":\"1.10\"}"},
        {"k_decimal", "{\"v\":1.10}", "{\"v\":\"1.1\"}"},
        {"k_decimal", "{\"v\":12345678901234567890123}", "{\"v\":\"12345678901234567890123\"}"},
        {"k_decimal", "{\"v\":true}", "decimal_type at v"},
        {"k_decimal", "{\"v\":\"x\"}", "decimal_parsing at v"},
        {"k_decimal", "{\"v\":\"NaN\"}", "finite_number at v"},
        {"k_decimal", "{\"v\":1e999}", "finite_number at v"},
        {"k_decimal_limits", "{\"v\":\"1.123\"}", "decimal_max_places at v"},
        {"k_decimal_limits", "{\"v\":\"123456\"}", "decimal_max_digits at v"},
        {"k_decimal_limits", "{\"v\":\"12345\"}", "decimal_whole_digits at v"},
        {"k_decimal_limits", "{\"v\":\"501\"}", "less_than_equal at v"},
        {"k_decimal_limits", "{\"v\":0}", "greater_than_equal at v"},
        {"k_decimal_multiple", "{\"v\":\"1.3\"}", "multiple_of at v"},
        {"k_strict_decimal", "{\"v\":1}", "is_instance_of at v"},
        {"k_any", "{\"v\":{\"a\":[1,2.0,null]}}", "{\"v\":{\"a\":[1,2.0,null]}}"},
        {"k_any", "{\"v\":null}", "{\"v\":null}"},
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
