/* test_json_type.c: single rows as JSON Schema. Whole components, as FastAPI writes them:
 * test_json_schema.c. */
#include "json_cases.h"
#include "json/json_type.h"

SV_LITERAL_JSON(numbers, {"1", 0}, {"2.5", 1});
SV_LITERAL_JSON(same, {"1", 0}, {"2", 1});
SV_LITERAL_JSON(yes, {"true", 0});
SV_ENUM_INT(size, {"small", 1}, {"big", 2});

struct pair {
    int64_t a;
    sv_opt_str b;
};
SV_SCHEMA_WITH(pair, (.shape = SV_SHAPE_TUPLE), SV_FIELD(pair, a), SV_FIELD(pair, b));

struct row {
    sv_str text;
    sv_opt_int maybe;
    int choice;
    sv_uuid uuid;
    struct pair pair, *maybe_pair;
    SV_MAP(sv_json) anything;
    SV_MAP(int64_t) counts;
    sv_date days[2];
    sv_json json;
    sv_bytes bytes;
};

static const struct {
    sv_field row;
    const char *type;
} rows[] = {
    {SV_FIELD(row, text, .min_len = 1, .max_len = 2, .pattern = "a"),
     "{\"type\":\"string\",\"maxLength\":2,\"minLength\":1,\"pattern\":\"a\"}"},
    {SV_FIELD(row, text, .format = SV_FORMAT_HTTP_URL),
     "{\"type\":\"string\",\"maxLength\":2083,\"minLength\":1,\"format\":\"uri\"}"},
    {SV_FIELD(row, maybe, SV_MULTIPLE_OF(2)),
     "{\"anyOf\":[{\"type\":\"integer\",\"multipleOf\":2.0},{\"type\":\"null\"}]}"},
    {SV_FIELD(row, maybe, .optional = true), "{\"type\":\"integer\"}"},
    {SV_FIELD_ENUM(row, choice, numbers), "{\"enum\":[1,2.5]}"},
    {SV_FIELD_ENUM(row, choice, same), "{\"type\":\"integer\",\"enum\":[1,2]}"},
    {SV_FIELD_ENUM(row, choice, yes), "{\"type\":\"boolean\",\"const\":true}"},
    {SV_FIELD_ENUM(row, choice, size), "{\"$ref\":\"#/components/schemas/size\"}"},
    {SV_FIELD(row, uuid), "{\"type\":\"string\",\"format\":\"uuid\"}"},
    {SV_FIELD(row, uuid, .uuid_version = 7), "{\"type\":\"string\",\"format\":\"uuid7\"}"},
    {SV_FIELD_OBJECT(row, pair, pair), "{\"prefixItems\":[{\"type\":\"integer\"},{\"anyOf\":[{"
                                       "\"type\":\"string\"},{\"type\":\"null\"}]}],"
                                       "\"type\":\"array\",\"maxItems\":2,\"minItems\":2}"},
    {SV_FIELD_OBJECT(row, maybe_pair, pair),
     "{\"anyOf\":[{\"prefixItems\":[{\"type\":\"integer\"},{\"anyOf\":[{\"type\":\"string\"},{"
     "\"type\":"
     "\"null\"}]}],\"type\":\"array\",\"maxItems\":2,\"minItems\":2},{\"type\":\"null\"}]}"},
    {SV_FIELD_MAP(row, anything), "{\"additionalProperties\":true,\"type\":\"object\"}"},
    {SV_FIELD_MAP(row, counts, .min_items = 1, .key = SV_EACH(sv_str, .min_len = 2)),
     "{\"additionalProperties\":{\"type\":\"integer\"},\"propertyNames\":{\"minLength\":2},"
     "\"type\":\"object\",\"minProperties\":1}"},
    {SV_FIELD_ARRAY(row, days), "{\"prefixItems\":[{\"type\":\"string\",\"format\":\"date\"},{"
                                "\"type\":\"string\",\"format\":\"date\"}],"
                                "\"type\":\"array\",\"maxItems\":2,\"minItems\":2}"},
    {SV_FIELD(row, json), "{}"},
    {SV_FIELD(row, bytes, .format = SV_FORMAT_BASE64),
     "{\"type\":\"string\",\"format\":\"base64\",\"contentMediaType\":\"application/"
     "octet-stream\"}"},
};

static void test_rows(void **state)
{
    (void)state;
    size_t n_wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_buf buf;
        sv_writer writer;
        sv_buf_init(&buf, 4096);
        sv_writer_init(&writer, &buf);
        sv_writer_begin_object(&writer);
        sv_json_type_write(&writer, &rows[i].row, SV_JSON_TYPE_AT_PROPERTY);
        sv_writer_end_object(&writer);
        n_wrong +=
            !cases_same(sv_str_from(rows[i].row.name), sv_str_from(rows[i].type), sv_buf_str(&buf));
        sv_buf_deinit(&buf);
    }
    assert_int_equal(n_wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
