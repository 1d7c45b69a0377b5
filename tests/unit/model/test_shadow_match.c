/* What counts as the same answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/half.h"
#include "model/shadow_match.h"

static void test_labels(void **state)
{
    (void)state;
    const sv_shadow_label real[] = {{SV_STR("cat"), 0.8}, {SV_STR("dog"), 0.5}};
    static const struct {
        sv_shadow_label shadow[2];
        bool same;
    } cases[] = {
        {{{SV_STR_INIT("cat"), 0.8}, {SV_STR_INIT("dog"), 0.5}}, true},
        {{{SV_STR_INIT("cat"), 0.71}, {SV_STR_INIT("dog"), 0.59}}, true},
        {{{SV_STR_INIT("cat"), 0.69}, {SV_STR_INIT("dog"), 0.5}}, false},
        {{{SV_STR_INIT("cat"), 0.8}, {SV_STR_INIT("cat"), 0.5}}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sv_shadow_match_labels(real, cases[i].shadow, 2), cases[i].same);
}

static void test_embeddings(void **state)
{
    (void)state;
    static const struct {
        float real[2], shadow[2];
        bool same;
    } cases[] = {
        {{1, 0}, {1, 0}, true},    {{1, 0}, {5, 0.1F}, true}, {{1, 0}, {1, 0.1F}, false},
        {{1, 0}, {-1, 0}, false},  {{0, 0}, {0, 0}, true},    {{0, 0}, {1, 0}, false},
        {{1, 0}, {NAN, 0}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const sv_embeddings real = {cases[i].real, 1, 2}, shadow = {cases[i].shadow, 1, 2};
        assert_int_equal(sv_shadow_match_embeddings(&real, &shadow), cases[i].same);
    }
    const sv_embeddings one = {cases[0].real, 1, 2}, other = {cases[0].real, 2, 1},
                        none = {NULL, 0, 2};
    assert_false(sv_shadow_match_embeddings(&one, &other));
    assert_false(sv_shadow_match_embeddings(&one, &none));
}

static bool match(sv_dtype dtype, const void *real, const void *shadow, size_t n)
{
    sv_tensor a = {.name = SV_STR("y"), .dtype = dtype, .shape = SV_SHAPE((int64_t)n)};
    a.size_bytes = n * sv_tensor_dtype_size(dtype);
    a.data = real;
    sv_tensor b = a;
    b.data = shadow;
    return sv_shadow_match_tensors(&(sv_tensors){&a, 1}, &(sv_tensors){&b, 1});
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        double real, shadow;
        bool same;
    } cases[] = {
        {1, 1, true},
        {1000, 1000.9, true},
        {1000, 1001.1, false},
        {0, 5e-7, true},
        {0, 1e-5, false},
        {NAN, NAN, true},
        {NAN, 0, false},
        {1, NAN, false},
        {1, -1, false},
        {INFINITY, 1, false},
        {INFINITY, INFINITY, true},
        {INFINITY, -INFINITY, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float single = (float)cases[i].real, other = (float)cases[i].shadow;
        if (match(SV_DTYPE_FP64, &cases[i].real, &cases[i].shadow, 1) != cases[i].same ||
            match(SV_DTYPE_FP32, &single, &other, 1) != cases[i].same)
            fail_msg("%g and %g", cases[i].real, cases[i].shadow);
    }
}

static void test_halves(void **state)
{
    (void)state;
    static const struct {
        sv_dtype dtype;
        sv_half_format format;
    } formats[] = {{SV_DTYPE_FP16, SV_HALF_BINARY16}, {SV_DTYPE_BF16, SV_HALF_BFLOAT16}};
    for (size_t i = 0; i < 2; i++) {
        uint16_t one = sv_half_from_double(1, formats[i].format);
        uint16_t more = sv_half_from_double(1.25, formats[i].format);
        assert_true(match(formats[i].dtype, &one, &one, 1));
        assert_false(match(formats[i].dtype, &one, &more, 1));
    }
}

static void test_others(void **state)
{
    (void)state;
    const int64_t big[] = {INT64_C(1) << 60, 2}, bigger[] = {(INT64_C(1) << 60) + 1, 2};
    const sv_str texts[] = {SV_STR("a"), SV_STR("b")}, others[] = {SV_STR("a"), SV_STR("c")};
    assert_true(match(SV_DTYPE_INT64, big, big, 2));
    assert_false(match(SV_DTYPE_INT64, big, bigger, 2));
    assert_true(match(SV_DTYPE_BYTES, texts, texts, 2));
    assert_false(match(SV_DTYPE_BYTES, texts, others, 2));
    assert_true(match(SV_DTYPE_INT64, NULL, NULL, 0));
}

static void test_form(void **state)
{
    (void)state;
    const float values[4] = {1, 2, 3, 4};
    const sv_tensor real = {.name = SV_STR("y"),
                            .dtype = SV_DTYPE_FP32,
                            .shape = SV_SHAPE(4),
                            .data = values,
                            .size_bytes = sizeof values};
    sv_tensor named = real, typed = real, shaped = real;
    named.name = SV_STR("z");
    typed.dtype = SV_DTYPE_INT32;
    shaped.shape = SV_SHAPE(2, 2);
    const sv_tensor *const others[] = {&named, &typed, &shaped};
    const sv_tensors one = {&real, 1}, none = {&real, 0};
    assert_true(sv_shadow_match_tensors(&one, &one));
    assert_false(sv_shadow_match_tensors(&one, &none));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(sv_shadow_match_tensors(&one, &(sv_tensors){others[i], 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),  cmocka_unit_test(test_embeddings),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_halves),
        cmocka_unit_test(test_others),  cmocka_unit_test(test_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
