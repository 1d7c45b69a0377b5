/* test_openai_fields.c: members by tables. What requests make of them: test_openai_request.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/openai_fields.h"

typedef struct sample {
    int64_t count;
    double share;
    bool is_on;
    sv_str name;
    const sv_value *object, *array;
} sample;

static const sv_openai_field rows[] = {
    SV_OPENAI_FIELD(sample, "count", count, INTEGER, .min = 1, .max = 9),
    SV_OPENAI_FIELD(sample, "newer_count", count, INTEGER, .min = 1, .max = 9),
    SV_OPENAI_FIELD(sample, "share", share, NUMBER, .min = -1, .max = 1),
    SV_OPENAI_FIELD(sample, "on", is_on, BOOLEAN),
    SV_OPENAI_FIELD(sample, "name", name, STRING, .is_required = true),
    SV_OPENAI_FIELD(sample, "object", object, OBJECT),
    SV_OPENAI_FIELD(sample, "array", array, ARRAY),
    {0},
};

static sv_status read_sample(sv_arena *arena, const char *json, sample *into, sv_error *error)
{
    const sv_value *value;
    sv_value_error why;
    if (sv_value_parse(arena, sv_str_from(json), NULL, &why, &value))
        fail_msg("%s", json);
    return sv_openai_fields_read(value, rows, "top.", into, error);
}

static void reads_members(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sample got = {.count = 5, .share = 0.5};
    assert_int_equal(read_sample(arena,
                                 "{\"newer_count\":3.0,\"count\":2,\"share\":null,\"on\":true,"
                                 "\"name\":\"x\",\"object\":{},\"array\":[],\"other\":1}",
                                 &got, &error),
                     SV_OK);
    assert_true(got.count == 3 && got.share == 0.5 && got.is_on && got.object && got.array);
    assert_true(sv_str_eq(got.name, SV_STR("x")));
    sv_arena_free(arena);
}

static void refuses_members(void **state)
{
    (void)state;
    static const struct {
        const char *json, *path, *message;
    } cases[] = {
        {"{}", "top.name", "Missing required parameter: 'top.name'."},
        {"{\"name\":null}", "top.name", "Missing required parameter: 'top.name'."},
        {"{\"name\":5}", "top.name",
         "Invalid type for 'top.name': expected a string, but got an integer instead."},
        {"{\"count\":true}", "top.count",
         "Invalid type for 'top.count': expected an integer, but got a boolean instead."},
        {"{\"count\":1.5}", "top.count",
         "Invalid type for 'top.count': expected an integer, but got a number instead."},
        {"{\"count\":0}", "top.count",
         "Invalid value for 'top.count': 0. Expected a value from 1 to 9."},
        {"{\"share\":1e400}", "top.share",
         "Invalid value for 'top.share': inf. Expected a value from -1 to 1."},
        {"{\"on\":1}", "top.on",
         "Invalid type for 'top.on': expected a boolean, but got an integer instead."},
        {"{\"name\":\"\",\"object\":[]}", "top.object",
         "Invalid type for 'top.object': expected an object, but got an array instead."},
        {"{\"name\":\"\",\"array\":{}}", "top.array",
         "Invalid type for 'top.array': expected an array, but got an object instead."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_error error = {0};
        sample got = {0};
        assert_int_equal(read_sample(arena, cases[i].json, &got, &error), SV_INVALID);
        assert_string_equal(error.path, cases[i].path);
        assert_string_equal(error.message, cases[i].message);
        sv_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_members),
        cmocka_unit_test(refuses_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
