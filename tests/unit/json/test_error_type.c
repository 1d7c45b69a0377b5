/* test_error_type.c: names, and messages with their values filled in. */
#include "json_cases.h"
#include "json/error_type.h"

#define OF_INT(n) {.kind = SV_CONTEXT_INT, .integer = (n)}
#define OF_DOUBLE(n) {.kind = SV_CONTEXT_DOUBLE, .number = (n)}
#define OF_TEXT(t) {.kind = SV_CONTEXT_TEXT, .text = SV_STR_INIT(t)}

static const struct {
    sv_error_type type;
    sv_context context[SV_ERROR_TYPE_MAX_VALUES];
    const char *name, *message;
} rows[] = {
    {SV_ERROR_TYPE_MISSING, {{0}}, "missing", "Field required"},
    {SV_ERROR_TYPE_STRING_TOO_SHORT,
     {OF_INT(1)},
     "string_too_short",
     "String should have at least 1 character"},
    {SV_ERROR_TYPE_STRING_TOO_LONG,
     {OF_INT(0)},
     "string_too_long",
     "String should have at most 0 characters"},
    {SV_ERROR_TYPE_TOO_LONG,
     {OF_TEXT("List"), OF_INT(1), OF_INT(2)},
     "too_long",
     "List should have at most 1 item after validation, not 2"},
    {SV_ERROR_TYPE_TOO_SHORT,
     {OF_TEXT("List"), OF_INT(2), OF_INT(1)},
     "too_short",
     "List should have at least 2 items after validation, not 1"},
    {SV_ERROR_TYPE_TOO_LONG,
     {OF_TEXT("Set"), OF_INT(2), {.kind = SV_CONTEXT_NULL}},
     "too_long",
     "Set should have at most 2 items after validation, not more"},
    {SV_ERROR_TYPE_UNION_TAG_INVALID,
     {OF_TEXT("'kind'"), OF_TEXT("cow"), OF_TEXT("'cat', 'dog'")},
     "union_tag_invalid",
     "Input tag 'cow' found using 'kind' does not match any of the expected tags: 'cat', 'dog'"},
    {SV_ERROR_TYPE_BYTES_TOO_SHORT,
     {OF_INT(1)},
     "bytes_too_short",
     "Data should have at least 1 byte"},
    {SV_ERROR_TYPE_DECIMAL_MAX_PLACES,
     {OF_INT(2)},
     "decimal_max_places",
     "Decimal input should have no more than 2 decimal places"},
    {SV_ERROR_TYPE_BASE64_DECODE,
     {OF_TEXT("Incorrect padding")},
     "base64_decode",
     "Base64 decoding error: 'Incorrect padding'"},
    {SV_ERROR_TYPE_JSON_TEXT_INVALID, {OF_TEXT("x")}, "json_invalid", "Invalid JSON: x"},
    {SV_ERROR_TYPE_LESS_THAN_EQUAL,
     {OF_DOUBLE(1)},
     "less_than_equal",
     "Input should be less than or equal to 1"},
    {SV_ERROR_TYPE_LESS_THAN, {OF_DOUBLE(-1.5)}, "less_than", "Input should be less than -1.5"},
    {SV_ERROR_TYPE_GREATER_THAN,
     {OF_DOUBLE(1e-7)},
     "greater_than",
     "Input should be greater than 0.0000001"},
    {SV_ERROR_TYPE_GREATER_THAN,
     {OF_DOUBLE(-1.25e-9)},
     "greater_than",
     "Input should be greater than -0.00000000125"},
    {SV_ERROR_TYPE_GREATER_THAN,
     {OF_DOUBLE(1e23)},
     "greater_than",
     "Input should be greater than 100000000000000000000000"},
    {SV_ERROR_TYPE_GREATER_THAN,
     {OF_DOUBLE(1.5e16)},
     "greater_than",
     "Input should be greater than 15000000000000000"},
    {SV_ERROR_TYPE_GREATER_THAN,
     {OF_DOUBLE(-0.0)},
     "greater_than",
     "Input should be greater than -0"},
    {SV_ERROR_TYPE_GREATER_THAN_EQUAL,
     {OF_INT(-4096)},
     "greater_than_equal",
     "Input should be greater than or equal to -4096"},
    {SV_ERROR_TYPE_ENUM, {OF_TEXT("'a' or 'b'")}, "enum", "Input should be 'a' or 'b'"},
    {SV_ERROR_TYPE_JSON_INVALID, {OF_TEXT("Extra data")}, "json_invalid", "JSON decode error"},
    {SV_ERROR_TYPE_VALUE_ERROR,
     {{.kind = SV_CONTEXT_ERROR, .text = SV_STR_INIT("{0} no")}},
     "value_error",
     "Value error, {0} no"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_buf buf;
        sv_buf_init(&buf, 1024);
        assert_string_equal(sv_error_type_get(rows[i].type)->name, rows[i].name);
        sv_error_type_append_message(&buf, rows[i].type, rows[i].context);
        sv_buf_append_byte(&buf, '\0');
        assert_string_equal(buf.ptr, rows[i].message);
        sv_buf_deinit(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
