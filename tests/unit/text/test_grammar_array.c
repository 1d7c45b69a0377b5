/* Arrays of a schema as rules: items in front, the rest, and how many. */
#include "grammar_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_texts(void **state)
{
    (void)state;
    static const grammar_case cases[] = {
        {"{\"items\":{\"type\":\"null\"}}",
         {"[]", "[null]", "[ null, null ]", "[null,null,null]"},
         {"[null,]", "[1]", "[,null]", "{}"}},
        {"{\"items\":{\"type\":\"null\"},\"minItems\":1,\"maxItems\":2}",
         {"[null]", "[null,null]"},
         {"[]", "[null,null,null]"}},
        {"{\"items\":{\"type\":\"null\"},\"maxItems\":0}", {"[]", "[ ]"}, {"[null]"}},
        {"{\"items\":{\"type\":\"null\"},\"minItems\":3}",
         {"[null,null,null]", "[null,null,null,null]"},
         {"[null,null]"}},
        {"{\"prefixItems\":[{\"type\":\"null\"},{\"type\":\"boolean\"}]}",
         {"[null,true]"},
         {"[null]", "[]", "[null,true,true]", "[true,null]"}},
        {"{\"prefixItems\":[{\"type\":\"null\"}],\"items\":{\"type\":\"boolean\"}}",
         {"[null]", "[null,true]", "[null,true,false]"},
         {"[]", "[true]"}},
        {"{\"prefixItems\":[{\"type\":\"null\"}],\"items\":false}",
         {"[null]"},
         {"[]", "[null,null]"}},
        {"{\"items\":{\"items\":{\"type\":\"null\"}}}", {"[]", "[[]]", "[[null],[]]"}, {"[null]"}},
    };
    grammar_lab_check(cases, sizeof cases / sizeof *cases);
}

static void test_refusals(void **state)
{
    (void)state;
    static const grammar_refusal cases[] = {
        {"{\"items\":{},\"minItems\":3,\"maxItems\":2}",
         "no array has as many items as \"minItems\", \"maxItems\" and \"prefixItems\" ask for at "
         "#"},
        {"{\"prefixItems\":[{},{}],\"maxItems\":1}",
         "no array has as many items as \"minItems\", \"maxItems\" and \"prefixItems\" ask for at "
         "#"},
        {"{\"prefixItems\":{}}", "\"prefixItems\" is no array at #"},
        {"{\"items\":{},\"minItems\":-1}", "\"minItems\" is no whole number from 0 on at #"},
        {"{\"items\":{},\"maxItems\":2002}", "a length or a repetition passes 2000 at #"},
    };
    grammar_lab_check_refusals(cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
