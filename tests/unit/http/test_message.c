/* test_message.c: the small grammars of HTTP messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/message.h"

static void assert_str(sv_str text, const char *expected)
{
    if (!sv_str_eq(text, sv_str_from(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SV_STR_ARG(text), expected);
}

static void test_methods(void **state)
{
    (void)state;
    static const char *const known[] = {"GET",    "HEAD",    "POST",  "PUT",  "PATCH",
                                        "DELETE", "OPTIONS", "TRACE", "QUERY"};
    static const char *const unknown[] = {"", "get", "GETT", "GE", "PRI", "FOO", "G T"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(sv_message_is_method(sv_str_from(known[i])));
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_false(sv_message_is_method(sv_str_from(unknown[i])));
}

static void test_tokens(void **state)
{
    (void)state;
    static const char others[] = "\"(),/:;<=>?@[\\]{}";
    assert_true(sv_message_is_token(SV_STR("!#$%&'*+-.^_`|~09azAZ")));
    assert_false(sv_message_is_token(SV_STR("")));
    for (int byte = 0; byte < 256; byte++) {
        char text = (char)byte;
        bool is_other = byte <= 0x20 || byte >= 0x7f || strchr(others, byte);
        assert_int_equal(sv_message_is_token((sv_str){&text, 1}), !is_other);
    }
}

static void test_headers(void **state)
{
    (void)state;
    assert_true(sv_message_is_header(SV_STR("X-A"), SV_STR("a\tb \xff")));
    assert_true(sv_message_is_header(SV_STR("X-A"), SV_STR("")));
    assert_false(sv_message_is_header(SV_STR(""), SV_STR("a")));
    assert_false(sv_message_is_header(SV_STR("X A"), SV_STR("a")));
    assert_false(sv_message_is_header(SV_STR("X-A"), SV_STR("a\r\nb: c")));
    assert_false(sv_message_is_header(SV_STR("X-A"), SV_STR("a\nb")));
    assert_false(sv_message_is_header(SV_STR("X-A"), SV_STR("a\0b")));
    assert_false(sv_message_is_header(SV_STR("X-A"), SV_STR("a\x7f")));
    assert_false(sv_message_is_header(SV_STR("X-A"), SV_STR(" a")));
    assert_false(sv_message_is_header(SV_STR("X-A"), SV_STR("a ")));
}

static void test_lists(void **state)
{
    (void)state;
    assert_true(sv_message_list_has(SV_STR("close"), SV_STR("close")));
    assert_true(sv_message_list_has(SV_STR("a ,\tCLOSE , b"), SV_STR("close")));
    assert_false(sv_message_list_has(SV_STR("closed, enclose"), SV_STR("close")));
    assert_false(sv_message_list_has(SV_STR(""), SV_STR("close")));
}

static void test_weights(void **state)
{
    (void)state;
    static const struct {
        const char *parameters;
        int weight;
    } cases[] = {{"", 1000},         {"q=0.5", 500}, {" q=0.25 ", 250},  {"Q=1", 1000},
                 {"q=0", 0},         {"q=0.001", 1}, {"q=1.000", 1000},  {"version=1;q=0.3", 300},
                 {"q=0.3;v=1", 300}, {"q=", -1},     {"q=x", -1},        {"q=1.1", -1},
                 {"q=0.0001", -1},   {"q=-1", -1},   {"quality=0", 1000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (sv_message_weight(sv_str_from(cases[i].parameters)) != cases[i].weight)
            fail_msg("%s", cases[i].parameters);
}

static void test_media(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool is_json, is_taken;
    } rows[] = {
        {"application/json", true, false},
        {"Application/JSON; charset=utf-8", true, false},
        {"application/problem+json", true, false},
        {"+json", false, false},
        {"application/jsonp", false, false},
        {"", false, false},
        {"image/png", false, true},
        {"IMAGE/x", false, true},
        {"image/", false, false},
        {"image", false, false},
        {"application/octet-stream ; x", false, true},
        {"application/octet-streams", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sv_str type = sv_str_from(rows[i].type);
        assert_int_equal(sv_message_is_json(type), rows[i].is_json);
        assert_int_equal(sv_message_media_matches(type, SV_STR("image/, application/octet-stream")),
                         rows[i].is_taken);
    }
    assert_str(sv_message_media_type(SV_STR(" text/plain ; q=1")), "text/plain");
}

static void test_percent(void **state)
{
    (void)state;
    assert_int_equal(sv_message_percent_byte(SV_STR("%2f")), '/');
    assert_int_equal(sv_message_percent_byte(SV_STR("%FFx")), 0xff);
    assert_int_equal(sv_message_percent_byte(SV_STR("%00")), 0);
    assert_int_equal(sv_message_percent_byte(SV_STR("%2")), -1);
    assert_int_equal(sv_message_percent_byte(SV_STR("%g0")), -1);
    assert_int_equal(sv_message_percent_byte(SV_STR("%+1")), -1);
    assert_int_equal(sv_message_percent_byte(SV_STR("abc")), -1);
}

#define FFFD "\xEF\xBF\xBD"

/* What Python's bytes.decode("utf-8", "replace") gives. */
static void test_repair(void **state)
{
    (void)state;
    static const struct {
        const char *broken, *repaired;
    } rows[] = {
        {"plain \xC3\xA9", "plain \xC3\xA9"},
        {"\xFF\xFE", FFFD FFFD},
        {"a\xE2\x82"
         "b",
         "a" FFFD "b"},
        {"\xE2\x82", FFFD},
        {"\xF0\x9F\x98", FFFD},
        {"\xC3\x28", FFFD "("},
        {"\xED\xA0\x80", FFFD FFFD FFFD},
        {"\xE0\x80\x80", FFFD FFFD FFFD},
        {"\xF5\x80", FFFD FFFD},
        {"\x80", FFFD},
        {"\xC0\xAF", FFFD FFFD},
    };
    sv_arena *arena = sv_arena_new(0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_str(sv_message_repair_utf8(arena, sv_str_from(rows[i].broken), SV_MESSAGE_KEEP_NONE),
                   rows[i].repaired);
    assert_str(sv_message_repair_utf8(arena, SV_STR("a\xFF\xFE"), 0xFF), "a\xFF" FFFD);
    sv_arena_free(arena);
}

static void test_pairs(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } expected[] = {{"a", "1"},     {"b", ""},       {"c", "=x"},           {"", "y"},
                    {"d e", "f+g"}, {"h", "%zz%4%"}, {"i", FFFD "\xC3\xA9"}};
    sv_arena *arena = sv_arena_new(0);
    sv_str query = SV_STR("a=1&&b&c==x&=y&d+e=f%2Bg&h=%zz%4%&i=%ff\xC3\xA9&");
    sv_str rest = query, name, value;
    assert_int_equal(sv_message_count_pairs(query), 7);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(sv_message_next_pair(&rest, arena, &name, &value));
        assert_str(name, expected[i].name);
        assert_str(value, expected[i].value);
    }
    assert_false(sv_message_next_pair(&rest, arena, &name, &value));
    assert_int_equal(sv_message_count_pairs(SV_STR("")), 0);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods), cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_headers), cmocka_unit_test(test_lists),
        cmocka_unit_test(test_weights), cmocka_unit_test(test_media),
        cmocka_unit_test(test_percent), cmocka_unit_test(test_repair),
        cmocka_unit_test(test_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
