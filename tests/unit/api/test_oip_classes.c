/* test_oip_classes.c: the largest values of an output. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/oip_classes.h"

static const char *shape_of(const sv_tensor *tensor)
{
    static char text[SV_TENSOR_SHAPE_TEXT_SIZE];
    return sv_tensor_shape_format(&tensor->shape, text);
}

static void assert_text(const sv_tensor *tensor, size_t index, const char *text)
{
    sv_str got = ((const sv_str *)tensor->data)[index];
    if (!sv_str_eq(got, sv_str_from(text)))
        fail_msg("%.*s, not %s", SV_STR_ARG(got), text);
}

static void test_floats_with_labels(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_str names[] = {SV_STR("apple"), SV_STR("pear")};
    sv_strs labels = {.items = names, .len = 2};
    float values[] = {0.5F, 3.3F, 0.5F, NAN, 7, 7};
    sv_tensor made, tensor = {.name = SV_STR("y"),
                              .dtype = SV_DTYPE_FP32,
                              .shape = SV_SHAPE(2, 3),
                              .data = values,
                              .size_bytes = sizeof values};
    sv_oip_classes classes = {.n_classes = 2, .has_rows = true, .labels = &labels};
    assert_int_equal(sv_oip_classes_make(arena, &tensor, &classes, NULL, &made), SV_OK);
    assert_string_equal(shape_of(&made), "[2,2]");
    assert_int_equal(made.dtype, SV_DTYPE_BYTES);
    assert_text(&made, 0, "3.300000:1:pear");
    assert_text(&made, 1, "0.500000:0:apple"); /* of equals the first */
    assert_text(&made, 2, "7.000000:1:pear");
    assert_text(&made, 3, "7.000000:2");
    classes = (sv_oip_classes){.n_classes = 100};
    assert_int_equal(sv_oip_classes_make(arena, &tensor, &classes, NULL, &made), SV_OK);
    assert_string_equal(shape_of(&made), "[6]");
    assert_text(&made, 0, "7.000000:4");
    assert_text(&made, 5, "nan:3");
    sv_arena_free(arena);
}

static void test_integers_are_exact(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    uint64_t values[] = {UINT64_MAX - 1, UINT64_MAX};
    sv_tensor made, tensor = {.dtype = SV_DTYPE_UINT64,
                              .shape = SV_SHAPE(2),
                              .data = values,
                              .size_bytes = sizeof values};
    sv_oip_classes classes = {.n_classes = 2};
    assert_int_equal(sv_oip_classes_make(arena, &tensor, &classes, NULL, &made), SV_OK);
    assert_text(&made, 0, "18446744073709551615:1");
    assert_text(&made, 1, "18446744073709551614:0");
    sv_arena_free(arena);
}

static void test_refusals_and_nothing(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_oip_classes classes = {.n_classes = 3, .has_rows = true};
    static const sv_dtype none[] = {SV_DTYPE_BOOL, SV_DTYPE_FP16, SV_DTYPE_BF16, SV_DTYPE_BYTES};
    sv_tensor made;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        sv_tensor tensor = {.dtype = none[i]};
        assert_int_equal(sv_oip_classes_make(arena, &tensor, &classes, NULL, &made), SV_INVALID);
    }
    sv_tensor empty = {.dtype = SV_DTYPE_FP32, .shape = SV_SHAPE(0, 4)};
    assert_int_equal(sv_oip_classes_make(arena, &empty, &classes, NULL, &made), SV_OK);
    assert_string_equal(shape_of(&made), "[0,0]");
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floats_with_labels),
        cmocka_unit_test(test_integers_are_exact),
        cmocka_unit_test(test_refusals_and_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
