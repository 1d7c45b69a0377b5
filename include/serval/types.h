/* types.h: values that JSON carries as text: dates, times, durations, UUIDs, bytes, decimals, and
 * uploaded files. Plain data; all text and bytes live in the call's arena. */
#ifndef SERVAL_TYPES_H
#define SERVAL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/str.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A day of the proleptic Gregorian calendar, years 1..9999. */
typedef struct sv_date {
    int16_t year;
    uint8_t month, day; /* 1..12, 1..31 */
} sv_date;

/* A time of day. `offset_s` is east of UTC in seconds, within a day, and counts only if
 * `has_offset`. */
typedef struct sv_time {
    uint8_t hour, minute, second; /* 0..23, 0..59, 0..59 */
    bool has_offset;
    int32_t microsecond; /* 0..999999 */
    int32_t offset_s;
} sv_time;

typedef struct sv_datetime {
    sv_date date;
    sv_time time;
} sv_datetime;

/* A span of time in Python's normal form: only `days` may be negative. */
typedef struct sv_duration {
    int32_t days;         /* -999999999..999999999 */
    int32_t seconds;      /* 0..86399 */
    int32_t microseconds; /* 0..999999 */
} sv_duration;

typedef struct sv_uuid {
    uint8_t bytes[16]; /* in the order of the text */
} sv_uuid;

typedef struct sv_bytes {
    const uint8_t *ptr;
    size_t len;
} sv_bytes;

/* A decimal number of any precision, as text in Python's form ("1.10", "-3", "1E+5"): exact, to be
 * handed on to a decimal library or a database. */
typedef struct sv_decimal {
    sv_str text;
} sv_decimal;

/* One uploaded file of a form. `filename` is what the client says: never use it as a path. */
typedef struct sv_file {
    sv_str filename;
    sv_str content_type; /* NULL pointer: the client named none */
    sv_bytes content;
} sv_file;

#ifdef __cplusplus
}
#endif

#endif
