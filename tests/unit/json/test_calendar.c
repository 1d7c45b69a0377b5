/* test_calendar.c: days as numbers, every one of them. */
#include "json_cases.h"
#include "json/calendar.h"

static void test_every_day(void **state)
{
    (void)state;
    int32_t days = -719528;
    for (int year = 0; year <= 9999; year++)
        for (int month = 1; month <= 12; month++)
            for (int day = 1; day <= sv_calendar_month_days(year, month); day++, days++) {
                sv_date date = sv_calendar_date(days);
                assert_true(date.year == year && date.month == month && date.day == day);
                assert_true(sv_calendar_days(date) == days);
            }
    assert_int_equal(days, 2932897);
}

static void test_known_days(void **state)
{
    (void)state;
    assert_int_equal(sv_calendar_days((sv_date){1970, 1, 1}), 0);
    assert_int_equal(sv_calendar_days((sv_date){2000, 2, 29}), 11016);
    assert_int_equal(sv_calendar_days((sv_date){1, 1, 1}), -719162);
}

static void test_months(void **state)
{
    (void)state;
    assert_int_equal(sv_calendar_month_days(2024, 2), 29);
    assert_int_equal(sv_calendar_month_days(2000, 2), 29);
    assert_int_equal(sv_calendar_month_days(1900, 2), 28);
    assert_int_equal(sv_calendar_month_days(2024, 0), 0);
    assert_int_equal(sv_calendar_month_days(2024, 13), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_known_days),
        cmocka_unit_test(test_months),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
