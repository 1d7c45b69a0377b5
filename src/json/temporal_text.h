/* temporal_text.h: dates, times and durations as the texts that pydantic writes into JSON. Pure.
 *
 * Each function writes into an array of the caller, without a zero at the end, and returns the
 * length. None of the bytes needs an escape in JSON. */
#ifndef SERVAL_JSON_TEMPORAL_TEXT_H
#define SERVAL_JSON_TEMPORAL_TEXT_H

#include <serval/types.h>

enum { SV_TEMPORAL_TEXT_SIZE = 40 }; /* enough for any value of the types, valid or not */

/* "2024-05-06" */
size_t sv_temporal_text_date(sv_date date, char ret_text[SV_TEMPORAL_TEXT_SIZE]);
/* "07:08:09", "07:08:09.500000Z", "07:08:09+01:30" */
size_t sv_temporal_text_time(const sv_time *time, char ret_text[SV_TEMPORAL_TEXT_SIZE]);
/* Date and time with a T between. */
size_t sv_temporal_text_datetime(const sv_datetime *datetime, char ret_text[SV_TEMPORAL_TEXT_SIZE]);
/* "P1DT1H1M1.5S", "-PT1S", "PT0S"; 365 days are a year. */
size_t sv_temporal_text_duration(sv_duration duration, char ret_text[SV_TEMPORAL_TEXT_SIZE]);

#endif
