/* test_decode.c: what the recorded cases (test_decode_cases.c) do not show: where values land,
 * many errors, hostile sizes, failing allocations. */
#include <stdlib.h>
#include <string.h>

#include "case_schemas.h"
#include "failing_malloc.h"
#include "json_cases.h"
#include "json/body.h"
#include "json/decode.h"

enum color { RED, GREEN = 7 };
SV_ENUM(color, {"red", RED}, {"green", GREEN});

struct inner {
    int64_t n;
};
SV_SCHEMA(inner, SV_FIELD(inner, n, .default_json = "4"));

struct all {
    sv_str s;
    bool b;
    enum color c;
    struct inner by_value, *by_pointer;
    SV_LIST(struct inner) list;
    SV_LIST(enum color) colors;
    sv_opt_int oi;
    sv_opt_double od;
    sv_opt_bool ob;
    sv_opt_str os;
    sv_opt_enum oc;
    sv_opt_ints ois;
    sv_opt_doubles ods;
    int64_t optional;
};
SV_SCHEMA(all, SV_FIELD(all, s), SV_FIELD(all, b), SV_FIELD_ENUM(all, c, color), {0},
          SV_FIELD_OBJECT(all, by_value, inner), SV_FIELD_OBJECT(all, by_pointer, inner),
          SV_FIELD_LIST(all, list, inner), SV_FIELD_ENUMS(all, colors, color), SV_FIELD(all, oi),
          SV_FIELD(all, od), SV_FIELD(all, ob), SV_FIELD(all, os), SV_FIELD_ENUM(all, oc, color),
          SV_FIELD(all, ois), SV_FIELD(all, ods), SV_FIELD(all, optional, .optional = true));

static const char all_json[] =
    "{\"s\":\"text\",\"b\":true,\"c\":\"green\",\"by_value\":{\"n\":1},\"by_pointer\":{\"n\":2},"
    "\"list\":[{\"n\":3},{}],\"colors\":[\"green\",\"red\"],\"oi\":5,\"od\":6.5,\"ob\":false,"
    "\"os\":\"\",\"oc\":\"red\",\"ois\":[7,8],\"ods\":[],\"optional\":9}";
static const char all_null_json[] =
    "{\"s\":\"text\",\"b\":true,\"c\":\"green\",\"by_value\":{},\"by_pointer\":null,"
    "\"list\":[],\"colors\":[],\"oi\":null,\"od\":null,\"ob\":null,\"os\":null,\"oc\":null,"
    "\"ois\":null,\"ods\":null}";

static struct all *decode_all(sv_arena *arena, const char *json)
{
    sv_errors errors;
    void *decoded;
    sv_errors_init(&errors, arena);
    const sv_plan *plan = cases_plan(arena, &all_schema, SV_FIELD_BODY);
    assert_int_equal(sv_decode_body(arena, plan, cases_parse(arena, json), &errors, &decoded),
                     SV_OK);
    return decoded;
}

static void test_members(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const struct all *all = decode_all(arena, all_json);
    assert_true(sv_str_eq(all->s, SV_STR("text")) && all->b && all->c == GREEN);
    assert_true(all->by_value.n == 1 && all->by_pointer->n == 2);
    assert_true(all->list.len == 2 && all->list.items[0].n == 3 && all->list.items[1].n == 4);
    assert_true(all->colors.len == 2 && all->colors.items[0] == GREEN &&
                all->colors.items[1] == RED);
    assert_true(all->oi.set && all->oi.value == 5 && all->od.set && all->od.value == 6.5);
    assert_true(all->ob.set && !all->ob.value && all->os.set && all->os.value.len == 0);
    assert_true(all->oc.set && all->oc.value == RED);
    assert_true(all->ois.set && all->ois.value.len == 2 && all->ois.value.items[1] == 8);
    assert_true(all->ods.set && all->ods.value.len == 0 && all->optional == 9);

    all = decode_all(arena, all_null_json);
    assert_null(all->by_pointer);
    assert_false(all->oi.set || all->od.set || all->ob.set || all->os.set || all->oc.set);
    assert_false(all->ois.set || all->ods.set);
    assert_true(all->by_value.n == 4 && all->optional == 0);
    sv_arena_free(arena);
}

static void test_optional_is_not_nullable(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_field fields[] = {SV_FIELD(all, oi, .optional = true)};
    const sv_schema schema = {.name = "all", .size = sizeof(struct all), fields, 1};
    const sv_plan *plan = cases_plan(arena, &schema, SV_FIELD_BODY);
    sv_errors errors;
    void *decoded;
    sv_errors_init(&errors, arena);
    const sv_value *empty = cases_parse(arena, "{}"), *null = cases_parse(arena, "{\"oi\":null}");
    assert_int_equal(sv_decode_body(arena, plan, empty, &errors, &decoded), SV_OK);
    assert_false(((struct all *)decoded)->oi.set);
    assert_int_equal(sv_decode_body(arena, plan, null, &errors, &decoded), SV_INVALID);
    assert_string_equal(
        cases_detail(arena, &errors).ptr,
        "[{\"type\":\"int_type\",\"loc\":[\"body\",\"oi\"],\"msg\":\"Input should be "
        "a valid integer\",\"input\":null}]");
    sv_arena_free(arena);
}

struct numbers {
    sv_ints v;
};
SV_SCHEMA_WITH(numbers, (.extra = SV_EXTRA_FORBID), SV_FIELD(numbers, v));

static sv_str repeat(sv_arena *arena, const char *start, const char *piece, size_t n,
                     const char *end)
{
    char *text = sv_arena_alloc(arena, strlen(start) + n * strlen(piece) + strlen(end) + 1);
    assert_non_null(text);
    char *at = stpcpy(text, start);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, piece);
    at = stpcpy(at, end);
    return (sv_str){text, (size_t)(at - text)};
}

static const struct {
    const char *start, *piece;
    size_t n;
    const char *end;
    size_t n_errors;
} hostile[] = {
    {"{\"v\":[", "null,", 99, "null]}", 100},         {"{\"v\":[", "null,", 100, "null]}", 101},
    {"{\"v\":[", "null,", 1000000, "null]}", 101},    {"{\"v\":[", "[[[]]],", 100000, "1]}", 101},
    {"{", "\"x\":1,", 500000, "\"v\":[]}", 1},        {"{", "\"v\":1,", 500000, "\"v\":[]}", 0},
    {"{", "\"v\":[],\"\":1,", 400000, "\"w\":1}", 2},
};

static void test_hostile_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        sv_arena *arena = sv_arena_new((size_t)256 << 20);
        const sv_plan *plan = cases_plan(arena, &numbers_schema, SV_FIELD_BODY);
        sv_str json =
            repeat(arena, hostile[i].start, hostile[i].piece, hostile[i].n, hostile[i].end);
        sv_errors errors;
        void *decoded;
        sv_errors_init(&errors, arena);
        sv_status status =
            sv_decode_body(arena, plan, cases_parse(arena, json.ptr), &errors, &decoded);
        assert_int_equal(status, hostile[i].n_errors ? SV_INVALID : SV_OK);
        assert_int_equal(errors.count, hostile[i].n_errors);
        cases_parse(arena, cases_detail(arena, &errors).ptr);
        sv_arena_free(arena);
    }
}

/* An array of small objects may not grow into more memory than the call has. */
static void test_arena_limit_holds(void **state)
{
    (void)state;
    sv_arena *start = sv_arena_new(0), *arena = sv_arena_new(1 << 20);
    const sv_plan *plan = cases_plan(start, &all_schema, SV_FIELD_BODY);
    sv_str json = repeat(start, "{\"list\":[", "{},", 1000000, "{}]}");
    sv_errors errors;
    void *decoded;
    sv_errors_init(&errors, arena);
    sv_status status = sv_decode_body(arena, plan, cases_parse(start, json.ptr), &errors, &decoded);
    assert_int_equal(status, SV_NO_MEMORY);
    sv_arena_free(arena);
    sv_arena_free(start);
}

typedef struct attempt {
    const sv_plan *plan;
    const char *json;
    sv_status expected;
} attempt;

static bool decode_within(const attempt *try, size_t limit)
{
    sv_arena *arena = sv_arena_new(limit);
    if (!arena)
        return false;
    sv_body body = {SV_STR("application/json"), sv_str_from(try->json)};
    sv_errors errors;
    const sv_value *value;
    void *decoded;
    sv_errors_init(&errors, arena);
    sv_status status = sv_body_read(arena, &body, &errors, &value);
    if (!status)
        status = sv_decode_body(arena, try->plan, value, &errors, &decoded);
    assert_true(status == try->expected || status == SV_NO_MEMORY);
    sv_arena_free(arena);
    return status == try->expected;
}

static bool decode_with_failures(void *arg)
{
    return decode_within(arg, 0);
}

static void test_failing_allocations(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_str many = repeat(arena, "{\"v\":[", "1,", 30000, "1]}");
    sv_str wrong = repeat(arena, "{\"v\":[", "{\"a\":\"b\"},", 3000, "1]}");
    const sv_plan *all = cases_plan(arena, &all_schema, SV_FIELD_BODY);
    const sv_plan *numbers = cases_plan(arena, &numbers_schema, SV_FIELD_BODY);
    attempt attempts[] = {{all, all_json, SV_OK},
                          {numbers, many.ptr, SV_OK},
                          {numbers, wrong.ptr, SV_INVALID},
                          {numbers, "{\"v\":", SV_INVALID}};
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        assert_true(failing_malloc_try_each(decode_with_failures, &attempts[i]) >= 2);
        for (size_t limit = 1; !decode_within(&attempts[i], limit); limit += 1 + limit / 50)
            assert_true(limit < (size_t)16 << 20);
    }
    sv_arena_free(arena);
}

/* Every kind that allocates, with every allocation failing, and in arenas of every size. */
static void test_failing_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *model, *body;
        sv_status end;
    } rows[] = {
        {"k_upper", "{\"v\":\" straße \"}", SV_OK},
        {"k_http_url", "{\"v\":\"HTTP://É.com/é\"}", SV_OK},
        {"k_email", "{\"v\":\"a@É.com\"}", SV_OK},
        {"k_ipv6", "{\"v\":1}", SV_OK},
        {"k_uuid", "{\"v\":\"x\"}", SV_INVALID},
        {"k_base64", "{\"v\":\"YQ==\"}", SV_OK},
        {"k_base64", "{\"v\":\"x\"}", SV_INVALID},
        {"k_decimal", "{\"v\":12345678901234567890123}", SV_OK},
        {"k_any", "{\"v\":{\"a\":[1]}}", SV_OK},
        {"k_map_int", "{\"v\":{\"1.0\":{\"x\":1},\"1\":{\"x\":2}}}", SV_OK},
        {"k_map_uuid", "{\"v\":{\"12345678123456781234567812345678\":[1]}}", SV_OK},
        {"k_map_keys", "{\"v\":{\"A\":0}}", SV_INVALID},
        {"k_set", "{\"v\":[1,2,2]}", SV_OK},
        {"k_matrix", "{\"v\":[[1],[2]]}", SV_OK},
        {"k_factory", "{}", SV_OK},
        {"k_bounded", "{\"v\":[1]}", SV_OK},
        {"k_bounded", "{\"v\":{\"a\":\"x\"}}", SV_INVALID},
        {"k_maybe_models", "{\"v\":{\"x\":1}}", SV_OK},
        {"k_pet", "{\"v\":{\"kind\":[1]}}", SV_INVALID},
        {"allow", "{\"x\":1,\"y\":[1],\"z\":2}", SV_OK},
        {"strict", "{\"i\":\"1\",\"o\":{}}", SV_INVALID},
    };
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const sv_schema *schema = case_schema(sv_str_from(rows[i].model));
        attempt tried = {cases_plan(arena, schema, SV_FIELD_BODY), rows[i].body, rows[i].end};
        assert_true(failing_malloc_try_each(decode_with_failures, &tried) >= 2);
        for (size_t limit = 1; !decode_within(&tried, limit); limit += 1 + limit / 50)
            assert_true(limit < (size_t)16 << 20);
    }
    sv_arena_free(arena);
}

struct spot {
    int64_t x;
};
SV_SCHEMA(spot, SV_FIELD(spot, x));
struct several {
    struct spot a;
    int64_t b;
    sv_opt_str c;
};
SV_SCHEMA_WITH(several, (.embed = true), SV_FIELD_OBJECT(several, a, spot), SV_FIELD(several, b),
               SV_FIELD(several, c, .default_json = "null"));

/* Several body parameters, as a real FastAPI takes them. */
static void test_embedded(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_plan *plan = cases_plan(arena, &several_schema, SV_FIELD_BODY);
    sv_errors errors;
    void *decoded;
    sv_errors_init(&errors, arena);
    assert_int_equal(sv_decode_body(arena, plan, NULL, &errors, &decoded), SV_INVALID);
    assert_string_equal(
        cases_detail(arena, &errors).ptr,
        "[{\"type\":\"missing\",\"loc\":[\"body\",\"a\"],\"msg\":\"Field required\","
        "\"input\":null},{\"type\":\"missing\",\"loc\":[\"body\",\"b\"],\"msg\":\"Field "
        "required\",\"input\":null}]");
    static const char *const rows[][2] = {
        {"null", "missing at a, missing at b, missing at c"},
        {"[1]", "missing at a, missing at b, missing at c"},
        {"{}", "missing at a, missing at b"},
        {"{\"a\":null,\"b\":null}", "model_attributes_type at a, int_type at b"},
        {"{\"a\":{\"x\":\"z\"},\"b\":1,\"c\":2}", "int_parsing at a.x, string_type at c"},
        {"{\"a\":{\"x\":1},\"b\":2,\"z\":1}", "{\"a\":{\"x\":1},\"b\":2,\"c\":null}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(cases_answer(arena, &several_schema, rows[i][0]).ptr, rows[i][1]);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_embedded),
        cmocka_unit_test(test_failing_kinds),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_optional_is_not_nullable),
        cmocka_unit_test(test_hostile_sizes),
        cmocka_unit_test(test_arena_limit_holds),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
