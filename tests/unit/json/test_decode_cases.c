/* test_decode_cases.c: what a real FastAPI answered to some hundred bodies, read from
 * tests/cases/validation/body.json, is what bodies, coercions, limits and errors give here, byte by
 * byte. */
#include <stdlib.h>

#include "case_schemas.h"
#include "json_cases.h"
#include "json/body.h"
#include "json/decode.h"
#include "json/encode.h"

static sv_body body_of(const sv_value *test)
{
    const sv_value *type = sv_value_get(test, SV_STR("content_type"));
    sv_body body = {.content_type = SV_STR("application/json"),
                    .bytes = sv_value_str(cases_get(test, "body"))};
    if (type && sv_value_get_type(type) == SV_VALUE_NULL)
        body.content_type = (sv_str){0};
    else if (type)
        body.content_type = sv_value_str(type);
    return body;
}

static sv_str answer_valid(sv_arena *arena, const sv_plan *plan, const void *decoded)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, 1 << 20);
    sv_writer_init(&writer, &buf);
    assert_int_equal(sv_encode(plan, decoded, &writer, NULL), SV_OK);
    sv_str json = sv_arena_copy(arena, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
    return json;
}

/* What a server would answer: the model, or the error object with its list. */
static sv_str answer(sv_arena *arena, const sv_value *test)
{
    const sv_schema *schema = case_schema(sv_value_str(cases_get(test, "model")));
    assert_non_null(schema);
    const sv_plan *plan = cases_plan(arena, schema, SV_FIELD_BODY);
    sv_body body = body_of(test);
    sv_errors errors;
    const sv_value *value;
    void *decoded;
    sv_errors_init(&errors, arena);
    sv_status status = sv_body_read(arena, &body, &errors, &value);
    if (!status)
        status = sv_decode_body(arena, plan, value, &errors, &decoded);
    if (!status)
        return answer_valid(arena, plan, decoded);
    assert_int_equal(status, SV_INVALID);
    return sv_arena_printf(arena, "{\"detail\":%s}", cases_detail(arena, &errors).ptr);
}

static void check_all(const char *file, size_t n_least)
{
    sv_arena *arena = sv_arena_new(0), *scratch = sv_arena_new(0);
    const sv_value *cases = cases_read(arena, file), *test;
    sv_value_cursor cursor = sv_value_walk(cases);
    size_t n_wrong = 0;
    while (sv_value_next_item(&cursor, &test)) {
        sv_str name = sv_arena_printf(scratch, "%.*s %.*s",
                                      SV_STR_ARG(sv_value_str(cases_get(test, "model"))),
                                      SV_STR_ARG(sv_value_str(cases_get(test, "body"))));
        sv_str expected = cases_text(scratch, cases_get(test, "answer"));
        n_wrong += !cases_same(name, expected, answer(scratch, test));
        sv_arena_reset(scratch);
    }
    assert_true(sv_value_len(cases) > n_least);
    sv_arena_free(scratch);
    sv_arena_free(arena);
    assert_int_equal(n_wrong, 0);
}

static void test_bodies(void **state)
{
    (void)state;
    check_all("body.json", 500);
}

static void test_kinds(void **state)
{
    (void)state;
    check_all("kinds.json", 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bodies), cmocka_unit_test(test_kinds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
