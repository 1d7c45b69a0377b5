/* test_plan_union.c: the labels that pydantic gives to the types of a union, its tags, and what is
 * wrong with unions at start. */
#include "case_schemas.h"
#include "json_cases.h"

SV_ENUM(hue, {"red", 0});
SV_ENUM_INT(size, {"small", 1});
SV_LITERAL(ab, {"a", 0}, {"b", 1});
SV_LITERAL_JSON(mixed, {"\"a\"", 0}, {"1", 1});

struct point {
    int64_t x, y;
};
SV_SCHEMA_WITH(point, (.shape = SV_SHAPE_TUPLE), SV_FIELD(point, x), SV_FIELD(point, y));

struct any {
    int kind;
    union {
        sv_str text;
        int64_t number;
        double real;
        bool truth;
        int choice;
        sv_opt_int maybe;
        struct point point;
        double pair[2];
        SV_LIST(sv_date) dates;
        SV_MAP(sv_time) times;
        sv_bytes bytes;
        sv_json json;
        sv_duration span;
        sv_decimal decimal;
    } as;
};
SV_UNION(any, kind, (.help = NULL), SV_VARIANT(any, as.text, 0),
         SV_VARIANT(any, as.text, 1, .strip = true), SV_VARIANT(any, as.number, 2, SV_GE(1)),
         SV_VARIANT(any, as.real, 3, SV_MULTIPLE_OF(2)), SV_VARIANT(any, as.truth, 4),
         SV_FIELD_ENUM(any, as.choice, hue, .variant = 5),
         SV_FIELD_ENUM(any, as.choice, size, .variant = 6),
         SV_FIELD_ENUM(any, as.choice, ab, .variant = 7),
         SV_FIELD_ENUM(any, as.choice, mixed, .variant = 8), SV_VARIANT(any, as.maybe, 9),
         SV_VARIANT_OBJECT(any, as.point, 10, point), SV_FIELD_ARRAY(any, as.pair, .variant = 11),
         SV_FIELD_ITEMS(any, as.dates, .variant = 12, .unique = true),
         SV_FIELD_MAP(any, as.times, .variant = 13, .key = SV_EACH(int64_t)),
         SV_VARIANT(any, as.bytes, 14, .max_len = 2), SV_VARIANT(any, as.json, 15),
         SV_VARIANT(any, as.span, 16), SV_VARIANT(any, as.decimal, 17),
         SV_VARIANT(any, as.text, 18, .format = SV_FORMAT_EMAIL));

static void test_labels(void **state)
{
    (void)state;
    static const char *const labels[] = {
        "str",
        "constrained-str",
        "constrained-int",
        "constrained-float",
        "bool",
        "str-enum[hue]",
        "int-enum[size]",
        "literal['a','b']",
        "literal['a',1]",
        "nullable[int]",
        "tuple[int, int]",
        "tuple[float, float]",
        "set[date]",
        "dict[int,time]",
        "constrained-bytes",
        "any",
        "timedelta",
        "decimal",
        "function-after[_validate(), str]",
    };
    sv_arena *arena = sv_arena_new(0);
    const sv_plan *plan = cases_plan(arena, &any_schema, SV_FIELD_BODY);
    assert_int_equal(plan->n_fields, sizeof labels / sizeof *labels);
    for (size_t i = 0; i < plan->n_fields; i++)
        assert_true(cases_same(SV_STR("label"), sv_str_from(labels[i]), plan->fields[i].label));
    sv_arena_free(arena);
}

static void test_tags(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_schema *schema = case_schema(SV_STR("k_pet"));
    const sv_plan *pet = cases_plan(arena, schema, SV_FIELD_BODY)->fields[0].plan;
    assert_true(sv_str_eq(pet->expected_tags, SV_STR("'cat', 'kitten', 'dog'")));
    assert_true(sv_str_eq(pet->quoted_name, SV_STR("'kind'")));
    assert_int_equal(pet->n_tags, 3);
    assert_true(pet->tags[1].variant == 0 && pet->tags[2].variant == 1);
    sv_arena_free(arena);
}

struct cat {
    int kind;
};
SV_SCHEMA(cat, SV_FIELD_ENUM(cat, kind, ab));
struct untagged {
    int64_t n;
};
SV_SCHEMA(untagged, SV_FIELD(untagged, n));
struct pet {
    int kind;
    union {
        struct cat cat;
        struct untagged untagged;
        int64_t number;
    } as;
};
SV_UNION(pet, kind, (.discriminator = "kind"), SV_VARIANT_OBJECT(pet, as.cat, 1, cat),
         SV_VARIANT_OBJECT(pet, as.cat, 2, cat), SV_VARIANT_OBJECT(pet, as.untagged, 3, untagged),
         SV_VARIANT(pet, as.number, 4));

static void test_mistakes(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    assert_string_equal(
        cases_mistakes(arena, &pet_schema, SV_FIELD_BODY).ptr,
        "pet.as.cat: another variant has the tag a\n"
        "pet.as.cat: another variant has the tag b\n"
        "pet.as.untagged: a variant must be an object whose field kind is a text enum or literal\n"
        "pet.as.number: a variant must be an object whose field kind is a text enum or literal\n");
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
