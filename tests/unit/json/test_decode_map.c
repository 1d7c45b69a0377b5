/* test_decode_map.c: maps with limits of names and values, and members that a schema does not know.
 */
#include "case_schemas.h"
#include "json_cases.h"

static void test_rows(void **state)
{
    (void)state;
    static const cases_row rows[] = {
        {"k_map", "{\"v\":{\"b\":1,\"a\":\"2\"}}", "{\"v\":{\"b\":1,\"a\":2}}"},
        {"k_map", "{\"v\":{}}", "too_short at v"},
        {"k_map", "{\"v\":{\"a\":1,\"b\":2,\"c\":3}}", "too_long at v"},
        {"k_map", "{\"v\":{\"a\":\"x\",\"b\":2,\"c\":3}}", "int_parsing at v.a"},
        {"k_map", "{\"v\":[]}", "dict_type at v"},
        {"k_map", "{\"v\":{\"a\":1,\"b\":2,\"a\":3}}", "{\"v\":{\"a\":3,\"b\":2}}"},
        {"k_map_keys", "{\"v\":{\"A\":1,\"abcd\":0}}",
         "string_pattern_mismatch at v.A.[key], string_too_long at v.abcd.[key], "
         "greater_than_equal at v.abcd"},
        {"k_map_int", "{\"v\":{\"1.0\":{\"x\":1},\" 1 \":{\"x\":2}}}",
         "{\"v\":{\"1\":{\"x\":2,\"y\":1}}}"},
        {"k_map_int", "{\"v\":{\"x\":{}}}", "int_parsing at v.x.[key], missing at v.x.x"},
        {"k_map_uuid", "{\"v\":{\"12345678123456781234567812345678\":[1]}}",
         "{\"v\":{\"12345678-1234-5678-1234-567812345678\":[1]}}"},
        {"k_map_tint", "{\"v\":{\"blue\":\"x\"}}", "enum at v.blue.[key]"},
        {"k_map_limit", "{\"v\":{\"1\":1}}", "greater_than_equal at v.1.[key]"},
        {"k_map_map", "{\"v\":{\"a\":{\"b\":1}}}", "{\"v\":{\"a\":{\"b\":1}}}"},
        {"k_map_map", "{\"v\":{\"a\":{\"b\":\"x\"}}}", "int_parsing at v.a.b"},
        {"k_known", "{\"v\":{\"b\":1}}", "value_error at v"},
        {"allow", "{\"z\":[1,{}],\"x\":1,\"y\":null,\"z\":2}", "{\"x\":1,\"z\":2,\"y\":null}"},
        {"allow", "{\"y\":1}", "missing at x"},
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
