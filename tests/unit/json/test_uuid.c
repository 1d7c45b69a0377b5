/* test_uuid.c: UUIDs as text. What is expected was recorded from pydantic 2.14.3: the printed UUID
 * or the error's text. */
#include "json_cases.h"
#include "json/uuid.h"

static const struct {
    const char *text, *expected;
} rows[] = {
    {"12345678-90ab-cdef-1234-567812345678", "12345678-90ab-cdef-1234-567812345678"},
    {"12345678-90AB-CDEF-1234-567812345678", "12345678-90ab-cdef-1234-567812345678"},
    {"1234567890abcdef1234567812345678", "12345678-90ab-cdef-1234-567812345678"},
    {"{12345678-90ab-cdef-1234-567812345678}", "12345678-90ab-cdef-1234-567812345678"},
    {"urn:uuid:12345678-90ab-cdef-1234-567812345678", "12345678-90ab-cdef-1234-567812345678"},
    {"{1234567890abcdef1234567812345678}", "invalid group count: expected 5, found 1"},
    {"urn:uuid:1234567890abcdef1234567812345678", "invalid group count: expected 5, found 1"},
    {"URN:UUID:12345678-90ab-cdef-1234-567812345678", "invalid character: found `U` at 0"},
    {"", "invalid length: found 0"},
    {"x", "invalid character: found `x` at 0"},
    {"g2345678-90ab-cdef-1234-567812345678", "invalid character: found `g` at 0"},
    {"12345678-90ab-cdef-1234-56781234567",
     "invalid group length in group 4: expected 12, found 11"},
    {"12345678-90ab-cdef-1234-5678123456780",
     "invalid group length in group 4: expected 12, found 13"},
    {"1234567890ab-cdef-1234-567812345678", "invalid group count: expected 5, found 4"},
    {"12345678-1234-5678-12345-67812345678",
     "invalid group length in group 3: expected 4, found 5"},
    {"1234567-81234-5678-1234-567812345678",
     "invalid group length in group 0: expected 8, found 7"},
    {"------------------------------------", "invalid group count: expected 5, found 37"},
    {"----", "invalid group length in group 0: expected 8, found 0"},
    {"1-2-3-4-5", "invalid group length in group 0: expected 8, found 1"},
    {"1234567890abcdef123456781234567", "invalid length: found 31"},
    {"1234567890abcdef12345678123456781", "invalid length: found 33"},
    {"000000000000000000000000000000000000", "invalid group count: expected 5, found 1"},
    {"00000000000000000000000000000000000000", "invalid length: found 38"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "invalid length: found 46"},
    {"{}", "invalid group count: expected 5, found 1"},
    {"{x}", "invalid character: found `x` at 1"},
    {"{-}", "invalid group count: expected 5, found 2"},
    {"{12345678-90ab-cdef-1234-567812345678", "invalid character: found `{` at 0"},
    {"12345678-90ab-cdef-1234-567812345678}", "invalid character: found `}` at 36"},
    {"{g2345678-90ab-cdef-1234-567812345678}", "invalid character: found `g` at 0"},
    {"{0000000000000000000000000000000000}", "invalid character: found `{` at 0"},
    {"urn:uuid:", "invalid group count: expected 5, found 1"},
    {"urn:uuid:x", "invalid character: found `x` at 9"},
    {"urn:uuid:g2345678-90ab-cdef-1234-567812345678", "invalid character: found `g` at 0"},
    {"\xC3\xA9"
     "34567890abcdef1234567812345678",
     "invalid character: found `\xC3\xA9` at 0"},
    {"12345678-90ab-cdef-1234-5678123456\xE2\x82\xAC",
     "invalid character: found `\xE2\x82\xAC` at 34"},
    {"1234567890-bcdef1234567812345678", "invalid group count: expected 5, found 2"},
    {" 12345678-90ab-cdef-1234-567812345678", "invalid character: found ` ` at 0"},
    {"8640\xC4\xB0"
     "0.0",
     "invalid character: found `.` at 7"},
};

static const struct {
    const char *text;
    int version;
} versions[] = {
    {"12345678-1234-1234-8234-567812345678", 1}, {"12345678-1234-4234-bfff-567812345678", 4},
    {"12345678-1234-8234-9234-567812345678", 8}, {"12345678-1234-4234-0234-567812345678", 0},
    {"12345678-1234-4234-c234-567812345678", 0}, {"00000000-0000-0000-0000-000000000000", 0},
};

static void test_rows(void **state)
{
    sv_arena *arena = sv_arena_new(0);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char printed[SV_UUID_TEXT_LEN];
        sv_uuid uuid;
        sv_str text = sv_str_from(rows[i].text), got = {printed, sizeof printed};
        if (sv_uuid_parse(text, &uuid))
            sv_uuid_print(&uuid, printed);
        else
            got = sv_uuid_problem(arena, text);
        assert_string_equal(sv_arena_copy(arena, got).ptr, rows[i].expected);
    }
    sv_arena_free(arena);
}

static void test_versions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        sv_uuid uuid;
        assert_true(sv_uuid_parse(sv_str_from(versions[i].text), &uuid));
        assert_int_equal(sv_uuid_version(&uuid), versions[i].version);
    }
}

static void test_out_of_memory(void **state)
{
    sv_arena *arena = sv_arena_new(1);
    (void)state;
    assert_null(sv_uuid_problem(arena, SV_STR("x")).ptr);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
