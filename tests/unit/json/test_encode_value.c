/* test_encode_value.c: values without parts that a handler filled in: as JSON, or refused. */
#include <string.h>

#include "json_cases.h"

SV_LITERAL_JSON(mixed, {"\"a\"", 0}, {"null", 1});
SV_ENUM_INT(size, {"small", 1});

struct all {
    sv_str text;
    sv_date date;
    sv_time time;
    sv_datetime datetime;
    sv_duration duration;
    sv_uuid uuid;
    sv_bytes bytes, base64;
    sv_decimal decimal;
    sv_json json;
    int choice, number;
};
SV_SCHEMA(all, SV_FIELD(all, text, .pattern = "^a"), SV_FIELD(all, date), SV_FIELD(all, time),
          SV_FIELD(all, datetime, .zone = SV_AWARE), SV_FIELD(all, duration),
          SV_FIELD(all, uuid, .uuid_version = 4), SV_FIELD(all, bytes, .max_len = 3),
          SV_FIELD(all, base64, .format = SV_FORMAT_BASE64), SV_FIELD(all, decimal, SV_LE(9)),
          SV_FIELD(all, json), SV_FIELD_ENUM(all, choice, mixed), SV_FIELD_ENUM(all, number, size));

static struct all good(void)
{
    return (struct all){
        .text = SV_STR("aé"),
        .date = {2024, 5, 6},
        .time = {.hour = 7},
        .datetime = {{2024, 5, 6}, {.hour = 7, .has_offset = true}},
        .duration = {1, 2, 3},
        .uuid = {{0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x46, 0x78, 0x92, 0x34}},
        .bytes = {(const uint8_t *)"abc", 3},
        .base64 = {(const uint8_t *)"\xFF\x00", 2},
        .decimal = {SV_STR("1.50")},
        .json = {SV_STR("{\"a\": [1]}")},
        .choice = 1,
        .number = 1,
    };
}

static void test_good(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    struct all value = good();
    assert_string_equal(cases_encode(arena, &all_schema, &value).ptr,
                        "{\"text\":\"aé\",\"date\":\"2024-05-06\",\"time\":\"07:00:00\","
                        "\"datetime\":\"2024-05-06T07:00:00Z\","
                        "\"duration\":\"P1DT2.000003S\",\"uuid\":\"12345678-1234-4678-9234-"
                        "000000000000\",\"bytes\":\"abc\","
                        "\"base64\":\"/wA=\",\"decimal\":\"1.50\",\"json\":{\"a\": "
                        "[1]},\"choice\":null,\"number\":1}");
    value.json.text = (sv_str){0};
    value.base64.len = 0;
    sv_str text = cases_encode(arena, &all_schema, &value);
    assert_non_null(strstr(text.ptr, "\"base64\":\"\",\"decimal\":\"1.50\",\"json\":null,"));
    sv_arena_free(arena);
}

static void expect(const struct all *value, const char *refusal)
{
    sv_arena *arena = sv_arena_new(0);
    assert_string_equal(cases_encode(arena, &all_schema, value).ptr, refusal);
    sv_arena_free(arena);
}

static void test_refused_texts(void **state)
{
    (void)state;
    struct all value = good();
    value.text = SV_STR("b");
    expect(&value, "text: String should match pattern '^a'");
    value.text = SV_STR("a\xFF");
    expect(&value, "text: the text is not UTF-8");
    value = good();
    value.bytes.len = 4;
    value.bytes.ptr = (const uint8_t *)"abcd";
    expect(&value, "bytes: Data should have at most 3 bytes");
    value.bytes = (sv_bytes){(const uint8_t *)"\xFF", 1};
    expect(&value, "bytes: the bytes are not UTF-8; send them as base64");
    value = good();
    value.decimal.text = SV_STR("x");
    expect(&value, "decimal: the text is no decimal number");
    value.decimal.text = SV_STR("10");
    expect(&value, "decimal: Input should be less than or equal to 9");
    value = good();
    value.json.text = SV_STR("{");
    expect(&value, "json: the text is not JSON");
}

static void test_refused_moments(void **state)
{
    (void)state;
    struct all value = good();
    value.date.month = 13;
    expect(&value, "date: there is no such date");
    value = good();
    value.time.hour = 24;
    expect(&value, "time: there is no such time");
    value = good();
    value.datetime.time.has_offset = false;
    expect(&value, "datetime: Input should have timezone info");
    value = good();
    value.duration.seconds = 86400;
    expect(&value, "duration: the duration is not in its normal form");
}

static void test_refused_choices(void **state)
{
    (void)state;
    struct all value = good();
    value.uuid.bytes[6] = 0x16;
    expect(&value, "uuid: UUID version 4 expected");
    value = good();
    value.choice = 2;
    expect(&value, "choice: Input should be 'a' or None");
    value = good();
    value.number = 0;
    expect(&value, "number: Input should be 1");
}

/* A decimal of more digits than fit on the stack. */
static void test_long_decimal(void **state)
{
    (void)state;
    char digits[2001] = "0.";
    memset(digits + 2, '5', 1998);
    struct all value = good();
    value.decimal.text = (sv_str){digits, 2000};
    sv_arena *arena = sv_arena_new(0);
    sv_str text = cases_encode(arena, &all_schema, &value);
    assert_non_null(strstr(text.ptr, "\"decimal\":\"0.5555"));
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_refused_texts),
        cmocka_unit_test(test_refused_moments),
        cmocka_unit_test(test_refused_choices),
        cmocka_unit_test(test_long_decimal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
