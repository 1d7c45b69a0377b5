/* The detail of a failure: what is written, what is cut, what stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <serval/status.h>

static void test_set_writes_and_returns(void **state)
{
    (void)state;
    sv_error error = {0};
    assert_int_equal(sv_error_set(&error, SV_INVALID, &sv_kind_invalid_input, "%d of %s", 3, "x"),
                     SV_INVALID);
    assert_string_equal(error.message, "3 of x");
    assert_ptr_equal(error.kind, &sv_kind_invalid_input);
    assert_string_equal(error.path, "");
    sv_error_set_path(&error, "file:%d", 7);
    assert_string_equal(error.path, "file:7");
    assert_string_equal(error.message, "3 of x");
    assert_int_equal(sv_error_set(&error, SV_IO, NULL, "again"), SV_IO);
    assert_null(error.kind);
    assert_string_equal(error.path, "file:7");
}

static void test_nobody_asks(void **state)
{
    (void)state;
    assert_int_equal(sv_error_set(NULL, SV_TIMEOUT, NULL, "%s", "x"), SV_TIMEOUT);
    sv_error_set_path(NULL, "x");
}

static void test_a_message_may_be_made_from_itself(void **state)
{
    (void)state;
    sv_error error = {.message = "no such file"};
    sv_error_set(&error, SV_IO, NULL, "model.yaml: %s", error.message);
    assert_string_equal(error.message, "model.yaml: no such file");
}

static void test_long_texts_are_cut_after_a_whole_character(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t c = 0; c < sizeof characters / sizeof *characters; c++)
        for (size_t before = 0; before < 4; before++) {
            char text[4096] = "";
            sv_error error;
            for (size_t i = 0; i < before; i++)
                strcat(text, "-");
            for (size_t i = 0; i < 600; i++)
                strcat(text, characters[c]);
            sv_error_set(&error, SV_FAILED, NULL, "%s", text);
            size_t len = strlen(error.message);
            assert_true(len < sizeof error.message && len >= sizeof error.message - 1 - 4);
            assert_memory_equal(error.message, text, len);
            assert_true(sv_str_is_utf8(sv_str_from(error.message)));
            sv_error_set_path(&error, "%s", text);
            assert_true(sv_str_is_utf8(sv_str_from(error.path)));
        }
}

/* Whatever a library says can be told in JSON. */
static void test_bytes_that_are_no_characters(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
                                           {"\xff", "?"},
                                           {"a\xffz", "a?z"},
                                           {"\xc3", "?"},
                                           {"\xc3(", "?("},
                                           {"\xed\xa0\x80", "???"},
                                           {"\xf0\x9f\x98", "???"},
                                           {"\xf0\x9f\x98\x80\x80", "\xf0\x9f\x98\x80?"},
                                           {"\x80\xc3\xbc", "?\xc3\xbc"}};
    sv_error error = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_error_set(&error, SV_FAILED, NULL, "%s", cases[i][0]);
        assert_string_equal(error.message, cases[i][1]);
        sv_error_set_path(&error, "%s", cases[i][0]);
        assert_string_equal(error.path, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_writes_and_returns),
        cmocka_unit_test(test_nobody_asks),
        cmocka_unit_test(test_a_message_may_be_made_from_itself),
        cmocka_unit_test(test_long_texts_are_cut_after_a_whole_character),
        cmocka_unit_test(test_bytes_that_are_no_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
