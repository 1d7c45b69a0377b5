/* test_field.c: every mistake a table can have is found and told, all at once. */
#include <math.h>

#include "json_cases.h"
#include "json/field.h"

enum color { RED };
SV_ENUM(color, {"red", RED});
SV_ENUM(twice, {"a", 1}, {"a", 2});
static const sv_enum empty_enum = {"empty", NULL, 0};

SV_LITERAL_JSON(no_json, {"a", 1});
SV_ENUM_INT(same_number, {"a", 1}, {"b", 1});

struct inner {
    int64_t n;
};
SV_SCHEMA(inner, SV_FIELD(inner, n));

struct row {
    sv_str s;
    int64_t i;
    double d;
    bool b;
    int e;
    char c;
    struct inner o;
    sv_strs ss;
    sv_ints ii;
    SV_LIST(struct inner) oo;
    sv_uuid uuid;
    sv_datetime when;
    sv_decimal price;
    sv_bytes bytes;
    sv_file file;
    SV_MAP(int64_t) map;
    SV_LIST(sv_opt_int) maybes;
    double pair[2];
};

static sv_status check_str(sv_check *check, sv_str *value)
{
    (void)check, (void)value;
    return SV_OK;
}

SV_CHECK_VALUE(sv_uuid, check_uuid);
static sv_status check_uuid(sv_check *check, sv_uuid *value)
{
    (void)check, (void)value;
    return SV_OK;
}

static sv_status check_int(sv_check *check, int64_t *value)
{
    (void)check, (void)value;
    return SV_OK;
}

static sv_status check_double(sv_check *check, double *value)
{
    (void)check, (void)value;
    return SV_OK;
}

static const struct {
    sv_field row;
    const char *mistake; /* NULL: none */
} bodies[] =
    {
        {SV_FIELD(row, s, .min_len = 1, .max_len = 1, .check_str = check_str), NULL},
        {SV_FIELD(row, i, SV_GE(0), SV_LE(0), .check_int = check_int, .default_json = "0"), NULL},
        {SV_FIELD(row, ii, SV_GT(-1), .min_items = 1, .max_items = 1, .check_int = check_int),
         NULL},
        {SV_FIELD(row, ss, .max_item_len = 3, .check_item_str = check_str), NULL},
        {SV_FIELD_OBJECT(row, o, inner, .example_json = "{}"), NULL},
        {SV_FIELD(row, uuid, .uuid_version = 8, .check = check_uuid_check), NULL},
        {SV_FIELD(row, s, .pattern = "a", .strip = true, .format = SV_FORMAT_EMAIL), NULL},
        {SV_FIELD(row, price, .max_digits = 3, SV_DECIMAL_PLACES(1), SV_LE(1.5)), NULL},
        {SV_FIELD(row, bytes, .format = SV_FORMAT_BASE64, .max_len = 3), NULL},
        {SV_FIELD(row, ii, .unique = true, .default_factory = check_uuid_check), NULL},
        {SV_FIELD_MAP(row, map, .max_items = 3, .key = SV_EACH(int64_t, SV_GE(1))), NULL},
        {SV_FIELD_ITEMS(row, ss, .item = SV_EACH(sv_str, .min_len = 1)), NULL},
        {SV_FIELD_ARRAY(row, pair, SV_GE(0)), NULL},
        {SV_FIELD_ITEMS(row, ss, .item = SV_EACH(int64_t)),
         "row.ss: `item` is not about the items of this member\n"},
        {SV_FIELD_MAP(row, map, .key = SV_EACH(double)),
         "row.map: the names of a map are text, integers, enums or UUIDs\n"},
        {SV_FIELD(row, i, .item = SV_EACH(int64_t)),
         "row.i: `item` is for lists, maps and arrays, `key` for maps\n"},
        {SV_FIELD_ITEMS(row, ii, SV_GE(1), .item = SV_EACH(int64_t)),
         "row.ii: bounds are for numbers\n"
         "row.ii: limits and checks of the items belong to their row\n"},
        {SV_FIELD_ITEMS(row, ss, .item = SV_EACH(sv_str, .min_len = 2, .max_len = 1)),
         "row.ss: `max_len` is below `min_len`\n"},
        {SV_FIELD(row, i, SV_MULTIPLE_OF(0)), "row.i: `multiple_of` must be above 0\n"},
        {SV_FIELD(row, i, .pattern = "a"),
         "row.i: `pattern`, `strip`, `lower` and `upper` are for text\n"},
        {SV_FIELD(row, s, .lower = true, .upper = true),
         "row.s: text cannot be both `lower` and `upper`\n"},
        {SV_FIELD(row, s, .format = SV_FORMAT_BASE64), "row.s: the format is for another kind\n"},
        {SV_FIELD(row, s, .format = (sv_text_format)99), "row.s: the format is unknown\n"},
        {SV_FIELD(row, s, .unique = true), "row.s: `unique` is for lists of plain values\n"},
        {SV_FIELD_ITEMS(row, maybes, .unique = true),
         "row.maybes: `unique` is for lists of plain values\n"},
        {SV_FIELD(row, uuid, .moment = SV_PAST), "row.uuid: `moment` and `zone` are for dates\n"},
        {SV_FIELD(row, uuid, .uuid_version = 9),
         "row.uuid: `uuid_version` is for UUIDs, from 1 to 8\n"},
        {SV_FIELD(row, i, .max_digits = 3),
         "row.i: `max_digits` and SV_DECIMAL_PLACES are for decimals\n"},
        {SV_FIELD(row, i, .default_json = "1", .default_factory = check_uuid_check),
         "row.i: a field with a default factory is optional already\n"},
        {SV_FIELD(row, file), "row.file: a file comes from a form only\n"},
        {SV_FIELD_ENUM(row, e, no_json), "row.e: the names of a JSON literal must be JSON\n"},
        {SV_FIELD_ENUM(row, e, same_number),
         "row.e: the enum must have a name and values with different names\n"},
        {{0}, NULL},
        {{.name = "", .kind = SV_KIND_INT, .size = 8}, "row: a field has no name\n"},
        {SV_FIELD_ENUM(row, c, color), "row.c: the type of the member fits no kind of field\n"},
        {{.name = "k", .kind = (sv_kind)99},
         "row.k: the type of the member fits no kind of field\n"},
        {{.name = "l", .kind = SV_KIND_LIST},
         "row.l: the items must be of a kind that is no list, or have a row: `.item`\n"},
        {{.name = "l", .kind = SV_KIND_ARRAY, .size = 16, .item = SV_EACH(int64_t)},
         "row.l: the items must be of a kind that is no list, or have a row: `.item`\n"},
        {{.name = "l", .kind = SV_KIND_LIST, .item_kind = SV_KIND_OBJECT, .item = SV_EACH(int64_t)},
         "row.l: an object needs `schema`, other kinds have none\n"},
        {{.name = "m", .kind = SV_KIND_MAP, .size = 16, .item_kind = SV_KIND_DOUBLE}, NULL},
        {{.name = "m", .kind = SV_KIND_MAP, .size = 16, .item_kind = SV_KIND_INT, .item_size = 8},
         "row.m: `item` is not about the items of this member\n"},
        {{.name = "l", .kind = SV_KIND_LIST, .item_kind = SV_KIND_LIST},
         "row.l: the items must be of a kind that is no list, or have a row: `.item`\n"},
        {{.name = "o", .kind = SV_KIND_OBJECT},
         "row.o: an object needs `schema`, other kinds have none\n"},
        {SV_FIELD(row, i, .schema = &inner_schema),
         "row.i: an object needs `schema`, other kinds have none\n"},
        {{.name = "e", .kind = SV_KIND_ENUM},
         "row.e: an enum needs `enumeration`, other kinds have none\n"},
        {{.name = "i", .kind = SV_KIND_INT, .size = 4}, "row.i: `size` is not that of its kind\n"},
        {{.name = "i", .kind = SV_KIND_INT, .size = 8, .nullable = true},
         "row.i: `size` is not that of its kind\n"},
        {SV_FIELD_ENUM(row, e, twice),
         "row.e: the enum must have a name and values with different names\n"},
        {SV_FIELD_ENUM(row, e, empty),
         "row.e: the enum must have a name and values with different names\n"},
        {SV_FIELD(row, i, .max_len = 1), "row.i: `min_len` and `max_len` are for text and bytes\n"},
        {SV_FIELD(row, s, .max_items = 1),
         "row.s: `min_items` and `max_items` are for lists and maps\n"},
        {SV_FIELD(row, ii, .max_item_len = 1), "row.ii: `max_item_len` is for lists of text\n"},
        {SV_FIELD(row, s, .min_len = 2, .max_len = 1), "row.s: `max_len` is below `min_len`\n"},
        {SV_FIELD(row, ss, .min_items = 2, .max_items = 1),
         "row.ss: `max_items` is below `min_items`\n"},
        {SV_FIELD(row, s, SV_GE(1)), "row.s: bounds are for numbers\n"},
        {SV_FIELD(row, d, SV_GE(NAN)), "row.d: bounds must be finite\n"},
        {SV_FIELD(row, i, SV_GE(0.5)), "row.i: bounds of integers must be whole, at most 2^53\n"},
        {SV_FIELD(row, i, SV_LE(1e17)), "row.i: bounds of integers must be whole, at most 2^53\n"},
        {SV_FIELD(row, d, SV_GT(2), SV_LE(1)), "row.d: the upper bound is below the lower one\n"},
        {SV_FIELD(row, i, .check_str = check_str), "row.i: the custom check is for another kind\n"},
        {SV_FIELD(row, d, .check_int = check_int), "row.d: the custom check is for another kind\n"},
        {SV_FIELD(row, b, .check_double = check_double),
         "row.b: the custom check is for another kind\n"},
        {SV_FIELD(row, s, .check_item_str = check_str),
         "row.s: the custom check is for another kind\n"},
        {SV_FIELD(row, i, .optional = true, .default_json = "1"),
         "row.i: a field with a default is optional already\n"},
        {SV_FIELD(row, s, .default_json = "abc"), "row.s: `default_json` is not JSON\n"},
        {SV_FIELD(row, s, .example_json = "\"abc"), "row.s: `example_json` is not JSON\n"},
        {{.name = "i", .kind = SV_KIND_INT, .size = 8, .offset = sizeof(struct row)},
         "row.i: the member lies outside the struct\n"},
        {SV_FIELD(row, i, .max_len = 1, .default_json = "x"),
         "row.i: `min_len` and `max_len` are for text and bytes\nrow.i: `default_json` is not "
         "JSON\n"},
},
  params[] = {
      {SV_FIELD(row, ss), NULL},
      {SV_FIELD(row, i, .in = SV_IN_PATH), NULL},
      {SV_FIELD(row, file, .in = SV_IN_FORM), NULL},
      {SV_FIELD(row, file, .in = SV_IN_QUERY), "row.file: a file comes from a form only\n"},
      {SV_FIELD_MAP(row, map), "row.map: a parameter cannot be an object\n"},
      {SV_FIELD_OBJECT(row, o, inner), "row.o: a parameter cannot be an object\n"},
      {SV_FIELD_LIST(row, oo, inner), "row.oo: a parameter cannot be an object\n"},
      {SV_FIELD(row, ss, .in = SV_IN_PATH), "row.ss: a path parameter cannot be a list\n"},
      {SV_FIELD(row, i, .in = SV_IN_PATH, .default_json = "1"),
       "row.i: a path parameter is always there: no default, not optional\n"},
};

static void check_one(const sv_field *row, sv_field_use use, const char *mistake)
{
    const sv_schema schema = {.name = "row", .size = sizeof(struct row), row, 1};
    sv_buf mistakes;
    sv_buf_init(&mistakes, 4096);
    sv_status status = sv_field_check(&schema, use, &mistakes);
    sv_buf_append_byte(&mistakes, '\0');
    assert_string_equal(mistakes.ptr, mistake ? mistake : "");
    assert_int_equal(status, mistake ? SV_INVALID : SV_OK);
    sv_buf_deinit(&mistakes);
}

/* Items whose row is their own. */
static const sv_field circle = {.name = "item",
                                .size = sizeof(sv_ints),
                                .kind = SV_KIND_LIST,
                                .item_size = sizeof(sv_ints),
                                .item = &circle};

static void test_a_circle_of_items(void **state)
{
    (void)state;
    check_one(&circle, SV_FIELD_BODY,
              "row.item: rows of items stand in each other too deeply, or in a circle\n");
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        check_one(&bodies[i].row, SV_FIELD_BODY, bodies[i].mistake);
    for (size_t i = 0; i < sizeof params / sizeof *params; i++)
        check_one(&params[i].row, SV_FIELD_PARAMS, params[i].mistake);
}

static void test_schemas(void **state)
{
    (void)state;
    const sv_field same[] = {SV_FIELD(row, i), SV_FIELD(row, d), SV_FIELD(row, i)};
    const sv_schema repeated = {.name = "row", .size = sizeof(struct row), same, 3};
    const sv_schema nameless = {.n_fields = 1};
    sv_buf mistakes;
    sv_buf_init(&mistakes, 4096);
    assert_int_equal(sv_field_check(&repeated, SV_FIELD_BODY, &mistakes), SV_INVALID);
    assert_int_equal(sv_field_check(&nameless, SV_FIELD_BODY, &mistakes), SV_INVALID);
    sv_buf_append_byte(&mistakes, '\0');
    assert_string_equal(mistakes.ptr, "row.i: another field has this name\n"
                                      "schema: the schema has no name\nschema: `size` is 0\n"
                                      "schema: `fields` is NULL\n");
    sv_buf_deinit(&mistakes);
    sv_buf_init(&mistakes, 8);
    assert_int_equal(sv_field_check(&repeated, SV_FIELD_BODY, &mistakes), SV_TOO_LARGE);
    sv_buf_deinit(&mistakes);
    assert_int_equal(sv_field_check(&sv_none_schema, SV_FIELD_BODY, &mistakes), SV_OK);
}

struct odd {
    int kind;
    int64_t a, b;
    sv_extras rest, more;
};
static const sv_field odd_extras[] = {SV_FIELD_EXTRAS(odd, rest), SV_FIELD_EXTRAS(odd, more)};
static const sv_field odd_variants[] = {SV_VARIANT(odd, a, 1), SV_VARIANT(odd, a, 1),
                                        SV_VARIANT(odd, a, 2, .default_json = "1")};
static const sv_field odd_pair[] = {SV_FIELD(odd, a), SV_FIELD(odd, a, .alias = "b")};
static const sv_field odd_names[] = {SV_FIELD(odd, a), SV_FIELD(odd, b, .alias = "a")};

static const struct {
    sv_schema schema;
    const char *mistakes;
} schemas[] = {
    {{.fields = odd_extras, .n_fields = 2},
     "odd: unknown members are kept twice\n"
     "odd: unknown members are kept, but `extra` does not allow them\n"},
    {{.fields = odd_extras, .n_fields = 1, .extra = SV_EXTRA_ALLOW}, ""},
    {{.fields = odd_variants, .n_fields = 3, .shape = SV_SHAPE_UNION},
     "odd: two variants have the same `variant`\n"
     "odd: a variant cannot be absent: no default, not optional\n"},
    {{.shape = SV_SHAPE_UNION, .fields = odd_pair}, "odd: a union has no variants\n"},
    {{.fields = odd_pair, .n_fields = 2, .shape = SV_SHAPE_ROOT}, "odd: a root has one field\n"},
    {{.fields = odd_pair, .n_fields = 2, .shape = (sv_schema_shape)9},
     "odd: the shape is unknown\n"},
    {{.fields = odd_pair, .n_fields = 2, .discriminator = "a"},
     "odd: a discriminator is for unions\n"},
    {{.fields = odd_names, .n_fields = 2}, "odd.b: another field has this name\n"},
};

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        sv_schema schema = schemas[i].schema;
        schema.name = "odd";
        schema.size = sizeof(struct odd);
        sv_buf mistakes;
        sv_buf_init(&mistakes, 4096);
        sv_status status = sv_field_check(&schema, SV_FIELD_BODY, &mistakes);
        sv_buf_append_byte(&mistakes, '\0');
        assert_string_equal(mistakes.ptr, schemas[i].mistakes);
        assert_int_equal(status, schemas[i].mistakes[0] ? SV_INVALID : SV_OK);
        sv_buf_deinit(&mistakes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_a_circle_of_items),
        cmocka_unit_test(test_schemas),
        cmocka_unit_test(test_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
