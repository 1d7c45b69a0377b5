/* test_rate_rule.c: the notation of rate limits. What is accepted and how it is printed was
 * compared with the Python package `limits`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/rate_rule.h"

static const char *write_all(const sv_rate_limit *limit)
{
    static char text[SV_RATE_RULE_MAX * SV_RATE_RULE_TEXT_SIZE];
    size_t len = 0;
    for (size_t i = 0; i < limit->n_rules; i++) {
        if (i)
            len += (size_t)snprintf(text + len, sizeof text - len, "; ");
        len += sv_rate_rule_write(&limit->rules[i], text + len);
    }
    return text;
}

static void test_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
    } cases[] = {
        {"10/minute", "10 per 1 minute"},
        {"10 per minute", "10 per 1 minute"},
        {"100/hour;10/minute", "100 per 1 hour; 10 per 1 minute"},
        {"10/second|3/hour", "10 per 1 second; 3 per 1 hour"},
        {"10/minute,5/hour, 2/day", "10 per 1 minute; 5 per 1 hour; 2 per 1 day"},
        {"5/15minutes", "5 per 15 minute"},
        {"1 per 2 days", "1 per 2 day"},
        {"10/months", "10 per 1 month"},
        {"10/year", "10 per 1 year"},
        {"10 /minute", "10 per 1 minute"},
        {" 10/ minute ", "10 per 1 minute"},
        {"10 / 2 minute", "10 per 2 minute"},
        {"10PER Minute", "10 per 1 minute"},
        {"10perminute", "10 per 1 minute"},
        {"10 per5DAYS", "10 per 5 day"},
        {"10/1 day\n", "10 per 1 day"},
        {"0010/minute", "10 per 1 minute"},
        {"1000000000/hour", "1000000000 per 1 hour"},
        {"1/10 years", "1 per 10 year"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_rate_limit limit;
        assert_int_equal(sv_rate_rule_parse(sv_str_from(cases[i].text), NULL, &limit), SV_OK);
        assert_string_equal(write_all(&limit), cases[i].printed);
    }
}

static void test_interval(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t interval_ns;
    } cases[] = {
        {"1/second", 1000000000},
        {"10/minute", 6000000000},
        {"5/15minutes", INT64_C(180000000000)},
        {"7/second", 142857142},
        {"1000000/second", 1000},
        {"1/month", INT64_C(2592000000000000)},
        {"1/year", INT64_C(31104000000000000)}, /* twelve months, as `limits` has it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_rate_limit limit;
        assert_int_equal(sv_rate_rule_parse(sv_str_from(cases[i].text), NULL, &limit), SV_OK);
        assert_int_equal(limit.rules[0].interval_ns, cases[i].interval_ns);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "the count must be a whole number"},
        {"minute", "the count must be a whole number"},
        {"-1/minute", "the count must be a whole number"},
        {"0/minute", "from 1 to 1000000000"},
        {"1000000001/minute", "from 1 to 1000000000"},
        {"99999999999999999999/minute", "from 1 to 1000000000"},
        {"1.5/minute", "there must be '/' or 'per'"},
        {"10 minute", "there must be '/' or 'per'"},
        {"10", "there must be '/' or 'per'"},
        {"10/", "there is no unit"},
        {"10/5", "there is no unit"},
        {"10/0minutes", "a whole number from 1 on"},
        {"10/99999999999999999999 minutes", "a whole number from 1 on"},
        {"10/m", "unknown unit 'm', did you mean 'minute'?"},
        {"10/min", "unknown unit 'min', did you mean 'minute'?"},
        {"10/sec", "did you mean 'second'?"},
        {"10/hr", "allowed are second, minute, hour, day, month, year"},
        {"10/minuets", "did you mean 'minute'?"},
        {"10/fortnight", "unknown unit 'fortnight'; allowed are"},
        {"10/2/minute", "there is no unit"},
        {"10/minute/2", "after the unit there must be nothing"},
        {"10/minute x", "after the unit there must be nothing"},
        {"10/minute;", "'': the count must be"},
        {";10/minute", "'': the count must be"},
        {"10/minute;;5/hour", "'': the count must be"},
        {"10/minute;5/our", "'5/our': unknown unit 'our', did you mean 'hour'?"},
        {"1/11 years", "must not exceed 10 years"},
        {"1000001/second", "at most 1000000 a second"},
        {"1/day;1/day;1/day;1/day;1/day;1/day;1/day;1/day;1/day", "at most 8 rules"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_rate_limit limit = {.n_rules = 77};
        sv_error error = {0};
        assert_int_equal(sv_rate_rule_parse(sv_str_from(cases[i].text), &error, &limit),
                         SV_INVALID);
        if (!strstr(error.message, cases[i].says))
            fail_msg("%s: %s", cases[i].text, error.message);
        assert_int_equal(limit.n_rules, 77);
    }
}

static void test_text_without_end(void **state)
{
    (void)state;
    sv_rate_limit limit;
    assert_int_equal(sv_rate_rule_parse((sv_str){"10/minutesX", 10}, NULL, &limit), SV_OK);
    assert_int_equal(sv_rate_rule_parse((sv_str){"10/minute\0s", 11}, NULL, &limit), SV_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_interval),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_text_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
