/* The numbers between the bounds of a schema. */
#include "text/grammar.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "gbnf.h"

static const struct {
    const char *schema, *fits[4], *fails[4];
} cases[] = {
    {"{\"type\":\"integer\",\"minimum\":0.5,\"maximum\":3.5}", {"1", "3"}, {"0", "4", "1.0"}},
    {"{\"type\":\"integer\",\"maximum\":-17}", {"-17", "-18", "-9999"}, {"-16", "0", "17"}},
    {"{\"type\":\"integer\",\"minimum\":123456789012345678}",
     {"123456789012345678", "123456789012345679"},
     {"123456789012345677", "1"}},
    {"{\"type\":\"integer\",\"minimum\":1,\"exclusiveMinimum\":4,\"exclusiveMaximum\":6}",
     {"5"},
     {"4", "6", "1"}},
    {"{\"minimum\":-1.25,\"exclusiveMaximum\":3.7}",
     {"-1.25", "3.69", "0", "3.6999"},
     {"-1.26", "3.7", "4", "-2"}},
    {"{\"minimum\":0.00001,\"maximum\":0.00002}", {"0.00001", "0.00002"}, {"0", "0.00003", "1"}},
    {"{\"type\":\"number\",\"minimum\":5}", {"5", "1000", "5.5"}, {"4.9", "-5", "4"}},
};

static void holds_what_lies_between(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_arena *arena = sv_arena_new(0);
        const sv_value *schema;
        sv_value_error problem;
        sv_error error = {0};
        sv_buf out;
        sv_buf_init(&out, 1 << 20);
        assert_int_equal(
            sv_value_parse(arena, sv_str_from(cases[i].schema), NULL, &problem, &schema), SV_OK);
        assert_int_equal(sv_grammar_from_schema(schema, &out, &error), SV_OK);
        for (size_t j = 0; j < 4 && cases[i].fits[j]; j++)
            assert_true(gbnf_matches(sv_buf_str(&out), cases[i].fits[j]));
        for (size_t j = 0; j < 4 && cases[i].fails[j]; j++)
            assert_false(gbnf_matches(sv_buf_str(&out), cases[i].fails[j]));
        sv_buf_deinit(&out);
        sv_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(holds_what_lies_between)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
