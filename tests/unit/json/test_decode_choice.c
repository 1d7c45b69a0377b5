/* test_decode_choice.c: enums by name and by number, literals of text and of JSON. */
#include "case_schemas.h"
#include "json_cases.h"

static void test_rows(void **state)
{
    (void)state;
    static const cases_row rows[] = {
        {"v_color", "{\"v\":\"red\"}", "{\"v\":\"red\"}"},
        {"v_color", "{\"v\":\"Red\"}", "enum at v"},
        {"v_color", "{\"v\":0}", "enum at v"},
        {"k_level", "{\"v\":2}", "{\"v\":2}"},
        {"k_level", "{\"v\":\"2\"}", "{\"v\":2}"},
        {"k_level", "{\"v\":true}", "{\"v\":1}"},
        {"k_level", "{\"v\":1.0}", "{\"v\":1}"},
        {"k_level", "{\"v\":3}", "enum at v"},
        {"k_level", "{\"v\":\"low\"}", "enum at v"},
        {"k_level", "{\"v\":1.5}", "enum at v"},
        {"k_words", "{\"v\":\"a\"}", "{\"v\":\"a\"}"},
        {"k_words", "{\"v\":\"c\"}", "literal_error at v"},
        {"k_words", "{\"v\":null}", "literal_error at v"},
        {"k_mixed", "{\"v\":\"a\"}", "{\"v\":\"a\"}"},
        {"k_mixed", "{\"v\":1}", "{\"v\":1}"},
        {"k_mixed", "{\"v\":true}", "{\"v\":true}"},
        {"k_mixed", "{\"v\":null}", "{\"v\":null}"},
        {"k_mixed", "{\"v\":1.0}", "{\"v\":true}"},
        {"k_mixed", "{\"v\":\"1\"}", "literal_error at v"},
        {"k_mixed", "{\"v\":[]}", "literal_error at v"},
        {"k_ints", "{\"v\":true}", "{\"v\":1}"},
        {"k_ints", "{\"v\":\"1\"}", "literal_error at v"},
        {"k_ints", "{\"v\":1e30}", "literal_error at v"},
        {"k_strict_tint", "{\"v\":\"red\"}", "is_instance_of at v"},
        {"k_level_opt", "{\"v\":null}", "{\"v\":null}"},
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
