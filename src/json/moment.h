/* moment.h: which of two dates or times comes first, for bounds and for "past" and "future". Pure.
 */
#ifndef SERVAL_JSON_MOMENT_H
#define SERVAL_JSON_MOMENT_H

#include <serval/types.h>

/* Microseconds since 1970-01-01 UTC; without an offset, as if it were UTC. */
int64_t sv_moment_unix_us(const sv_datetime *datetime);
/* Each: less than, equal to or greater than 0. Offsets count when both values have one; else the
 * clocks are compared as they stand, which is what pydantic does. */
int sv_moment_compare_datetime(const sv_datetime *a, const sv_datetime *b);
int sv_moment_compare_time(const sv_time *a, const sv_time *b);
int sv_moment_compare_date(sv_date a, sv_date b);
int sv_moment_compare_duration(sv_duration a, sv_duration b);

#endif
