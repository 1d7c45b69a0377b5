/* test_plan.c: plans of schemas with schemas inside, and defaults that do or do not fit. */
#include <string.h>

#include "case_schemas.h"
#include "failing_malloc.h"
#include "json_cases.h"

struct inner {
    int64_t n;
    sv_strs texts;
};
SV_SCHEMA_WITH(inner, (.extra = SV_EXTRA_FORBID), SV_FIELD(inner, n, SV_LE(9)),
               SV_FIELD(inner, texts, .default_json = "[\"a\"]"));

struct outer {
    struct inner inner;
    struct inner *pointer;
    SV_LIST(struct inner) list;
    sv_opt_int five;
};
SV_SCHEMA(outer, SV_FIELD_OBJECT(outer, inner, inner, .default_json = "{\"n\":1}"), {0},
          SV_FIELD_OBJECT(outer, pointer, inner, .default_json = "{\"n\":2,\"texts\":[]}"),
          SV_FIELD_LIST(outer, list, inner, .default_json = "[{\"n\":3}]"),
          SV_FIELD(outer, five, .default_json = "5"));

static void test_defaults(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_plan *plan = cases_plan(arena, &outer_schema, SV_FIELD_BODY);
    const struct outer *defaults = plan->defaults;
    assert_int_equal(plan->n_fields, 4);
    assert_true(defaults->inner.n == 1 && defaults->inner.texts.len == 1);
    assert_true(defaults->pointer->n == 2 && defaults->pointer->texts.len == 0);
    assert_true(defaults->list.len == 1 && defaults->list.items[0].n == 3);
    assert_true(defaults->five.set && defaults->five.value == 5);
    assert_ptr_equal(plan->fields[0].plan, plan->fields[2].item->plan);
    assert_false(plan->fields[0].required);
    assert_true(plan->fields[1].takes_null && !plan->fields[0].takes_null);
    sv_arena_free(arena);
}

struct bad {
    int64_t i;
    struct inner inner;
    sv_strs texts;
};
SV_SCHEMA(bad, SV_FIELD(bad, i, SV_GE(1), .default_json = "0"),
          SV_FIELD_OBJECT(bad, inner, inner, .default_json = "{\"n\":10,\"x\":1}"),
          SV_FIELD(bad, texts, .default_json = "null"));

struct loop {
    SV_LIST(struct loop) list;
};
SV_SCHEMA_DECLARE(loop);
SV_SCHEMA(loop, SV_FIELD_LIST(loop, list, loop, .default_json = "[{}]"));

struct deep {
    struct inner inner;
    int64_t i;
};
static const sv_field wrong_fields[] = {SV_FIELD(inner, n, SV_LE(0.5))};
static const sv_schema wrong_schema = {
    .name = "wrong", .size = sizeof(struct inner), wrong_fields, 1};
static const sv_field deep_fields[] = {{.name = "inner",
                                        .kind = SV_KIND_OBJECT,
                                        .size = sizeof(struct inner),
                                        .schema = &wrong_schema},
                                       SV_FIELD(deep, i, .max_len = 1)};
static const sv_schema deep_schema = {.name = "deep", .size = sizeof(struct deep), deep_fields, 2};

static const struct {
    const sv_schema *schema;
    const char *mistakes;
} broken[] = {
    {&bad_schema,
     "bad.i: `default_json` does not fit: Input should be greater than or equal to 1\n"
     "bad.inner: `default_json` does not fit: n: Input should be less than or equal to 9\n"
     "bad.inner: `default_json` does not fit: x: Extra inputs are not permitted\n"
     "bad.texts: `default_json` does not fit: Input should be a valid list\n"},
    {&loop_schema, "loop.list: `default_json` does not fit: it contains itself\n"},
    {&deep_schema, "deep.i: `min_len` and `max_len` are for text and bytes\n"},
};

static void test_mistakes(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        sv_buf mistakes;
        const sv_plan *plan;
        sv_buf_init(&mistakes, 4096);
        assert_int_equal(sv_plan_new(arena, broken[i].schema, SV_FIELD_BODY, &mistakes, &plan),
                         SV_INVALID);
        sv_buf_append_byte(&mistakes, '\0');
        assert_string_equal(mistakes.ptr, broken[i].mistakes);
        sv_buf_deinit(&mistakes);
    }
    sv_arena_free(arena);
}

struct quoted {
    int e;
};
SV_ENUM(quote, {"it's", 1}, {"\"", 2});
SV_SCHEMA(quoted, SV_FIELD_ENUM(quoted, e, quote));

static void test_texts(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_plan *plan = cases_plan(arena, &quoted_schema, SV_FIELD_BODY);
    assert_string_equal(plan->fields[0].expected.ptr, "\"it's\" or '\"'");
    assert_string_equal(plan->fields[0].key.ptr, "\"e\":");
    sv_arena_free(arena);
}

static bool plan_with_failures(void *unused)
{
    (void)unused;
    sv_arena *arena = sv_arena_new(0);
    sv_buf mistakes;
    sv_buf_init(&mistakes, 4096);
    sv_status status = SV_NO_MEMORY;
    const sv_plan *plan;
    if (arena)
        status = sv_plan_new(arena, case_schema(SV_STR("answer")), SV_FIELD_BODY, &mistakes, &plan);
    if (!status)
        status = sv_plan_new(arena, &outer_schema, SV_FIELD_BODY, &mistakes, &plan);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    sv_buf_deinit(&mistakes);
    sv_arena_free(arena);
    return status == SV_OK;
}

static bool plan_kind_with_failures(void *schema)
{
    sv_arena *arena = sv_arena_new(0);
    sv_buf mistakes;
    const sv_plan *plan;
    sv_buf_init(&mistakes, 4096);
    sv_status status =
        arena ? sv_plan_new(arena, schema, SV_FIELD_BODY, &mistakes, &plan) : SV_NO_MEMORY;
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    sv_buf_deinit(&mistakes);
    sv_arena_free(arena);
    return status == SV_OK;
}

static void test_failing_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; kind_schemas[i]; i++) {
        sv_schema schema = *kind_schemas[i];
        assert_true(failing_malloc_try_each(plan_kind_with_failures, &schema) > 2);
    }
}

static void test_failing_allocations(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(plan_with_failures, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),      cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_texts),         cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_failing_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
