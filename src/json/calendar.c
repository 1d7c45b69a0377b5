/* calendar.c: days as numbers.
 *
 * DESIGN: years are counted from March, so that the day of a leap year comes last: the months March
 * to January then start at (153 m + 2) / 5 days, and each four centuries have the same length. */
#include "json/calendar.h"

#include <stdbool.h>

enum {
    DAYS_OF_4_CENTURIES = 146097,
    DAYS_OF_CENTURY = 36524,
    DAYS_OF_4_YEARS = 1461,
    DAYS_BEFORE_1970 = 719468, /* since March 1st of the year 0 */
};

int sv_calendar_month_days(int year, int month)
{
    static const unsigned char days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12)
        return 0;
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month] + (month == 2 && is_leap);
}

int32_t sv_calendar_days(sv_date date)
{
    int month = date.month > 2 ? date.month - 3 : date.month + 9;
    int year = date.year - (date.month <= 2) + 400; /* not negative */
    int leap_days = year / 4 - year / 100 + year / 400;
    return year * 365 + leap_days + (153 * month + 2) / 5 + date.day - 1 - DAYS_OF_4_CENTURIES -
           DAYS_BEFORE_1970;
}

sv_date sv_calendar_date(int32_t days)
{
    int left = days + DAYS_BEFORE_1970 + DAYS_OF_4_CENTURIES; /* not negative */
    int year = left / DAYS_OF_4_CENTURIES * 400 - 400;
    left %= DAYS_OF_4_CENTURIES;
    int century = left / DAYS_OF_CENTURY < 4 ? left / DAYS_OF_CENTURY : 3;
    left -= century * DAYS_OF_CENTURY;
    year += century * 100 + left / DAYS_OF_4_YEARS * 4;
    left %= DAYS_OF_4_YEARS;
    int quarter = left / 365 < 4 ? left / 365 : 3;
    left -= quarter * 365;
    int month = (5 * left + 2) / 153;
    year += quarter + (month >= 10);
    return (sv_date){(int16_t)year, (uint8_t)(month < 10 ? month + 3 : month - 9),
                     (uint8_t)(left - (153 * month + 2) / 5 + 1)};
}
