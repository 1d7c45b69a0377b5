/* test_decoder.c: how refusals become errors, and what stops a decoding. */
#include "json_cases.h"
#include "json/check.h"
#include "json/decoder.h"

static const sv_loc place = {.name = SV_STR_INIT("body")};

static void test_refusals(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_errors errors;
    sv_errors_init(&errors, arena);
    sv_decoder d = {.arena = arena, .errors = &errors};
    const sv_violation violation = {SV_ERROR_TYPE_LESS_THAN,
                                    {{.kind = SV_CONTEXT_INT, .integer = 3}}};
    assert_false(sv_decoder_refuse(&d, SV_ERROR_TYPE_INT_TYPE, &place, NULL));
    assert_false(sv_decoder_refuse_text(&d, SV_ERROR_TYPE_ENUM, &place, NULL, SV_STR("'a'")));
    assert_false(sv_decoder_refuse_violation(&d, &violation, &place, NULL));
    assert_int_equal(errors.count, 3);
    assert_string_equal(sv_errors_get(&errors, 1).message.ptr, "Input should be 'a'");
    assert_string_equal(sv_errors_get(&errors, 2).message.ptr, "Input should be less than 3");
    assert_false(sv_decoder_has_ended(&d));
    sv_arena_free(arena);
}

static void test_checks(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_errors errors;
    sv_errors_init(&errors, arena);
    sv_decoder d = {.arena = arena, .errors = &errors};
    sv_check check = {.arena = arena};
    assert_true(sv_decoder_conclude(&d, SV_OK, &check, &place, NULL));
    assert_false(sv_decoder_conclude(&d, sv_reject(&check, "no %d", 7), &check, &place, NULL));
    assert_string_equal(sv_errors_get(&errors, 0).message.ptr, "Value error, no 7");
    assert_false(sv_decoder_conclude(&d, SV_FAILED, &check, &place, NULL));
    assert_true(d.status == SV_FAILED && sv_decoder_has_ended(&d));
    sv_arena_free(arena);
}

static void test_exactness(void **state)
{
    (void)state;
    sv_decoder d = {.exactness = SV_EXACTNESS_EXACT};
    sv_decoder_floor(&d, SV_EXACTNESS_STRICT);
    sv_decoder_floor(&d, SV_EXACTNESS_EXACT);
    assert_int_equal(d.exactness, SV_EXACTNESS_STRICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_exactness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
