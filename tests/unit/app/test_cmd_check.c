/* `serval check` finds what `serve` would refuse, and says what is fine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/commands.h"
#include "child.h"

#define DIGITS SV_SOURCE_DIR "/models/digits"

static void test_checks(void **state)
{
    (void)state;
    static const struct {
        const char *args[3];
        int code;
        const char *out, *err; /* parts */
    } cases[] = {
        {{DIGITS}, 0, "ok     digits version 2\n", ""},
        {{DIGITS, "--set=digits.preprocess.crop=99"}, 1, "FAILED digits version 2: ", ""},
        {{DIGITS, "--set=digits.nonsense=1"}, 1, "", "--set: nonsense: "},
        {{DIGITS, "--set=digit.load=lazy"}, 1, "", "no model 'digit'; did you mean 'digits'?"},
        {{DIGITS, "--set=digits.task=x"}, 1, "", "--set: task: Input should be 'image-class"},
        {{"/nowhere"}, 1, "", "/nowhere: No such file"},
        {{"--nonsense-nonsense"}, 2, "", "unknown option"},
        {{DIGITS, "--engine-dir=/nowhere"}, 1, "FAILED digits version 1: ", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const child_result *result = child_run(sv_cmd_check, cases[i].args);
        if (result->code != cases[i].code || !strstr(result->out, cases[i].out) ||
            !strstr(result->err, cases[i].err))
            fail_msg("case %zu: %d %s%s", i, result->code, result->out, result->err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_checks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
