/* test_params.c: what a real FastAPI answered to queries and paths, from
 * tests/cases/validation/params.json, and the places of parameters. */
#include "case_schemas.h"
#include "failing_malloc.h"
#include "json_cases.h"
#include "json/encode.h"
#include "json/params.h"

enum { MAX_PARAMS = 16 };

static int hex_value(char digit)
{
    return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}

/* Enough of a URL decoder for the cases; the real one is http/message.c. */
static sv_str unescape(sv_arena *arena, sv_str text, bool plus_is_space)
{
    char *out = sv_arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == '%') {
            byte = (char)(hex_value(text.ptr[i + 1]) << 4 | hex_value(text.ptr[i + 2]));
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        out[len++] = byte;
    }
    return (sv_str){out, len};
}

static void add_query(sv_arena *arena, sv_str query, sv_param *items, size_t *n)
{
    sv_str pair;
    while (sv_str_split(&query, '&', &pair)) {
        if (!pair.len)
            continue;
        size_t equals = sv_str_find(pair, '=');
        items[(*n)++] =
            (sv_param){SV_IN_QUERY, unescape(arena, sv_str_slice(pair, 0, equals), true),
                       unescape(arena, sv_str_slice(pair, equals + 1, pair.len), true)};
    }
}

static void add_path(sv_arena *arena, sv_str path, sv_param *items, size_t *n)
{
    sv_str names[] = {SV_STR("item_id"), SV_STR("size")}, segment;
    path = sv_str_slice(path, sizeof "/path/" - 1, path.len);
    for (size_t i = 0; i < 2 && sv_str_split(&path, '/', &segment); i++)
        items[(*n)++] = (sv_param){SV_IN_PATH, names[i], unescape(arena, segment, false)};
}

static sv_str encode(sv_arena *arena, const sv_plan *plan, const void *decoded)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, 1 << 16);
    sv_writer_init(&writer, &buf);
    /* `name` of the query may be absent and is "" then, which its own limit would refuse */
    sv_plan unlimited = *plan;
    sv_field rows[16];
    sv_plan_field fields[16];
    for (size_t i = 0; i < plan->n_fields; i++) {
        rows[i] = *plan->fields[i].row;
        rows[i].min_len = 0;
        fields[i] = plan->fields[i];
        fields[i].row = &rows[i];
    }
    unlimited.fields = fields;
    assert_int_equal(sv_encode(&unlimited, decoded, &writer, NULL), SV_OK);
    sv_str json = sv_arena_copy(arena, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
    return json;
}

static sv_str answer(sv_arena *arena, sv_str url)
{
    bool is_path = sv_str_starts_with(url, SV_STR("/path/"));
    const sv_plan *plan =
        cases_plan(arena, is_path ? case_path_schema : case_query_schema, SV_FIELD_PARAMS);
    sv_param items[MAX_PARAMS];
    size_t n = 0, question = sv_str_find(url, '?');
    if (is_path)
        add_path(arena, sv_str_slice(url, 0, question), items, &n);
    add_query(arena, sv_str_slice(url, question + 1, url.len), items, &n);
    sv_errors errors;
    void *decoded;
    sv_errors_init(&errors, arena);
    sv_status status = sv_params_decode(arena, plan, &(sv_params){items, n}, &errors, &decoded);
    if (!status)
        return encode(arena, plan, decoded);
    assert_int_equal(status, SV_INVALID);
    return sv_arena_printf(arena, "{\"detail\":%s}", cases_detail(arena, &errors).ptr);
}

static void test_recorded_urls(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0), *scratch = sv_arena_new(0);
    const sv_value *cases = cases_read(arena, "params.json"), *test;
    sv_value_cursor cursor = sv_value_walk(cases);
    size_t n_wrong = 0;
    while (sv_value_next_item(&cursor, &test)) {
        sv_str url = sv_value_str(cases_get(test, "url"));
        sv_str expected = cases_text(scratch, cases_get(test, "answer"));
        n_wrong += !cases_same(url, expected, answer(scratch, url));
        sv_arena_reset(scratch);
    }
    assert_true(sv_value_len(cases) > 40);
    sv_arena_free(scratch);
    sv_arena_free(arena);
    assert_int_equal(n_wrong, 0);
}

struct places {
    int64_t a, b, c;
};
SV_SCHEMA_WITH(places, (.extra = SV_EXTRA_FORBID), SV_FIELD(places, a),
               SV_FIELD(places, b, .in = SV_IN_QUERY), SV_FIELD(places, c, .in = SV_IN_PATH));

static sv_str decode_places(sv_arena *arena, const sv_param *items, size_t n,
                            struct places **ret_places)
{
    sv_errors errors;
    void *decoded = NULL;
    sv_errors_init(&errors, arena);
    const sv_plan *plan = cases_plan(arena, &places_schema, SV_FIELD_PARAMS);
    sv_status status = sv_params_decode(arena, plan, &(sv_params){items, n}, &errors, &decoded);
    assert_int_equal(status, errors.count ? SV_INVALID : SV_OK);
    *ret_places = decoded;
    return cases_detail(arena, &errors);
}

static void test_places(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    struct places *places;
    const sv_param both[] = {{SV_IN_QUERY, SV_STR_INIT("a"), SV_STR_INIT("1")},
                             {SV_IN_PATH, SV_STR_INIT("a"), SV_STR_INIT("2")},
                             {SV_IN_QUERY, SV_STR_INIT("b"), SV_STR_INIT("3")},
                             {SV_IN_PATH, SV_STR_INIT("b"), SV_STR_INIT("4")},
                             {SV_IN_PATH, SV_STR_INIT("c"), SV_STR_INIT("5")}};
    decode_places(arena, both, 5, &places);
    assert_non_null(places);
    assert_int_equal(places->a, 2);
    assert_int_equal(places->b, 3);
    assert_int_equal(places->c, 5);

    const sv_param wrong[] = {{SV_IN_QUERY, SV_STR_INIT("a"), SV_STR_INIT("x")},
                              {SV_IN_QUERY, SV_STR_INIT("z"), SV_STR_INIT("1")},
                              {SV_IN_QUERY, SV_STR_INIT("z"), SV_STR_INIT("2")},
                              {SV_IN_PATH, SV_STR_INIT("c"), SV_STR_INIT("y")}};
    sv_str detail = decode_places(arena, wrong, 4, &places);
    assert_null(places);
    assert_string_equal(
        detail.ptr,
        "[{\"type\":\"int_parsing\",\"loc\":[\"path\",\"c\"],\"msg\":\"Input should be a valid "
        "integer, unable to parse string as an integer\",\"input\":\"y\"},"
        "{\"type\":\"int_parsing\",\"loc\":[\"query\",\"a\"],\"msg\":\"Input should be a valid "
        "integer, unable to parse string as an integer\",\"input\":\"x\"},"
        "{\"type\":\"missing\",\"loc\":[\"query\",\"b\"],\"msg\":\"Field "
        "required\",\"input\":null},"
        "{\"type\":\"extra_forbidden\",\"loc\":[\"query\",\"z\"],\"msg\":\"Extra inputs are not "
        "permitted\",\"input\":\"1\"}]");
    sv_arena_free(arena);
}

enum { MANY = 3000 };

static sv_param many[MANY];

/* More parameters than the arena's first chunk holds. */
static bool decode_with_failures(void *plan)
{
    sv_arena *arena = sv_arena_new(0);
    sv_errors errors;
    void *decoded;
    sv_errors_init(&errors, arena);
    sv_status status = SV_NO_MEMORY;
    if (arena)
        status = sv_params_decode(arena, plan, &(sv_params){many, MANY}, &errors, &decoded);
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    sv_arena_free(arena);
    return status == SV_OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_plan *plan = cases_plan(arena, case_query_schema, SV_FIELD_PARAMS);
    for (size_t i = 0; i < MANY; i++)
        many[i] = (sv_param){SV_IN_QUERY, i ? SV_STR("ids") : SV_STR("count"), SV_STR("1")};
    assert_true(failing_malloc_try_each(decode_with_failures, (void *)(uintptr_t)plan) >= 3);
    sv_arena_free(arena);
}

struct headers {
    int64_t x_token;
    sv_strs x_tags;
    sv_str odd;
    int64_t sess;
    sv_opt_str theme;
    int64_t q;
};
SV_SCHEMA(headers, SV_FIELD(headers, sess, .in = SV_IN_COOKIE),
          SV_FIELD(headers, x_token, .in = SV_IN_HEADER),
          SV_FIELD(headers, x_tags, .in = SV_IN_HEADER, .default_json = "[]"),
          SV_FIELD(headers, odd, .in = SV_IN_HEADER, .alias = "X_Odd", .default_json = "\"d\""),
          SV_FIELD(headers, theme, .in = SV_IN_COOKIE, .min_len = 2, .default_json = "null"),
          SV_FIELD(headers, q, .default_json = "1"));

struct form {
    int64_t n;
    sv_str note;
    sv_strs tags;
    sv_file file;
    sv_files more;
    sv_opt_bytes raw;
};
SV_SCHEMA(form, SV_FIELD(form, n, .in = SV_IN_FORM),
          SV_FIELD(form, note, .in = SV_IN_FORM, .default_json = "\"d\""),
          SV_FIELD(form, tags, .in = SV_IN_FORM, .default_json = "[]"),
          SV_FIELD(form, file, .in = SV_IN_FORM),
          SV_FIELD(form, more, .in = SV_IN_FORM, .default_json = "[]"),
          SV_FIELD(form, raw, .in = SV_IN_FORM, .max_len = 2, .default_json = "null"));

#define HEADER(name, value) {SV_IN_HEADER, SV_STR_INIT(name), SV_STR_INIT(value), NULL}
#define COOKIE(name, value) {SV_IN_COOKIE, SV_STR_INIT(name), SV_STR_INIT(value), NULL}
#define TEXT(name, value) {SV_IN_FORM, SV_STR_INIT(name), SV_STR_INIT(value), NULL}
#define UPLOAD(name, file) {SV_IN_FORM, SV_STR_INIT(name), {NULL, 0}, file}

static const sv_file file_a = {SV_STR_INIT("a.txt"), {NULL, 0}, {(const uint8_t *)"hi", 2}};
static const sv_file file_b = {SV_STR_INIT("b"), {NULL, 0}, {(const uint8_t *)"", 0}};
static const sv_file file_c = {SV_STR_INIT("c"), {NULL, 0}, {(const uint8_t *)"long", 4}};
static const sv_file no_file = {SV_STR_INIT(""), {NULL, 0}, {(const uint8_t *)"", 0}};

/* What is wrong, as "type at place.name"; "" when nothing is. */
static sv_str complain(sv_arena *arena, const sv_schema *schema, const sv_param *items, size_t n,
                       void **ret_struct)
{
    const sv_plan *plan = cases_plan(arena, schema, SV_FIELD_PARAMS);
    const sv_params params = {items, n};
    sv_errors errors;
    sv_errors_init(&errors, arena);
    sv_status status = sv_params_decode(arena, plan, &params, &errors, ret_struct);
    if (!status)
        return SV_STR("");
    assert_int_equal(status, SV_INVALID);
    return cases_detail(arena, &errors);
}

/* As a real FastAPI said it: header before cookie, whatever the order of the rows. */
static void test_headers_and_cookies(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    void *decoded;
    const sv_param good[] = {HEADER("X-Token", "1"),   HEADER("x-token", "2"),
                             HEADER("x-tags", "a, b"), HEADER("X-Tags", "c"),
                             HEADER("x_odd", "z"),     COOKIE("sess", "3"),
                             COOKIE("sess", "4")};
    const sv_param bad[] = {HEADER("x-token", "a"), COOKIE("theme", "")};
    const sv_param underscore[] = {HEADER("x_token", "1"), COOKIE("sess", "1")};
    assert_true(sv_str_eq(complain(arena, &headers_schema, good, 7, &decoded), SV_STR("")));
    const struct headers *headers = decoded;
    assert_true(headers->x_token == 1 && headers->x_tags.len == 2 && headers->sess == 4);
    assert_true(sv_str_eq(headers->x_tags.items[0], SV_STR("a, b")));
    assert_true(sv_str_eq(headers->odd, SV_STR("z")) && !headers->theme.set);
    assert_string_equal(complain(arena, &headers_schema, bad, 2, &decoded).ptr,
                        "[{\"type\":\"int_parsing\",\"loc\":[\"header\",\"x-token\"],\"msg\":"
                        "\"Input should be a valid "
                        "integer, unable to parse string as an "
                        "integer\",\"input\":\"a\"},{\"type\":\"missing\",\"loc\":["
                        "\"cookie\",\"sess\"],\"msg\":\"Field "
                        "required\",\"input\":null},{\"type\":\"string_too_short\","
                        "\"loc\":[\"cookie\",\"theme\"],\"msg\":\"String should have at least 2 "
                        "characters\",\"input\":\"\","
                        "\"ctx\":{\"min_length\":2}}]");
    assert_string_equal(complain(arena, &headers_schema, underscore, 2, &decoded).ptr,
                        "[{\"type\":\"missing\",\"loc\":[\"header\",\"x-token\"],\"msg\":\"Field "
                        "required\",\"input\":null}]");
    sv_arena_free(arena);
}

static void test_forms(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    void *decoded;
    const sv_param good[] = {TEXT("n", "1"),          TEXT("n", "2"),
                             TEXT("note", ""),        TEXT("tags", "a"),
                             TEXT("tags", ""),        UPLOAD("file", &file_b),
                             UPLOAD("file", &file_a), UPLOAD("more", &file_a),
                             UPLOAD("more", &file_b), UPLOAD("raw", &file_a)};
    const sv_param empty[] = {TEXT("n", ""), UPLOAD("file", &file_a), UPLOAD("file", &no_file)};
    const sv_param mixed[] = {TEXT("n", "1"),    UPLOAD("file", &file_a), UPLOAD("more", &file_a),
                              TEXT("more", "t"), UPLOAD("tags", &file_a), UPLOAD("raw", &file_c)};
    const sv_param wrong[] = {UPLOAD("n", &file_a), TEXT("file", "text"), TEXT("more", "t")};
    assert_true(sv_str_eq(complain(arena, &form_schema, good, 10, &decoded), SV_STR("")));
    const struct form *form = decoded;
    assert_true(form->n == 2 && sv_str_eq(form->note, SV_STR("d")) && form->tags.len == 2);
    assert_true(sv_str_eq(form->file.filename, SV_STR("a.txt")) && form->file.content.len == 2);
    assert_true(form->more.len == 2 && sv_str_eq(form->more.items[1].filename, SV_STR("b")));
    assert_true(form->raw.set && form->raw.value.len == 2);
    assert_string_equal(
        complain(arena, &form_schema, empty, 3, &decoded).ptr,
        "[{\"type\":\"missing\",\"loc\":[\"body\",\"n\"],\"msg\":\"Field "
        "required\",\"input\":null},{\"type\":\"missing\",\"loc\":[\"body\",\"file\"],"
        "\"msg\":\"Field required\",\"input\":null}]");
    assert_string_equal(
        complain(arena, &form_schema, wrong, 3, &decoded).ptr,
        "[{\"type\":\"int_type\",\"loc\":[\"body\",\"n\"],\"msg\":\"Input should be a valid "
        "integer\",\"input\":[]},{\"type\":\"value_error\",\"loc\":[\"body\",\"file\"],\"msg\":"
        "\"Value error, "
        "Expected UploadFile, received: <class "
        "'str'>\",\"input\":\"text\",\"ctx\":{\"error\":{}}},{\"type\":"
        "\"value_error\",\"loc\":[\"body\",\"more\",0],\"msg\":\"Value error, Expected UploadFile, "
        "received: "
        "<class 'str'>\",\"input\":\"t\",\"ctx\":{\"error\":{}}}]");
    assert_string_equal(
        complain(arena, &form_schema, mixed, 6, &decoded).ptr,
        "[{\"type\":\"string_type\",\"loc\":[\"body\",\"tags\",0],\"msg\":\"Input should be a "
        "valid "
        "string\",\"input\":[]},{\"type\":\"value_error\",\"loc\":[\"body\",\"more\",1],\"msg\":"
        "\"Value error, Expected UploadFile, received: <class "
        "'str'>\",\"input\":\"t\",\"ctx\":{\"error\":{}}},{\"type\":\"bytes_too_long\",\"loc\":["
        "\"body\",\"raw\"],\"msg\":"
        "\"Data should have at most 2 bytes\",\"input\":\"long\",\"ctx\":{\"max_length\":2}}]");
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers_and_cookies), cmocka_unit_test(test_forms),
        cmocka_unit_test(test_recorded_urls),       cmocka_unit_test(test_places),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
