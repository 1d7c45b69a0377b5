/* `serval version` names the version and every engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <serval/version.h>

#include "app/commands.h"
#include "child.h"

static void test_version(void **state)
{
    (void)state;
    const char *const none[] = {NULL}, *const more[] = {"more", NULL};
    const child_result *result = child_run(sv_cmd_version, none);
    assert_int_equal(result->code, 0);
    assert_memory_equal(result->out, "serval " SV_VERSION "\n", strlen(SV_VERSION) + 8);
    assert_non_null(strstr(result->out, "ONNX Runtime"));
    result = child_run(sv_cmd_version, more);
    assert_int_equal(result->code, 2);
    assert_string_equal(result->err, "serval version: unexpected argument 'more'\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_version)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
