/* Objects of a schema as rules: members in order, each choice of the optional ones. */
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
        {"{\"properties\":{\"a\":{\"type\":\"null\"},\"b\":{\"type\":\"null\"},\"c\":{\"type\":"
         "\"null\"}},\"required\":[\"b\"]}",
         {"{\"b\":null}", "{\"a\": null, \"b\": null}", "{\"b\":null,\"c\":null}",
          "{\"a\":null,\"b\":null,\"c\":null}"},
         {"{}", "{\"a\":null}", "{\"b\":null,\"a\":null}", "{\"b\":null,}", "{,\"b\":null}",
          "{\"b\":null,\"b\":null}", "{\"b\":null,\"d\":null}"}},
        {"{\"properties\":{\"a\":{\"type\":\"null\"},\"b\":{\"type\":\"null\"}}}",
         {"{}", "{ }", "{\"a\":null}", "{\"b\":null}", "{\"a\":null,\"b\":null}"},
         {"{\"b\":null,\"a\":null}", "[]", "{\"a\"}"}},
        {"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"boolean\"}}",
         {"{}", "{\"x\":true}", "{\"x\":true,\"y\":false}"},
         {"{\"x\":1}", "{x:true}"}},
        {"{\"allOf\":[{\"properties\":{\"a\":{\"type\":\"null\"}},\"required\":[\"a\"]},{"
         "\"properties\":{\"b\":{\"type\":\"null\"}}}]}",
         {"{\"a\":null}", "{\"a\":null,\"b\":null}"},
         {"{\"b\":null}", "{}"}},
        {"{\"properties\":{\"a\\\"b\":{\"type\":\"null\"}},\"required\":[\"a\\\"b\"]}",
         {"{\"a\\\"b\":null}"},
         {"{\"a\":null}"}},
    };
    grammar_lab_check(cases, sizeof cases / sizeof *cases);
}

static void test_refusals(void **state)
{
    (void)state;
    static const grammar_refusal cases[] = {
        {"{\"type\":\"object\",\"required\":[\"a\"]}",
         "\"required\" names \"a\", which is no property at #"},
        {"{\"type\":\"object\",\"required\":\"a\"}",
         "\"required\" is no array of at most 1000 names at #"},
        {"{\"type\":\"object\",\"required\":[1]}", "\"required\" holds what is no text at #"},
        {"{\"properties\":1}", "\"properties\" is no object of at most 2000 at #"},
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
