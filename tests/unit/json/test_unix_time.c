/* test_unix_time.c: which texts are numbers. What moments numbers are: test_temporal.c. */
#include <math.h>

#include "json_cases.h"
#include "json/unix_time.h"

static const struct {
    const char *text;
    sv_unix_time_kind kind;
    double number;
} rows[] = {
    {"0", SV_UNIX_TIME_INT, 0},
    {"+12", SV_UNIX_TIME_INT, 12},
    {"-12", SV_UNIX_TIME_INT, -12},
    {"00000000000000000000000007", SV_UNIX_TIME_INT, 7},
    {"-9223372036854775808", SV_UNIX_TIME_INT, -0x1p63},
    {"9223372036854775808", SV_UNIX_TIME_NO_NUMBER, 0},
    {"9223372036854775808.", SV_UNIX_TIME_DOUBLE, 0x1p63},
    {"1.5", SV_UNIX_TIME_DOUBLE, 1.5},
    {"-.5", SV_UNIX_TIME_DOUBLE, -0.5},
    {"1.", SV_UNIX_TIME_DOUBLE, 1},
    {"1.e3", SV_UNIX_TIME_DOUBLE, 1000},
    {"1.5E+3", SV_UNIX_TIME_DOUBLE, 1500},
    {"1.5e400", SV_UNIX_TIME_DOUBLE, INFINITY},
    {"-1.5e400", SV_UNIX_TIME_DOUBLE, -INFINITY},
    {"1e3", SV_UNIX_TIME_NO_NUMBER, 0},
    {"1.5e", SV_UNIX_TIME_NO_NUMBER, 0},
    {"1.5 ", SV_UNIX_TIME_NO_NUMBER, 0},
    {" 1.5", SV_UNIX_TIME_NO_NUMBER, 0},
    {"1_0.5", SV_UNIX_TIME_NO_NUMBER, 0},
    {"1.5_0", SV_UNIX_TIME_NO_NUMBER, 0},
    {".", SV_UNIX_TIME_NO_NUMBER, 0},
    {"+.", SV_UNIX_TIME_NO_NUMBER, 0},
    {"-", SV_UNIX_TIME_NO_NUMBER, 0},
    {"", SV_UNIX_TIME_NO_NUMBER, 0},
    {"nan", SV_UNIX_TIME_NO_NUMBER, 0},
    {".inf", SV_UNIX_TIME_NO_NUMBER, 0},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t integer = 0;
        double number = 0;
        sv_unix_time_kind kind = sv_unix_time_read(sv_str_from(rows[i].text), &integer, &number);
        assert_int_equal(kind, rows[i].kind);
        assert_true((kind == SV_UNIX_TIME_INT ? (double)integer : number) == rows[i].number);
    }
}

static void test_time_of_day(void **state)
{
    (void)state;
    sv_time time = sv_unix_time_of_day(86399, 5);
    assert_true(time.hour == 23 && time.minute == 59 && time.second == 59);
    assert_true(time.microsecond == 5 && time.has_offset && time.offset_s == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_time_of_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
