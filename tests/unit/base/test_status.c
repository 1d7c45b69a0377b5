/* The tables of statuses, kinds of errors and phrases agree with themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <serval/status.h>
#include <serval/version.h>

static void test_every_status_has_a_text(void **state)
{
    (void)state;
    static const sv_status all[] = {
#define STATUS(name, text) SV_##name,
        SV_STATUS_MAP(STATUS)
#undef STATUS
    };
    assert_int_equal(SV_OK, 0);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(all[i], i);
        assert_true(strlen(sv_status_text(all[i])) > 0);
    }
    assert_string_equal(sv_status_text(SV_NO_MEMORY), "out of memory");
    assert_string_equal(sv_status_text((sv_status)999), "unknown");
    assert_string_equal(sv_status_text((sv_status)-1), "unknown");
}

static void test_every_kind_is_complete_and_unique(void **state)
{
    (void)state;
    size_t n;
    const sv_error_kind *const *kinds = sv_error_kinds(&n);
    assert_ptr_equal(sv_error_kinds(NULL), kinds);
    assert_true(n > 30);
    for (size_t i = 0; i < n; i++) {
        assert_in_range(kinds[i]->status, 400, 599);
        assert_true(strlen(kinds[i]->title) > 0);
        assert_true(strlen(kinds[i]->meaning) > 0);
        assert_int_equal(strspn(kinds[i]->code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"),
                         strlen(kinds[i]->code));
        if (strlen(sv_http_phrase(kinds[i]->status)) == 0)
            fail_msg("%d has no phrase", kinds[i]->status);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(kinds[i]->code, kinds[k]->code);
    }
    assert_int_equal(sv_kind_validation_error.status, 422);
}

static void test_phrases(void **state)
{
    (void)state;
    assert_string_equal(sv_http_phrase(200), "OK");
    assert_string_equal(sv_http_phrase(404), "Not Found");
    assert_string_equal(sv_http_phrase(299), "");
    assert_string_equal(sv_http_phrase(-1), "");
}

static void test_version_has_three_numbers(void **state)
{
    (void)state;
    assert_string_equal(sv_version(), SV_VERSION);
    assert_non_null(strchr(strchr(SV_VERSION, '.') + 1, '.'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status_has_a_text),
        cmocka_unit_test(test_every_kind_is_complete_and_unique),
        cmocka_unit_test(test_phrases),
        cmocka_unit_test(test_version_has_three_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
