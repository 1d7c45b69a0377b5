/* test_json_schema.c: components and parameters are those that FastAPI wrote into its OpenAPI
 * document, from tests/cases/validation/openapi.json, byte by byte. */
#include <string.h>

#include "case_schemas.h"
#include "json_cases.h"
#include "json/json_schema.h"

/* Components that FastAPI splits in two (X-Input, X-Output) because they contain themselves, or a
 * decimal, which is a number or text on the way in: here they are one, which says both. */
static bool is_split(const char *name)
{
    static const char *const names[] = {
        "node",
        "tree",
        "k_decimal",
        "k_decimal_limits",
        "k_decimal_multiple",
        "k_strict_decimal",
        "k_parts",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static sv_str components(sv_arena *arena)
{
    sv_json_schema_set *set = sv_json_schema_set_new(arena);
    assert_int_equal(sv_json_schema_add_validation_error(set, NULL), SV_OK);
    for (size_t i = 0; case_schemas[i]; i++)
        if (!is_split(case_schemas[i]->name))
            assert_int_equal(sv_json_schema_add(set, case_schemas[i], NULL), SV_OK);
    for (size_t i = 0; kind_schemas[i]; i++)
        if (!is_split(kind_schemas[i]->name))
            assert_int_equal(sv_json_schema_add(set, kind_schemas[i], NULL), SV_OK);
    assert_int_equal(sv_json_schema_add_params(set, case_query_schema, NULL), SV_OK);
    assert_int_equal(sv_json_schema_add_params(set, case_path_schema, NULL), SV_OK);
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, 1 << 20);
    sv_writer_init(&writer, &buf);
    sv_json_schema_write_components(set, &writer);
    sv_str json = sv_arena_copy(arena, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
    return json;
}

static void test_components(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_value *expected = cases_get(cases_read(arena, "openapi.json"), "schemas"), *component;
    const sv_value *actual = cases_parse(arena, components(arena).ptr);
    sv_value_cursor cursor = sv_value_walk(expected);
    sv_str name;
    size_t n_wrong = 0;
    while (sv_value_next_member(&cursor, &name, &component)) {
        const sv_value *ours = sv_value_get(actual, name);
        sv_str text = ours ? cases_text(arena, ours) : SV_STR("absent");
        n_wrong += !cases_same(name, cases_text(arena, component), text);
    }
    assert_int_equal(n_wrong, 0);
    assert_true(sv_value_len(actual) == sv_value_len(expected));
    sv_arena_free(arena);
}

/* One component as it is written. */
static sv_str describe(sv_arena *arena, const sv_schema *schema)
{
    sv_json_schema_set *set = sv_json_schema_set_new(arena);
    assert_int_equal(sv_json_schema_add(set, schema, NULL), SV_OK);
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, 1 << 16);
    sv_writer_init(&writer, &buf);
    sv_json_schema_write_components(set, &writer);
    sv_str json = sv_arena_copy(arena, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
    return json;
}

struct money {
    sv_decimal price;
    sv_opt_decimal discount;
};
SV_SCHEMA(money, SV_FIELD(money, price, SV_GE(0)), SV_FIELD(money, discount));

struct loop;
struct loop {
    int kind;
    union {
        int64_t number;
        SV_LIST(struct loop) list;
    } as;
};
SV_SCHEMA_DECLARE(loop);
SV_UNION(loop, kind, (.help = NULL), SV_VARIANT(loop, as.number, 0),
         SV_FIELD_LIST(loop, as.list, loop, .variant = 1));

struct upload {
    int64_t n;
    sv_str note;
    sv_file file;
    sv_files more;
};
SV_SCHEMA(upload, SV_FIELD(upload, n, .in = SV_IN_QUERY), SV_FIELD(upload, note, .in = SV_IN_FORM),
          SV_FIELD(upload, file, .in = SV_IN_FORM),
          SV_FIELD(upload, more, .in = SV_IN_FORM, .optional = true));

static void test_own_shapes(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    assert_string_equal(
        describe(arena, &money_schema).ptr,
        "{\"money\":{\"properties\":{\"price\":{\"anyOf\":[{\"type\":\"number\",\"minimum\":0.0},"
        "{\"type\":\"string\"}],\"title\":\"Price\"},\"discount\":{\"anyOf\":[{\"type\":\"number\"}"
        ","
        "{\"type\":\"string\"},{\"type\":\"null\"}],\"title\":\"Discount\"}},\"type\":\"object\","
        "\"required\":[\"price\",\"discount\"],\"title\":\"money\"}}");
    assert_true(describe(arena, &loop_schema).len < 4096); /* it contains itself, and ends */
    sv_arena_free(arena);
}

static void test_forms(void **state)
{
    (void)state;
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, 1 << 16);
    sv_writer_init(&writer, &buf);
    sv_json_schema_write_form(&writer, &upload_schema, "Body_upload");
    sv_buf_append_byte(&buf, '\0');
    assert_string_equal(
        buf.ptr,
        "{\"properties\":{\"note\":{\"type\":\"string\",\"title\":\"Note\"},\"file\":{\"type\":"
        "\"string\",\"contentMediaType\":\"application/"
        "octet-stream\",\"title\":\"File\"},\"more\":{"
        "\"items\":{\"type\":\"string\",\"contentMediaType\":\"application/"
        "octet-stream\"},\"type\":"
        "\"array\",\"title\":\"More\"}},\"type\":\"object\",\"required\":[\"note\",\"file\"],"
        "\"title\":\"Body_upload\"}");
    sv_buf_deinit(&buf);
}

static const sv_field *find_row(const sv_schema *schema, sv_str name)
{
    for (size_t i = 0; i < schema->n_fields; i++)
        if (sv_str_eq(sv_str_from(schema->fields[i].name), name))
            return &schema->fields[i];
    fail_msg("no field %.*s", SV_STR_ARG(name));
    return NULL;
}

/* FastAPI orders these members otherwise: each must be there with the same value. */
static void assert_same_members(sv_arena *arena, const sv_value *expected, const sv_value *actual)
{
    sv_value_cursor cursor = sv_value_walk(expected);
    sv_str name;
    const sv_value *value;
    while (sv_value_next_member(&cursor, &name, &value)) {
        const sv_value *ours = sv_value_get(actual, name);
        assert_non_null(ours);
        assert_string_equal(cases_text(arena, ours).ptr, cases_text(arena, value).ptr);
    }
    assert_int_equal(sv_value_len(actual), sv_value_len(expected));
}

static void check_params(sv_arena *arena, const sv_value *params, const sv_schema *schema)
{
    sv_value_cursor cursor = sv_value_walk(params);
    const sv_value *param;
    while (sv_value_next_item(&cursor, &param)) {
        sv_buf buf;
        sv_writer writer;
        sv_buf_init(&buf, 1 << 16);
        sv_writer_init(&writer, &buf);
        sv_json_schema_write_param(&writer,
                                   find_row(schema, sv_value_str(cases_get(param, "name"))));
        sv_str json = sv_arena_copy(arena, sv_buf_str(&buf));
        sv_buf_deinit(&buf);
        assert_same_members(arena, cases_get(param, "schema"), cases_parse(arena, json.ptr));
    }
}

static void test_params(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_value *recorded = cases_read(arena, "openapi.json");
    check_params(arena, cases_get(recorded, "query"), case_query_schema);
    check_params(arena, cases_get(recorded, "path"), case_path_schema);
    sv_arena_free(arena);
}

struct twin {
    int64_t n;
};
SV_SCHEMA(twin, SV_FIELD(twin, n));
static const sv_schema other_twin = {.name = "other", .component = "twin", .size = 8};
static const sv_schema renamed_twin = {.name = "twin", .component = "twin_2", .size = 8};

static void test_names_are_unique(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_json_schema_set *set = sv_json_schema_set_new(arena);
    sv_error error = {0};
    assert_int_equal(sv_json_schema_add(set, &twin_schema, &error), SV_OK);
    assert_int_equal(sv_json_schema_add(set, &twin_schema, &error), SV_OK);
    assert_int_equal(sv_json_schema_add(set, &renamed_twin, &error), SV_OK);
    assert_int_equal(sv_json_schema_add(set, &other_twin, &error), SV_INVALID);
    assert_string_equal(error.message,
                        "two different schemas are called twin in the OpenAPI document");
    assert_int_equal(sv_json_schema_add_json(set, "twin", "{}", &error), SV_INVALID);
    sv_arena_free(arena);
}

static void test_titles(void **state)
{
    (void)state;
    static const char *const titles[][2] = {
        {"model_version", "\"Model Version\""},
        {"top_k", "\"Top K\""},
        {"HTTPStatus2go", "\"Httpstatus2Go\""},
        {"_private_", "\"Private\""},
        {"x", "\"X\""},
        {"a__b", "\"A  B\""},
        {"x-token", "\"X-Token\""},
    };
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        sv_buf buf;
        sv_writer writer;
        sv_buf_init(&buf, 256);
        sv_writer_init(&writer, &buf);
        sv_json_schema_write_title(&writer, sv_str_from(titles[i][0]));
        assert_true(sv_str_eq(sv_buf_str(&buf), sv_str_from(titles[i][1])));
        sv_buf_deinit(&buf);
    }
}

static sv_status collect_within(size_t limit)
{
    sv_arena *arena = sv_arena_new(limit);
    assert_non_null(arena);
    sv_json_schema_set *set = sv_json_schema_set_new(arena);
    sv_status status = set ? sv_json_schema_add_validation_error(set, NULL) : SV_NO_MEMORY;
    for (size_t i = 0; case_schemas[i] && !status; i++)
        status = sv_json_schema_add(set, case_schemas[i], NULL);
    sv_arena_free(arena);
    return status;
}

static void test_too_little_memory(void **state)
{
    (void)state;
    size_t limit = 1;
    sv_status status;
    while ((status = collect_within(limit)) == SV_NO_MEMORY)
        limit += 64;
    assert_int_equal(status, SV_OK);
    assert_true(limit > 512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_components),
        cmocka_unit_test(test_own_shapes),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_titles),
        cmocka_unit_test(test_too_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
