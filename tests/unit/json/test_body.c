/* test_body.c: bodies that never become a value, and content types. Bodies that do:
 * test_decode_cases.c. */
#include "json_cases.h"
#include "json/body.h"

static const struct {
    const char *content_type;
    bool is_json;
} types[] = {
    {"application/json", true},
    {"APPLICATION/Json ; charset=latin-1", true},
    {"application/problem+json", true},
    {"application/+json", true},
    {"application/json;", true},
    {"text/json", false},
    {"application/jsonx", false},
    {"application/x+jsonx", false},
    {"application/xjson", false},
    {"application/a/b+json", false},
    {"application", false},
    {"application/", false},
    {"json", false},
    {"", false},
    {"application/json, application/json", false},
};

static void test_content_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (sv_body_is_json(sv_str_from(types[i].content_type)) != types[i].is_json)
            fail_msg("%s", types[i].content_type);
}

static sv_status read_body(sv_arena *arena, sv_body body, sv_str *ret_detail)
{
    sv_errors errors;
    const sv_value *value;
    sv_errors_init(&errors, arena);
    sv_status status = sv_body_read(arena, &body, &errors, &value);
    *ret_detail = cases_detail(arena, &errors);
    return status;
}

static void test_unreadable(void **state)
{
    (void)state;
    static const sv_str bodies[] = {SV_STR_INIT("\"\xFF\""),  SV_STR_INIT("{\"a\":\"\\ud800\"}"),
                                    SV_STR_INIT("[[[[1]]]]"), SV_STR_INIT("\xFF\xFE{\0}\0"),
                                    SV_STR_INIT("{\0}\0"),    SV_STR_INIT("\xED\xA0\x80")};
    sv_arena *arena = sv_arena_new(0);
    sv_str detail;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        sv_body body = {SV_STR("application/json"), bodies[i], .max_depth = 3};
        assert_int_equal(read_body(arena, body, &detail), SV_FAILED);
        assert_string_equal(detail.ptr, "[]");
    }
    sv_arena_free(arena);
}

static void test_syntax_error(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_str detail;
    sv_body body = {SV_STR("application/json"), SV_STR("\xEF\xBB\xBF{\"é\":1,}")};
    assert_int_equal(read_body(arena, body, &detail), SV_INVALID);
    assert_string_equal(
        detail.ptr, "[{\"type\":\"json_invalid\",\"loc\":[\"body\",7],\"msg\":\"JSON decode "
                    "error\",\"input\":{},"
                    "\"ctx\":{\"error\":\"Expecting property name enclosed in double quotes\"}}]");
    sv_arena_free(arena);
}

static void test_other_types_are_text(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_errors errors;
    const sv_value *value;
    sv_errors_init(&errors, arena);
    sv_body body = {SV_STR("text/plain"), SV_STR("{\xFF}")};
    assert_int_equal(sv_body_read(arena, &body, &errors, &value), SV_OK);
    assert_string_equal(cases_text(arena, value).ptr, "\"{\xEF\xBF\xBD}\"");
    body = (sv_body){SV_STR("application/json"), SV_STR("")};
    assert_int_equal(sv_body_read(arena, &body, &errors, &value), SV_OK);
    assert_null(value);
    body = (sv_body){SV_STR("text/plain"), SV_STR("{}"), .only_json = true};
    assert_int_equal(sv_body_read(arena, &body, &errors, &value), SV_OK);
    assert_null(value);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content_types),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_syntax_error),
        cmocka_unit_test(test_other_types_are_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
