/* Ranges of numbers are exact. */
#include "text/grammar_range.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#include "gbnf.h"

static void write_number(char text[32], int64_t number, unsigned n_decimals)
{
    int64_t scale = 1, magnitude = number < 0 ? -number : number;
    for (unsigned i = 0; i < n_decimals; i++)
        scale *= 10;
    int len = snprintf(text, 32, "%s%lld", number < 0 ? "-" : "", (long long)(magnitude / scale));
    if (n_decimals)
        snprintf(text + len, 32 - (size_t)len, ".%0*lld", (int)n_decimals,
                 (long long)(magnitude % scale));
}

static void check(int64_t low, int64_t high, unsigned n_decimals)
{
    sv_buf out;
    sv_buf_init(&out, 100000);
    sv_buf_append_str(&out, SV_STR("root ::= "));
    sv_grammar_range_write(&out, low, high, n_decimals);
    sv_buf_append_byte(&out, '\n');
    for (int64_t number = low - 25; number <= high + 25; number += number == low + 400 ? 37 : 1) {
        char text[32];
        write_number(text, number, n_decimals);
        if (gbnf_matches(sv_buf_str(&out), text) != (number >= low && number <= high))
            fail_msg("%s in %lld..%lld\n%.*s", text, (long long)low, (long long)high,
                     SV_STR_ARG(sv_buf_str(&out)));
    }
    assert_false(gbnf_matches(sv_buf_str(&out), ""));
    assert_false(gbnf_matches(sv_buf_str(&out), "00"));
    assert_false(gbnf_matches(sv_buf_str(&out), "-0"));
    sv_buf_deinit(&out);
}

static void holds_exactly_what_lies_between(void **state)
{
    static const struct {
        int64_t low, high;
    } ranges[] = {{0, 0},
                  {0, 9},
                  {1, 10},
                  {7, 13},
                  {0, 100},
                  {-5, 5},
                  {-130, -27},
                  {99, 101},
                  {123, 1234},
                  {1000, 1999},
                  {109, 901},
                  {-1000, -1},
                  {5, 2005},
                  {1990, 2010},
                  {0, 65535},
                  {-128, 127},
                  {SV_GRAMMAR_RANGE_LIMIT - 30, SV_GRAMMAR_RANGE_LIMIT},
                  {-SV_GRAMMAR_RANGE_LIMIT, -SV_GRAMMAR_RANGE_LIMIT + 300}};
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        check(ranges[i].low, ranges[i].high, 0);
    for (int64_t low = 0; low < 40; low++)
        for (int64_t high = low; high < 130; high += 7)
            check(low * 5 - 60, high * 5 - 60 + low % 3, 0);
}

static void holds_decimals(void **state)
{
    (void)state;
    check(0, 100, 2);
    check(-5, 5, 1);
    check(25, 1234, 2);
    check(1, 3, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_exactly_what_lies_between),
        cmocka_unit_test(holds_decimals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
