/* test_text_rules.c: patterns, formats and changes of text, on the way in and on the way out. */
#include "case_schemas.h"
#include "json_cases.h"
#include "json/text_rules.h"

static const struct {
    const char *model, *text, *result; /* NULL: refused */
    sv_error_type error;
} rows[] = {
    {"k_pattern", "abc1", "abc1", SV_ERROR_TYPE_NONE},
    {"k_pattern", "Abc", NULL, SV_ERROR_TYPE_STRING_PATTERN_MISMATCH},
    {"k_pattern_len", "b", NULL, SV_ERROR_TYPE_STRING_TOO_SHORT},
    {"k_strip", "  ab ", "ab", SV_ERROR_TYPE_NONE},
    {"k_strip", " abc ", NULL, SV_ERROR_TYPE_STRING_TOO_LONG},
    {"k_upper", " ß ", NULL, SV_ERROR_TYPE_STRING_TOO_SHORT},
    {"k_upper", " aß ", "ASS", SV_ERROR_TYPE_NONE},
    {"k_url", "HTTP://A.com:80", "http://a.com/", SV_ERROR_TYPE_NONE},
    {"k_http_url", "ftp://a", NULL, SV_ERROR_TYPE_URL_SCHEME},
    {"k_email", "A <a@B.com>", "a@b.com", SV_ERROR_TYPE_NONE},
    {"k_email", "a", NULL, SV_ERROR_TYPE_EMAIL},
    {"k_ipv4", "1.2.3.4", "1.2.3.4", SV_ERROR_TYPE_NONE},
    {"k_ipv4", "1.2.3", NULL, SV_ERROR_TYPE_IP_V4_ADDRESS},
    {"k_ipv6", "0:0::1%eth", "::1%eth", SV_ERROR_TYPE_NONE},
    {"k_ipv6", "1", NULL, SV_ERROR_TYPE_IP_V6_ADDRESS},
};

static void test_apply(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const sv_schema *schema = case_schema(sv_str_from(rows[i].model));
        const sv_plan_field *field = &cases_plan(arena, schema, SV_FIELD_BODY)->fields[0];
        sv_str text = sv_str_from(rows[i].text);
        sv_violation violation = {0};
        sv_status status = sv_text_rules_apply(arena, field, &text, &violation);
        assert_int_equal(status, rows[i].result ? SV_OK : SV_INVALID);
        assert_int_equal(violation.type, rows[i].error);
        if (rows[i].result)
            assert_true(cases_same(SV_STR("text"), sv_str_from(rows[i].result), text));
        if (!field->row->strip) /* an answer is not changed, only looked at */
            assert_int_equal(sv_text_rules_check(field, text, &violation), status);
    }
    sv_arena_free(arena);
}

static void test_numbers(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_field v4 = {.format = SV_FORMAT_IPV4}, v6 = {.format = SV_FORMAT_IPV6}, plain = {0};
    const sv_plan_field four = {.row = &v4}, six = {.row = &v6}, none = {.row = &plain};
    sv_str text;
    assert_true(sv_text_rules_from_number(arena, &four, cases_parse(arena, "4294967295"), &text));
    assert_true(sv_str_eq(text, SV_STR("255.255.255.255")));
    assert_false(sv_text_rules_from_number(arena, &four, cases_parse(arena, "4294967296"), &text));
    assert_true(sv_text_rules_from_number(arena, &six, cases_parse(arena, "true"), &text));
    assert_true(sv_str_eq(text, SV_STR("::1")));
    assert_false(sv_text_rules_from_number(arena, &six, cases_parse(arena, "-1"), &text));
    assert_false(sv_text_rules_from_number(arena, &none, cases_parse(arena, "1"), &text));
    assert_int_equal(sv_text_rules_not_text(SV_FORMAT_HTTP_URL), SV_ERROR_TYPE_URL_TYPE);
    assert_int_equal(sv_text_rules_not_text(SV_FORMAT_NONE), SV_ERROR_TYPE_STRING_TYPE);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
