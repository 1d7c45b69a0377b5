/* test_check.c: what custom checks can do, through bodies. */
#include <string.h>

#include "json_cases.h"
#include "json/decode.h"

struct text {
    sv_str value;
};

static sv_status shout(sv_check *check, sv_str *value)
{
    char *upper = sv_check_alloc(check, value->len + 1);
    if (!upper)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < value->len; i++)
        upper[i] = (char)(value->ptr[i] & ~0x20);
    value->ptr = upper;
    return SV_OK;
}

static sv_status explain(sv_check *check, sv_str *value)
{
    return sv_reject(check, "%.*s is %s", SV_STR_ARG(*value), "no word");
}

static sv_status refuse_at_length(sv_check *check, sv_str *value)
{
    (void)value;
    char text[5000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    return sv_reject(check, "%s", text);
}

static sv_status refuse_silently(sv_check *check, sv_str *value)
{
    (void)check, (void)value;
    return SV_INVALID;
}

static sv_status break_down(sv_check *check, sv_str *value)
{
    (void)check, (void)value;
    return SV_UNAVAILABLE;
}

static sv_status decode(sv_arena *arena, sv_status (*check)(sv_check *, sv_str *), sv_str *ret_text)
{
    const sv_field fields[] = {SV_FIELD(text, value, .check_str = check)};
    const sv_schema schema = {.name = "text", .size = sizeof(struct text), fields, 1};
    const sv_plan *plan = cases_plan(arena, &schema, SV_FIELD_BODY);
    sv_errors errors;
    void *decoded;
    sv_errors_init(&errors, arena);
    sv_status status =
        sv_decode_body(arena, plan, cases_parse(arena, "{\"value\":\"word\"}"), &errors, &decoded);
    if (status == SV_OK)
        *ret_text = ((struct text *)decoded)->value;
    if (status == SV_INVALID)
        *ret_text = sv_errors_get(&errors, 0).message;
    return status;
}

static void test_checks(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_str text;
    assert_int_equal(decode(arena, shout, &text), SV_OK);
    assert_true(sv_str_eq(text, SV_STR("WORD")));
    assert_int_equal(decode(arena, explain, &text), SV_INVALID);
    assert_string_equal(text.ptr, "Value error, word is no word");
    assert_int_equal(decode(arena, refuse_at_length, &text), SV_INVALID);
    assert_int_equal(text.len, sizeof "Value error, " - 1 + 1023);
    assert_int_equal(decode(arena, refuse_silently, &text), SV_INVALID);
    assert_string_equal(text.ptr, "Value error, invalid");
    assert_int_equal(decode(arena, break_down, &text), SV_UNAVAILABLE);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_checks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
