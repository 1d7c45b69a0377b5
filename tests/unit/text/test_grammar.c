/* JSON Schema to a grammar: what a model may write then, and what is refused. */
#include "text/grammar.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "gbnf.h"
#include "text/grammar_rules.h"

enum { MAX_TEXTS = 8 };

static sv_status make(sv_str schema, sv_buf *out, sv_error *error)
{
    const sv_value *value;
    sv_value_error problem;
    sv_arena *arena = sv_arena_new(0);
    sv_status status = arena ? SV_OK : SV_NO_MEMORY;
    if (!status)
        status = sv_value_parse(arena, schema, NULL, &problem, &value);
    if (!status)
        status = sv_grammar_from_schema(value, out, error);
    sv_arena_free(arena);
    return status;
}

static const struct {
    const char *schema;
    const char *fits[MAX_TEXTS], *fails[MAX_TEXTS];
} cases[] = {
    {"{\"type\":\"string\"}",
     {"\"\"", "\"a b\"", "\"\\n\\u00e9\""},
     {"", "a", "\"a", "\"\\ud800\"", "\"\\x\"", "\"a\nb\""}},
    {"{\"type\":\"string\",\"minLength\":1,\"maxLength\":3}",
     {"\"a\"", "\"ab\\n\""},
     {"\"\"", "\"abcd\""}},
    {"{\"type\":\"string\",\"maxLength\":0}", {"\"\""}, {"\"a\""}},
    {"{\"type\":\"string\",\"format\":\"date\"}",
     {"\"2024-02-28\"", "\"1999-12-31\""},
     {"\"2024-02-30\"", "\"2024-13-01\"", "\"2024-04-31\"", "\"0000-01-01\""}},
    {"{\"type\":\"string\",\"format\":\"time\"}",
     {"\"23:59:59Z\"", "\"00:00:00.5+02:00\""},
     {"\"24:00:00Z\"", "\"00:00:00\""}},
    {"{\"format\":\"date-time\"}", {"\"2024-02-28T12:00:00Z\""}, {"\"2024-02-28\""}},
    {"{\"format\":\"uuid\"}", {"\"123e4567-e89b-12d3-a456-426614174000\""}, {"\"123e4567\""}},
    {"{\"format\":\"email\"}", {"\"x\""}, {"1"}},
    {"{\"type\":\"integer\"}", {"0", "-12", "1234567890"}, {"01", "1.0", "\"1\"", "-"}},
    {"{\"type\":\"integer\",\"minimum\":-3,\"maximum\":120}",
     {"-3", "0", "99", "120"},
     {"-4", "121", "200", "007", "1e1"}},
    {"{\"type\":\"integer\",\"exclusiveMinimum\":0}", {"1", "10", "99999"}, {"0", "-1"}},
    {"{\"type\":\"number\"}", {"0", "-1.5", "1e10", "2.5E-3"}, {".5", "1.", "+1", "01"}},
    {"{\"type\":\"number\",\"minimum\":0,\"maximum\":1}",
     {"0", "1", "0.5", "0.25", "1.0"},
     {"1.5", "-0.5", "2", "1.01"}},
    {"{\"type\":\"boolean\"}", {"true", "false"}, {"null", "True"}},
    {"{\"type\":[\"string\",\"null\"]}", {"null", "\"x\""}, {"1"}},
    {"{\"type\":\"integer\",\"nullable\":true}", {"null", "7"}, {"\"x\""}},
    {"{}", {"1", "null", "{\"a\": [1, {}]}", "[]"}, {"", "x"}},
    {"true", {"1", "null"}, {""}},
    {"{\"enum\":[\"a\\\"b\",1,null,{\"x\":1}]}",
     {"\"a\\\"b\"", "1", "null", "{\"x\":1}"},
     {"2", "\"a\""}},
    {"{\"const\":\"x\",\"type\":\"string\"}", {"\"x\""}, {"\"y\""}},
    {"{\"enum\":[1,\"a\"],\"type\":\"string\"}", {"\"a\""}, {"1"}},
    {"{\"type\":\"object\"}", {"{}", "{\"a\":1, \"b\": {}}"}, {"[]", "{\"a\"}", "{\"a\":  1}"}},
    {"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"null\"},"
     "\"c\":{\"type\":\"boolean\"}},\"required\":[\"b\"]}",
     {"{\"b\":null}", "{\"a\":1,\"b\":null}", "{\"b\":null,\"c\":true}",
      "{ \"a\": 1, \"b\": null, \"c\": true }"},
     {"{}", "{\"a\":1}", "{\"b\":null,\"a\":1}", "{\"b\":null,}", "{\"b\":null,\"d\":1}",
      "{,\"b\":null}", "{\"b\":null  }"}},
    {"{\"properties\":{\"a\":{\"type\":\"null\"},\"b\":{\"type\":\"null\"}}}",
     {"{}", "{ }", "{\"a\":null}", "{\"b\":null}", "{\"a\":null,\"b\":null}"},
     {"{\"b\":null,\"a\":null}", "{\"a\":null \"b\":null}", "1"}},
    {"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}",
     {"{}", "{\"x\":1,\"y\":2}"},
     {"{\"x\":\"1\"}"}},
    {"{\"type\":\"object\",\"additionalProperties\":false}", {"{}"}, {"{\"x\":1}"}},
    {"{\"type\":\"array\"}", {"[]", "[1, \"a\",[]]"}, {"[1,]", "{}"}},
    {"{\"items\":{\"type\":\"integer\"},\"minItems\":1,\"maxItems\":3}",
     {"[1]", "[ 1, 2,3 ]"},
     {"[]", "[1,2,3,4]", "[null]", "[1 2]"}},
    {"{\"type\":\"array\",\"maxItems\":0}", {"[]"}, {"[1]"}},
    {"{\"type\":\"array\",\"maxItems\":1,\"items\":{\"type\":\"null\"}}",
     {"[]", "[null]"},
     {"[null,null]"}},
    {"{\"prefixItems\":[{\"type\":\"integer\"},{\"type\":\"null\"}]}",
     {"[1,null]"},
     {"[]", "[1]", "[1,null,1]"}},
    {"{\"prefixItems\":[{\"type\":\"null\"}],\"items\":{\"type\":\"integer\"},\"minItems\":2}",
     {"[null,1]", "[null,1,2]"},
     {"[null]", "[1,1]"}},
    {"{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}]}",
     {"1", "[]", "[1,[2,[]]]"},
     {"null"}},
    {"{\"oneOf\":[{\"const\":1},{\"const\":2}],\"title\":\"T\",\"default\":1}", {"1", "2"}, {"3"}},
    {"{\"$ref\":\"#/$defs/a~1b\",\"$defs\":{\"a/b\":{\"$ref\":\"#/$defs/c\"},\"c\":{\"const\":1}}}",
     {"1"},
     {"2"}},
    {"{\"allOf\":[{\"$ref\":\"#/definitions/P\"},{\"properties\":{\"b\":{\"type\":\"null\"}},"
     "\"required\":[\"b\"]}],\"definitions\":{\"P\":{\"type\":\"object\",\"properties\":{\"a\":"
     "{\"type\":\"null\"}},\"required\":[\"a\"]}}}",
     {"{\"a\":null,\"b\":null}"},
     {"{\"a\":null}", "{\"b\":null}"}},
    {"{\"type\":\"object\",\"properties\":{\"next\":{\"anyOf\":[{\"$ref\":\"#\"},"
     "{\"type\":\"null\"}]}},\"required\":[\"next\"]}",
     {"{\"next\":null}", "{\"next\":{\"next\":null}}"},
     {"{}", "{\"next\":{}}"}},
};

static void check_texts(const char *what, sv_str grammar, const char *const texts[MAX_TEXTS],
                        bool fits)
{
    for (size_t i = 0; i < MAX_TEXTS && texts[i]; i++)
        if (gbnf_matches(grammar, texts[i]) != fits)
            fail_msg("%s: %s %s\n%.*s", what, texts[i], fits ? "should fit" : "should fail",
                     SV_STR_ARG(grammar));
}

static void lets_write_what_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_error error = {0};
        sv_buf out;
        sv_buf_init(&out, 1 << 20);
        if (make(sv_str_from(cases[i].schema), &out, &error))
            fail_msg("%s: %s", cases[i].schema, error.message);
        check_texts(cases[i].schema, sv_buf_str(&out), cases[i].fits, true);
        check_texts(cases[i].schema, sv_buf_str(&out), cases[i].fails, false);
        sv_buf_deinit(&out);
    }
}

static const struct {
    const char *schema, *message;
} refused[] = {
    {"{\"properties\":{\"a\":{\"not\":{}}}}", "unsupported keyword \"not\" at #/properties/a"},
    {"{\"type\":\"string\",\"pattern\":\"^a$\"}", "unsupported keyword \"pattern\" at #"},
    {"{\"$ref\":\"#/$defs/x\",\"$defs\":{\"x\":{\"items\":{\"if\":1}}}}",
     "unsupported keyword \"if\" at #/$defs/x/items"},
    {"false", "a schema is an object or true at #"},
    {"{\"type\":\"text\"}",
     "\"type\" is none of object, array, string, number, integer, boolean, null at #"},
    {"{\"type\":\"string\",\"maxLength\":1e9}", "\"maxLength\" is no whole number from 0 on at #"},
    {"{\"type\":\"string\",\"maxLength\":1000000000}", "a length or a repetition passes 2000 at #"},
    {"{\"items\":{},\"minItems\":3,\"maxItems\":2}",
     "no array has as many items as \"minItems\", \"maxItems\" and \"prefixItems\" ask for at #"},
    {"{\"type\":\"integer\",\"minimum\":3,\"maximum\":2}",
     "no number lies between the bounds at #"},
    {"{\"type\":\"integer\",\"exclusiveMinimum\":true}", "a bound of a number is no number at #"},
    {"{\"$ref\":\"other.json\"}",
     "only references within the schema are followed, not \"other.json\""},
    {"{\"$ref\":\"#/$defs/x\"}", "nothing is at the reference \"#/$defs/x\""},
    {"{\"$ref\":\"#\"}", "a reference leads to itself: \"#\""},
    {"{\"anyOf\":[{\"$ref\":\"#\"},{\"type\":\"null\"}]}",
     "alternatives lead back to themselves at #"},
    {"{\"allOf\":[{\"$ref\":\"#\"}]}",
     "\"allOf\" and \"$ref\" bring together more than 16 schemas at #"},
    {"{\"required\":[\"a\"],\"type\":\"object\"}",
     "\"required\" names \"a\", which is no property at #"},
    {"{\"anyOf\":[{\"type\":\"null\"}],\"minimum\":1}",
     "\"anyOf\" or \"oneOf\" beside other keywords is not supported at #"},
    {"{\"enum\":[1],\"type\":\"string\"}",
     "\"enum\" or \"const\" has no value that \"type\" allows at #"},
    {"{\"enum\":[]}", "\"enum\" or \"const\" has no value that \"type\" allows at #"},
};

static void refuses_by_name_and_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        sv_error error = {0};
        sv_buf out;
        sv_buf_init(&out, 1 << 20);
        sv_buf_append_str(&out, SV_STR("before"));
        assert_int_equal(make(sv_str_from(refused[i].schema), &out, &error), SV_INVALID);
        assert_string_equal(error.message, refused[i].message);
        assert_int_equal(out.len, 6);
        sv_buf_deinit(&out);
    }
}

/* A small schema that asks for much is refused at once. */
static void refuses_what_is_too_large(void **state)
{
    (void)state;
    sv_error error = {0};
    sv_buf schema, out;
    sv_buf_init(&schema, 2 << 20);
    sv_buf_init(&out, 1 << 20);
    sv_buf_append_str(&schema, SV_STR("{\"prefixItems\":[{\"type\":\"null\"}"));
    for (int i = 0; i < 2100; i++)
        sv_buf_append_str(&schema, SV_STR(",{\"type\":\"null\"}"));
    sv_buf_append_str(&schema, SV_STR("]}"));
    assert_int_equal(make(sv_buf_str(&schema), &out, &error), SV_INVALID);
    assert_string_equal(error.message, "the schema holds more than 2000 schemas at #");
    sv_buf_clear(&schema);
    sv_buf_append_str(&schema, SV_STR("{\"prefixItems\":[{\"maxLength\":2000}"));
    for (int i = 0; i < 10; i++)
        sv_buf_append_str(&schema, SV_STR(",{\"maxLength\":2000}"));
    sv_buf_append_str(&schema, SV_STR("]}"));
    assert_int_equal(make(sv_buf_str(&schema), &out, &error), SV_INVALID);
    assert_non_null(strstr(error.message, "pass 16384 together"));
    static const char *const repeated[][2] = {
        {"{\"properties\":{\"a\":1", "\"properties\" is no object of at most 2000 at #"},
        {"{\"title\":1", "a schema has more than 64 keywords at #"},
    };
    for (size_t i = 0; i < 2; i++) {
        sv_buf_clear(&schema);
        sv_buf_append_str(&schema, sv_str_from(repeated[i][0]));
        for (int j = 0; j < 100000; j++)
            sv_buf_append_str(&schema, i ? SV_STR(",\"title\":1") : SV_STR(",\"a\":1"));
        sv_buf_append_str(&schema, i ? SV_STR("}") : SV_STR("}}"));
        assert_int_equal(make(sv_buf_str(&schema), &out, &error), SV_INVALID);
        assert_string_equal(error.message, repeated[i][1]);
    }
    sv_buf_deinit(&schema);
    sv_buf_deinit(&out);
}

static void lets_call_functions(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_value *parameters, *any;
    sv_value_error problem;
    sv_error error = {0};
    sv_buf out;
    sv_buf_init(&out, 1 << 20);
    assert_int_equal(sv_value_parse(arena,
                                    SV_STR("{\"type\":\"object\",\"properties\":{\"n\":{\"$ref\":"
                                           "\"#/$defs/N\"}},\"required\":[\"n\"],\"$defs\":{\"N\":"
                                           "{\"type\":\"integer\"}}}"),
                                    NULL, &problem, &parameters),
                     SV_OK);
    assert_int_equal(sv_value_parse(arena, SV_STR("{}"), NULL, &problem, &any), SV_OK);
    const sv_grammar_tool tools[] = {
        {SV_STR("f"), parameters}, {SV_STR("g"), NULL}, {SV_STR("h"), any}};
    assert_int_equal(sv_grammar_from_tools(tools, 3, &out, &error), SV_OK);
    static const char *const fits[MAX_TEXTS] = {"{\"name\": \"f\", \"arguments\": {\"n\": 1}}",
                                                "{\"name\":\"g\",\"arguments\":{}}",
                                                "{\"name\":\"h\",\"arguments\":{\"x\":[]}}"};
    static const char *const fails[MAX_TEXTS] = {"{\"name\":\"f\",\"arguments\":{}}",
                                                 "{\"name\":\"x\",\"arguments\":{}}",
                                                 "{\"name\":\"h\",\"arguments\":1}", "{}"};
    check_texts("tools", sv_buf_str(&out), fits, true);
    check_texts("tools", sv_buf_str(&out), fails, false);
    assert_int_equal(sv_grammar_from_tools(tools, 0, &out, &error), SV_INVALID);
    assert_int_equal(sv_value_parse(arena, SV_STR("{\"not\":1}"), NULL, &problem, &any), SV_OK);
    const sv_grammar_tool broken = {SV_STR("f"), any};
    assert_int_equal(sv_grammar_from_tools(&broken, 1, &out, &error), SV_INVALID);
    assert_string_equal(error.message, "f: unsupported keyword \"not\" at #");
    sv_buf_deinit(&out);
    sv_arena_free(arena);
}

static void lets_write_any_object(void **state)
{
    (void)state;
    sv_buf out;
    sv_buf_init(&out, 1 << 20);
    assert_int_equal(sv_grammar_json_object(&out), SV_OK);
    assert_true(gbnf_matches(sv_buf_str(&out), "{\"a\": [1, -2.5e3, true], \"b\": {}}"));
    assert_false(gbnf_matches(sv_buf_str(&out), "[]"));
    sv_buf_deinit(&out);
}

static bool try_to_make(void *arg)
{
    sv_buf out;
    sv_buf_init(&out, 1 << 20);
    bool done = !make(*(sv_str *)arg, &out, NULL);
    sv_buf_deinit(&out);
    return done;
}

static void survives_failed_allocations(void **state)
{
    (void)state;
    sv_str schema = SV_STR("{\"type\":\"object\",\"properties\":{\"a\":{\"enum\":[1,\"x\"]},"
                           "\"b\":{\"items\":{\"type\":\"number\",\"minimum\":0}},"
                           "\"c\":{\"anyOf\":[{\"type\":\"null\"},{\"$ref\":\"#\"}]}}}");
    assert_true(failing_malloc_try_each(try_to_make, &schema) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_write_what_fits),      cmocka_unit_test(refuses_by_name_and_place),
        cmocka_unit_test(refuses_what_is_too_large), cmocka_unit_test(lets_call_functions),
        cmocka_unit_test(lets_write_any_object),     cmocka_unit_test(survives_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
