/* temporal.h: dates, times and durations from text and from numbers, as pydantic 2 takes them in
 * its lax mode. Printing: temporal_text.h. Pure; any thread.
 *
 * Each function returns SV_ERROR_TYPE_NONE and writes its result, or returns what is wrong. Then
 * `*ret_problem` is the value of the error's key "error": static text, NULL for an error without
 * keys. Values that are neither text nor number (SV_ERROR_TYPE_DATETIME_TYPE and so on) are the
 * caller's to refuse; integers beyond 64 bits come as doubles. */
#ifndef SERVAL_JSON_TEMPORAL_H
#define SERVAL_JSON_TEMPORAL_H

#include <serval/types.h>

#include "json/error_type.h"

/* RFC 3339 with some freedom ("2024-05-06 07:08", "2024-05-06T07:08:09,5-0130"), a date, or digits
 * with or without a fraction: unix time, in seconds up to ±20,000,000,000, else in milliseconds. */
sv_error_type sv_temporal_parse_datetime(sv_str text, sv_datetime *ret_datetime,
                                         const char **ret_problem);
/* Likewise; the time must be midnight, in whatever zone. */
sv_error_type sv_temporal_parse_date(sv_str text, sv_date *ret_date, const char **ret_problem);
/* "07:08", "07:08:09.5", "07:08:09Z", "07:08:09+01:30"; no numbers. */
sv_error_type sv_temporal_parse_time(sv_str text, sv_time *ret_time, const char **ret_problem);

/* Unix time as above; the result is in UTC. */
sv_error_type sv_temporal_datetime_from_int(int64_t number, sv_datetime *ret_datetime,
                                            const char **ret_problem);
sv_error_type sv_temporal_datetime_from_double(double number, sv_datetime *ret_datetime,
                                               const char **ret_problem);
sv_error_type sv_temporal_date_from_int(int64_t number, sv_date *ret_date,
                                        const char **ret_problem);
sv_error_type sv_temporal_date_from_double(double number, sv_date *ret_date,
                                           const char **ret_problem);
/* Seconds since midnight; the result is in UTC. */
sv_error_type sv_temporal_time_from_int(int64_t seconds, sv_time *ret_time,
                                        const char **ret_problem);
sv_error_type sv_temporal_time_from_double(double seconds, sv_time *ret_time,
                                           const char **ret_problem);

/* The part of a time that a duration shares: HH:MM, maybe seconds and a fraction, from `*at` on,
 * which is moved behind it. NULL, or the problem. */
const char *sv_temporal_read_clock(sv_str text, size_t *at, sv_time *ret_time);

#endif
