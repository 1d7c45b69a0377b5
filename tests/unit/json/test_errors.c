/* test_errors.c: the list of errors: at most a hundred, long inputs cut, always JSON. */
#include <stdlib.h>
#include <string.h>

#include "failing_malloc.h"
#include "json_cases.h"

static const sv_loc body = {.name = SV_STR_INIT("body")};

static void test_empty(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_errors errors;
    sv_errors_init(&errors, arena);
    assert_int_equal(errors.status, SV_OK);
    assert_int_equal(sv_arena_used(arena), 0);
    assert_string_equal(cases_detail(arena, &errors).ptr, "[]");
    sv_arena_free(arena);
}

static void test_entry(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_loc list = {.parent = &body, .name = SV_STR_INIT("l")};
    const sv_loc item = {.parent = &list, .index = 3};
    const sv_context context[] = {{.kind = SV_CONTEXT_INT, .integer = 4}};
    sv_errors errors;
    sv_errors_init(&errors, arena);
    sv_input input = {.value = cases_parse(arena, "\"abcde\"")};
    sv_errors_add(&errors, SV_ERROR_TYPE_STRING_TOO_LONG, &item, input, context);
    assert_int_equal(errors.status, SV_INVALID);
    assert_string_equal(cases_detail(arena, &errors).ptr,
                        "[{\"type\":\"string_too_long\",\"loc\":[\"body\",\"l\",3],"
                        "\"msg\":\"String should have at most 4 characters\",\"input\":\"abcde\","
                        "\"ctx\":{\"max_length\":4}}]");
    sv_errors_view view = sv_errors_get(&errors, 0);
    assert_int_equal(view.type, SV_ERROR_TYPE_STRING_TOO_LONG);
    assert_string_equal(view.path.ptr, "l.3");
    assert_string_equal(view.message.ptr, "String should have at most 4 characters");
    assert_ptr_equal(view.value, input.value);
    assert_true(sv_errors_names(&errors, 0, SV_STR("l")) == false);
    sv_arena_free(arena);
}

static void test_names(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_loc a = {.parent = &body, .name = SV_STR_INIT("a")};
    sv_errors errors;
    sv_errors_init(&errors, arena);
    sv_errors_add(&errors, SV_ERROR_TYPE_MISSING, &a, (sv_input){0}, NULL);
    assert_true(sv_errors_names(&errors, 0, SV_STR("a")));
    assert_false(sv_errors_names(&errors, 1, SV_STR("a")));
    assert_false(sv_errors_names(&errors, 0, SV_STR("b")));
    sv_arena_free(arena);
}

static void test_at_most_a_hundred(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    sv_errors errors;
    sv_errors_init(&errors, arena);
    for (size_t i = 0; i < 100000; i++) {
        const sv_loc where = {.parent = &body, .index = i};
        assert_int_equal(sv_errors_is_full(&errors), i > 100);
        sv_errors_add(&errors, SV_ERROR_TYPE_INT_TYPE, &where, (sv_input){0}, NULL);
    }
    assert_int_equal(errors.count, 101);
    assert_true(sv_arena_used(arena) < 100000);
    const sv_value *list = cases_parse(arena, cases_detail(arena, &errors).ptr), *entry;
    sv_value_cursor cursor = sv_value_walk(list);
    for (size_t i = 0; sv_value_next_item(&cursor, &entry); i++) {
        const char *type = i < 100 ? "int_type" : "too_many_errors";
        assert_true(sv_str_eq(sv_value_str(cases_get(entry, "type")), sv_str_from(type)));
    }
    assert_string_equal(cases_text(arena, entry).ptr,
                        "{\"type\":\"too_many_errors\",\"loc\":[\"body\"],\"msg\":\"More than 100 "
                        "errors, the rest is not listed\",\"input\":null,\"ctx\":{\"limit\":100}}");
    sv_arena_free(arena);
}

/* The `input` of one error about `json`, decoded. */
static sv_str echo(sv_arena *arena, const char *json)
{
    sv_errors errors;
    sv_errors_init(&errors, arena);
    sv_errors_add(&errors, SV_ERROR_TYPE_INT_TYPE, &body,
                  (sv_input){.value = cases_parse(arena, json)}, NULL);
    const sv_value *list = cases_parse(arena, cases_detail(arena, &errors).ptr), *entry = NULL;
    sv_value_cursor cursor = sv_value_walk(list);
    assert_true(sv_value_next_item(&cursor, &entry));
    const sv_value *input = cases_get(entry, "input");
    bool is_text = sv_value_get_type(input) == SV_VALUE_STR;
    return is_text ? sv_value_str(input) : cases_text(arena, input);
}

static char *repeat(const char *start, const char *piece, size_t n, const char *end)
{
    char *text = malloc(strlen(start) + n * strlen(piece) + strlen(end) + 1), *at = text;
    assert_non_null(text);
    at = stpcpy(at, start);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, piece);
    stpcpy(at, end);
    return text;
}

static const struct {
    const char *start, *piece;
    size_t n;
    const char *end;
    size_t kept; /* bytes before the "…"; 0: all */
} long_inputs[] = {
    {"\"", "a", 4094, "\"", 0},
    {"\"", "a", 4095, "\"", 4096},
    {"\"", "a", 1 << 20, "\"", 4096},
    {"\"", "é", 4000, "\"", 4095}, /* a character more would not fit */
    {"\"", "\\n", 1 << 20, "\"", 4096},
    {"[", "1,", 1 << 19, "1]", 4096},
    {"{", "\"a\":1,", 1 << 18, "\"b\":1}", 4096},
    {"{\"", "k", 1 << 20, "\":1}", 4096},
    {"", "9", 1 << 16, "", 4096},
    {"", "[", 900, "", 0},
};

static void test_long_inputs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof long_inputs / sizeof *long_inputs; i++) {
        sv_arena *arena = sv_arena_new(0);
        char *json = repeat(long_inputs[i].start, long_inputs[i].piece, long_inputs[i].n,
                            long_inputs[i].end);
        if (json[strlen(json) - 1] == '[') {
            char *closed = repeat(json, "]", long_inputs[i].n, "");
            free(json);
            json = closed;
        }
        sv_str text = echo(arena, json);
        if (long_inputs[i].kept) {
            assert_int_equal(text.len, long_inputs[i].kept + 3);
            assert_true(sv_str_ends_with(text, SV_STR("…")));
            assert_memory_equal(text.ptr, json, long_inputs[i].kept);
        } else {
            assert_true(text.len >= long_inputs[i].n);
        }
        free(json);
        sv_arena_free(arena);
    }
}

static void test_long_names(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    char *name = repeat("", "é", 1 << 16, "");
    const sv_loc where = {.parent = &body, .name = sv_str_from(name)};
    sv_errors errors;
    sv_errors_init(&errors, arena);
    sv_errors_add(&errors, SV_ERROR_TYPE_EXTRA_FORBIDDEN, &where, (sv_input){0}, NULL);
    sv_str detail = cases_detail(arena, &errors);
    assert_true(detail.len < 5000);
    cases_parse(arena, detail.ptr);
    free(name);
    sv_arena_free(arena);
}

static bool collect_with_failures(void *unused)
{
    (void)unused;
    sv_arena *arena = sv_arena_new(0);
    if (!arena)
        return false;
    sv_errors errors;
    sv_buf buf;
    sv_writer writer;
    sv_errors_init(&errors, arena);
    for (size_t i = 0; i < 120; i++) {
        const sv_loc where = {.parent = &body, .index = i};
        sv_errors_add(&errors, SV_ERROR_TYPE_INT_TYPE, &where, (sv_input){0}, NULL);
    }
    sv_buf_init(&buf, 1 << 20);
    sv_writer_init(&writer, &buf);
    sv_errors_write(&errors, &writer);
    if (errors.count)
        (void)sv_errors_get(&errors, 0);
    bool succeeded = errors.status == SV_INVALID && sv_buf_status(&buf) == SV_OK;
    assert_true(succeeded || errors.status == SV_NO_MEMORY || sv_buf_status(&buf));
    sv_buf_deinit(&buf);
    sv_arena_free(arena);
    return succeeded;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(collect_with_failures, NULL) > 10);
}

/* Without an arena only the fact of an error is kept. */
static void test_mute(void **state)
{
    (void)state;
    sv_errors errors;
    sv_errors_init(&errors, NULL);
    assert_false(sv_errors_is_full(&errors));
    sv_errors_add(&errors, SV_ERROR_TYPE_MISSING, NULL, (sv_input){0}, NULL);
    assert_true(sv_errors_is_full(&errors) && errors.status == SV_INVALID);
}

static void test_cut(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_loc place = {.name = SV_STR_INIT("body")};
    sv_errors errors;
    sv_errors_init(&errors, arena);
    for (int i = 0; i < 9; i++)
        sv_errors_add(&errors, SV_ERROR_TYPE_MISSING, &place, (sv_input){0}, NULL);
    sv_errors_cut(&errors, 3);
    assert_true(errors.count == 3 && errors.status == SV_INVALID);
    for (int i = 0; i < 9; i++)
        sv_errors_add(&errors, SV_ERROR_TYPE_INT_TYPE, &place, (sv_input){0}, NULL);
    assert_int_equal(sv_errors_get(&errors, 2).type, SV_ERROR_TYPE_MISSING);
    assert_int_equal(sv_errors_get(&errors, 11).type, SV_ERROR_TYPE_INT_TYPE);
    sv_errors_cut(&errors, 0);
    assert_true(errors.count == 0 && errors.status == SV_OK);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mute),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_entry),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_at_most_a_hundred),
        cmocka_unit_test(test_long_inputs),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
