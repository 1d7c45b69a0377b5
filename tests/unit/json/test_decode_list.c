/* test_decode_list.c: lists, sets, arrays and tuples. */
#include "case_schemas.h"
#include "json_cases.h"

static void test_rows(void **state)
{
    (void)state;
    static const cases_row rows[] = {
        {"v_ints", "{\"v\":[1,\"2\"]}", "{\"v\":[1,2]}"},
        {"v_ints", "{\"v\":[\"x\",1,null]}", "int_parsing at v.0, int_type at v.2"},
        {"v_ints", "{\"v\":{}}", "list_type at v"},
        {"v_ints_len", "{\"v\":[1,2,3,\"x\"]}", "too_long at v"},
        {"v_ints_len", "{\"v\":[1]}", "too_short at v"},
        {"k_set", "{\"v\":[1,\"1\",1.0,2]}", "{\"v\":[1,2]}"},
        {"k_set", "{\"v\":[\"x\",1,2,3]}", "too_long at v"},
        {"k_set", "{\"v\":[\"x\",\"y\"]}", "int_parsing at v.0, int_parsing at v.1"},
        {"k_set", "{\"v\":[]}", "too_short at v"},
        {"k_set", "{\"v\":{}}", "set_type at v"},
        {"k_set_str", "{\"v\":[\"b\",\"a\",\"b\"]}", "{\"v\":[\"b\",\"a\"]}"},
        {"k_pair", "{\"v\":[1,\"2\"]}", "{\"v\":[1.0,2.0]}"},
        {"k_pair", "{\"v\":[]}", "missing at v.0, missing at v.1"},
        {"k_pair", "{\"v\":[1,2,\"x\"]}", "too_long at v"},
        {"k_pair", "{\"v\":1}", "tuple_type at v"},
        {"k_triple", "{\"v\":[1,\"a\",{\"x\":1}]}", "{\"v\":[1,\"a\",{\"x\":1,\"y\":1}]}"},
        {"k_triple", "{\"v\":[\"x\",1]}", "int_parsing at v.0, string_type at v.1, missing at v.2"},
        {"k_triple", "{\"v\":{}}", "tuple_type at v"},
        {"k_matrix", "{\"v\":[[1],[]]}", "{\"v\":[[1],[]]}"},
        {"k_matrix", "{\"v\":[[1,-1],3]}", "greater_than_equal at v.0.1, list_type at v.1"},
        {"k_maybes", "{\"v\":[1,null]}", "{\"v\":[1,null]}"},
        {"k_maybes", "{\"v\":[null,\"x\"]}", "int_parsing at v.1"},
        {"k_texts", "{\"v\":[\"ab\",\"b\",\"bb\"]}",
         "string_too_short at v.1, string_pattern_mismatch at v.2"},
        {"k_even", "{\"v\":[1,2]}", "value_error at v.0"},
        {"numbers", "[1,\"2\"]", "[1,2]"},
        {"numbers", "{}", "list_type at "},
        {"spots", "[{\"x\":1},{}]", "missing at 1.x"},
        {"strict", "{\"i\":1,\"t\":[1,2],\"st\":[1]}", "tuple_type at t, set_type at st"},
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
