/* test_plan_field.c: what a row becomes in the plan: names, patterns, words of enums, items. */
#include <string.h>

#include "case_schemas.h"
#include "json_cases.h"

struct named {
    int64_t plain, other, x_token;
};
SV_SCHEMA_WITH(named, (.by_name_too = true), SV_FIELD(named, plain),
               SV_FIELD(named, other, .alias = "Oth\"er"),
               SV_FIELD(named, x_token, .in = SV_IN_HEADER));

static void test_names(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_plan_field *fields = cases_plan(arena, &named_schema, SV_FIELD_PARAMS)->fields;
    assert_true(sv_str_eq(fields[0].name, SV_STR("plain")) && !fields[0].own_name.ptr);
    assert_true(sv_str_eq(fields[1].name, SV_STR("Oth\"er")));
    assert_true(sv_str_eq(fields[1].own_name, SV_STR("other")));
    assert_true(sv_str_eq(fields[1].key, SV_STR("\"Oth\\\"er\":")));
    assert_true(sv_str_eq(fields[2].name, SV_STR("x-token")));
    sv_arena_free(arena);
}

static const sv_plan_field *field_of(sv_arena *arena, const char *model)
{
    return &cases_plan(arena, case_schema(sv_str_from(model)), SV_FIELD_BODY)->fields[0];
}

static void test_words(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"v_color", "'red', 'green' or 'blue'"},
        {"k_level", "1 or 2"},
        {"k_one_word", "'only'"},
        {"k_mixed", "'a', 1, True or None"},
    };
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(cases_same(sv_str_from(rows[i][0]), sv_str_from(rows[i][1]),
                               field_of(arena, rows[i][0])->expected));
    sv_arena_free(arena);
}

static void test_items(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_plan_field *matrix = field_of(arena, "k_matrix"), *pair = field_of(arena, "k_pair");
    const sv_plan_field *keys = field_of(arena, "k_map_keys");
    assert_true(matrix->item->kind == SV_KIND_LIST && matrix->item->item->kind == SV_KIND_INT);
    assert_true(matrix->item->item->row->ge.set);
    assert_true(pair->n_items == 2 && pair->item->kind == SV_KIND_DOUBLE);
    assert_true(keys->map_key->pattern && keys->map_key->edits_text && !keys->item->edits_text);
    assert_true(field_of(arena, "k_maybes")->item->takes_null);
    assert_true(field_of(arena, "strict")->strict && !field_of(arena, "alias")->strict);
    assert_false(field_of(arena, "k_factory")->required);
    sv_arena_free(arena);
}

struct broken {
    sv_str text;
    sv_strs list;
};
SV_SCHEMA(broken, SV_FIELD(broken, text, .pattern = "(a"),
          SV_FIELD_ITEMS(broken, list, .item = SV_EACH(sv_str, .pattern = "[")));

static void test_broken_patterns(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_str mistakes = cases_mistakes(arena, &broken_schema, SV_FIELD_BODY);
    assert_true(sv_str_starts_with(mistakes, SV_STR("broken.text: `pattern`: ")));
    assert_non_null(strstr(mistakes.ptr, "\nbroken.list: `pattern`: ")); /* both are told */
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_broken_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
