/* test_decode_union.c: which variant of a union a value becomes. */
#include "case_schemas.h"
#include "json_cases.h"

struct nest {
    int kind;
    union {
        SV_LIST(struct nest) a;
        SV_LIST(struct nest) b;
    } as;
};
SV_SCHEMA_DECLARE(nest);
SV_UNION(nest, kind, (.help = NULL), SV_FIELD_LIST(nest, as.a, nest, .variant = 1),
         SV_FIELD_LIST(nest, as.b, nest, .variant = 2));

/* Each level doubles the tries: what cannot be decided in so many is refused, not computed. */
static void test_tries_have_a_limit(void **state)
{
    (void)state;
    char body[128] = {0};
    for (int i = 0; i < 40; i++)
        body[i] = '[';
    body[40] = '1';
    for (int i = 41; i < 81; i++)
        body[i] = ']';
    sv_arena *arena = sv_arena_new(0);
    sv_str answer = cases_answer(arena, &nest_schema, body);
    assert_true(sv_str_starts_with(answer, SV_STR("recursion_depth_exceeded")) ||
                sv_str_starts_with(answer, SV_STR("list_type")));
    assert_string_equal(cases_answer(arena, &nest_schema, "[[[]]]").ptr, "[[[]]]");
    sv_arena_free(arena);
}

static void test_rows(void **state)
{
    (void)state;
    static const cases_row rows[] = {
        {"k_int_or_str", "{\"v\":\"1\"}", "{\"v\":\"1\"}"},
        {"k_int_or_str", "{\"v\":true}", "{\"v\":1}"},
        {"k_int_or_str", "{\"v\":1.5}", "int_from_float at v.int, string_type at v.str"},
        {"k_in_order", "{\"v\":\"1\"}", "{\"v\":1}"},
        {"k_in_order", "{\"v\":\"1.5\"}", "{\"v\":\"1.5\"}"},
        {"k_in_order", "{\"v\":1.5}", "{\"v\":1.5}"},
        {"k_bounded", "{\"v\":\"7\"}", "{\"v\":7}"},
        {"k_bounded", "{\"v\":{\"a\":\"x\"}}",
         "int_type at v.constrained-int, string_type at v.constrained-str, list_type at "
         "v.list[int], int_parsing at v.dict[str,int].a"},
        {"k_literal_or", "{\"v\":true}", "{\"v\":1}"},
        {"k_literal_or", "{\"v\":\"1\"}", "{\"v\":true}"},
        {"k_literal_or", "{\"v\":0.0}", "{\"v\":0.0}"},
        {"k_models", "{\"v\":{\"x\":1,\"z\":2}}", "{\"v\":{\"x\":1,\"z\":2}}"},
        {"k_models", "{\"v\":{\"x\":1}}", "{\"v\":{\"x\":1,\"y\":1}}"},
        {"k_models", "{\"v\":1}", "model_attributes_type at v.one, model_attributes_type at v.two"},
        {"k_parts", "{\"v\":[1,\"a\"]}", "{\"v\":[1,\"a\"]}"},
        {"k_parts", "{\"v\":\"1\"}", "{\"v\":\"1\"}"},
        {"k_list_of", "{\"v\":[1,2.5,{\"x\":1}]}", "{\"v\":[1,2.5,{\"x\":1,\"y\":1}]}"},
        {"k_maybe_models", "{\"v\":null}", "{\"v\":null}"},
        {"k_pet", "{\"v\":{\"kind\":\"kitten\",\"lives\":1}}",
         "{\"v\":{\"kind\":\"kitten\",\"lives\":1}}"},
        {"k_pet", "{\"v\":{\"kind\":\"cow\"}}", "union_tag_invalid at v"},
        {"k_pet", "{\"v\":{}}", "union_tag_not_found at v"},
        {"k_pet", "{\"v\":1}", "model_attributes_type at v"},
        {"k_pet", "{\"v\":{\"kind\":\"cat\"}}", "missing at v.cat.lives"},
        {"shape_of",
         "{\"pet\":{\"kind\":\"dog\"},\"pets\":[{\"kind\":\"x\"}],\"by_name\":{\"a\":{\"kind\":"
         "\"cat\"}}}",
         "union_tag_invalid at pets.0, missing at by_name.a.cat.lives"},
    };
    cases_check(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_tries_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
