/* `serval openapi` prints the document of the server, as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/commands.h"
#include "child.h"
#include "json/value.h"

static void test_document(void **state)
{
    (void)state;
    const char *const args[] = {SV_SOURCE_DIR "/models/digits", "--app-name=Mine", "--root-path=/p",
                                NULL};
    const child_result *result = child_run(sv_cmd_openapi, args);
    assert_int_equal(result->code, 0);
    const sv_value *document;
    sv_value_error error;
    sv_arena *arena = sv_arena_new(0);
    assert_int_equal(sv_value_parse(arena, sv_str_from(result->out), NULL, &error, &document),
                     SV_OK);
    const sv_value *info = sv_value_get(document, SV_STR("info"));
    assert_true(sv_str_eq(sv_value_str(sv_value_get(info, SV_STR("title"))), SV_STR("Mine")));
    const sv_value *paths = sv_value_get(document, SV_STR("paths"));
    assert_non_null(sv_value_get(paths, SV_STR("/api/v1/predict")));
    assert_non_null(sv_value_get(paths, SV_STR("/health")));
    sv_arena_free(arena);
}

static void test_a_model_that_is_not_there(void **state)
{
    (void)state;
    const char *const args[] = {"/nowhere", NULL};
    const child_result *result = child_run(sv_cmd_openapi, args);
    assert_int_equal(result->code, 1);
    assert_non_null(strstr(result->err, "/nowhere: No such file"));
    assert_string_equal(result->out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_a_model_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
