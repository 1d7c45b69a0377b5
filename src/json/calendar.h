/* calendar.h: days of the proleptic Gregorian calendar as numbers, and back. Pure. */
#ifndef SERVAL_JSON_CALENDAR_H
#define SERVAL_JSON_CALENDAR_H

#include <serval/types.h>

/* Days in a month (1..12) of a year; 0 for any other month. */
int sv_calendar_month_days(int year, int month);
/* Days since 1970-01-01; `date` is a day of the years 0..9999. */
int32_t sv_calendar_days(sv_date date);
/* The inverse: `days` lies in -719528..2932896. */
sv_date sv_calendar_date(int32_t days);

#endif
