/* sv_main: a program of somebody else's operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <serval/app.h>

#include "child.h"

SV_HANDLER_RAW(hello);
static sv_status hello(sv_call *call)
{
    return sv_respond_bytes(call, "text/plain", SV_STR("hello"));
}

static const sv_operation good[] = {{"GET", "/hello", &hello_handler}, {0}};
static const sv_operation wrong[] = {{"GET", "/hello", NULL}, {0}};

static int run_good(int argc, char *const *argv)
{
    return sv_main(argc, (char **)(uintptr_t)argv, &(sv_app){.title = "Mine", .operations = good});
}

static int run_wrong(int argc, char *const *argv)
{
    return sv_main(argc, (char **)(uintptr_t)argv, &(sv_app){.operations = wrong});
}

static void test_programs(void **state)
{
    (void)state;
    static const struct {
        child_main *run;
        const char *args[4];
        int code;
        const char *says; /* on stderr */
    } cases[] = {
        {run_good, {"bin/mine", "--port=0", "--log-level=off"}, 0, "ready on http://127.0.0.1:"},
        {run_good, {"bin/mine", "models/"}, 2, "mine: unexpected argument 'models/'"},
        {run_good, {"mine", "--prot=1"}, 2, "Try 'mine --help'"},
        {run_good, {"mine", "--log-level=loud"}, 1, "mine: --log-level: log_level cannot be"},
        {run_wrong, {"mine", "--port=0"}, 1, "mine: GET /hello: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const child_result *result = child_run(cases[i].run, cases[i].args);
        if (result->code != cases[i].code || !strstr(result->err, cases[i].says))
            fail_msg("case %zu: %d %s", i, result->code, result->err);
    }
}

static void test_help(void **state)
{
    (void)state;
    const char *const args[] = {"mine", "--help", NULL};
    const child_result *result = child_run(run_good, args);
    assert_int_equal(result->code, 0);
    assert_memory_equal(result->out, "mine: Mine", 10);
    assert_non_null(strstr(result->out, "--port N"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_programs),
        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
