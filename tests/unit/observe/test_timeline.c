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

static void test_the_header(void **state)
{
    (void)state;
    static const struct {
        sv_timeline timeline;
        const char *text;
    } cases[] = {
        {{{0}, NULL, NULL}, ""},
        {{.stage_ns = {[SV_STAGE_INFER] = 1}}, "infer;dur=0.00"},
        {{.stage_ns = {[SV_STAGE_INFER] = 5000}}, "infer;dur=0.01"},
        {{.stage_ns = {[SV_STAGE_FETCH] = 12344999, [SV_STAGE_DECODE] = 990000}},
         "fetch;dur=12.34, decode;dur=0.99"},
        {{.stage_ns = {[SV_STAGE_QUEUE] = 60 * INT64_C(1000000000)}}, "queue;dur=60000.00"},
        {{.stage_ns = {[SV_STAGE_ENCODE] = -7}}, "encode;dur=0.00"},
        {{.stage_ns = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}}, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[SV_TIMELINE_TEXT_SIZE + 1] = {0};
        size_t len = sv_timeline_format(&cases[i].timeline, text);
        assert_true(len < SV_TIMELINE_TEXT_SIZE);
        if (cases[i].text)
            assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_stage_has_its_name),
        cmocka_unit_test(test_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
