/* The names of stages: what `Server-Timing` and the log say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "observe/timeline.h"

static void test_every_stage_has_its_name(void **state)
{
    (void)state;
    static const char *const names[] = {"fetch", "queue", "decode", "infer", "encode"};
    assert_int_equal(SV_STAGE_COUNT, sizeof names / sizeof *names);
    for (int stage = 0; stage < SV_STAGE_COUNT; stage++)
        assert_string_equal(sv_timeline_stage_name((sv_stage)stage), names[stage]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_stage_has_its_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
