/* fuzz_values.c: hostile texts of values: dates, times, durations, UUIDs, base64, decimals. What is
 * taken is within its bounds, and after it was printed it is taken again and prints the same; what
 * is refused has a reason. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "json/base64_lax.h"
#include "json/calendar.h"
#include "json/decimal_check.h"
#include "json/decimal_text.h"
#include "json/duration.h"
#include "json/moment.h"
#include "json/temporal.h"
#include "json/temporal_text.h"
#include "json/uuid.h"

enum { ARENA_LIMIT = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void require_reason(sv_error_type type, const char *problem)
{
    bool needs_one = sv_error_type_get(type)->keys[0] != NULL;
    require(needs_one == (problem != NULL));
}

static void require_date(sv_date date)
{
    require(date.year >= 1 && date.year <= 9999 && date.day >= 1);
    require(date.day <= sv_calendar_month_days(date.year, date.month));
}

static void require_time(const sv_time *time)
{
    require(time->hour < 24 && time->minute < 60 && time->second < 60);
    require(time->microsecond >= 0 && time->microsecond < 1000000);
    require(abs(time->offset_s) < 86400 && (time->has_offset || time->offset_s == 0));
}

static void check_datetime(sv_str text)
{
    char first[SV_TEMPORAL_TEXT_SIZE], second[SV_TEMPORAL_TEXT_SIZE];
    sv_datetime datetime, again;
    const char *problem;
    sv_error_type type = sv_temporal_parse_datetime(text, &datetime, &problem);
    if (type) {
        require_reason(type, problem);
        return;
    }
    require_date(datetime.date);
    require_time(&datetime.time);
    size_t len = sv_temporal_text_datetime(&datetime, first);
    require(!sv_temporal_parse_datetime((sv_str){first, len}, &again, &problem));
    require(sv_temporal_text_datetime(&again, second) == len && !memcmp(first, second, len));
    require(sv_moment_compare_datetime(&datetime, &again) == 0);
    require(sv_moment_unix_us(&datetime) == sv_moment_unix_us(&again));
}

static void check_date(sv_str text)
{
    char first[SV_TEMPORAL_TEXT_SIZE];
    sv_date date, again;
    const char *problem;
    sv_error_type type = sv_temporal_parse_date(text, &date, &problem);
    if (type) {
        require_reason(type, problem);
        return;
    }
    require_date(date);
    size_t len = sv_temporal_text_date(date, first);
    require(!sv_temporal_parse_date((sv_str){first, len}, &again, &problem));
    require(sv_moment_compare_date(date, again) == 0);
}

static void check_time(sv_str text)
{
    char first[SV_TEMPORAL_TEXT_SIZE], second[SV_TEMPORAL_TEXT_SIZE];
    sv_time time, again;
    const char *problem;
    sv_error_type type = sv_temporal_parse_time(text, &time, &problem);
    if (type) {
        require_reason(type, problem);
        return;
    }
    require_time(&time);
    size_t len = sv_temporal_text_time(&time, first);
    require(!sv_temporal_parse_time((sv_str){first, len}, &again, &problem));
    require(sv_temporal_text_time(&again, second) == len && !memcmp(first, second, len));
}

static void check_duration(sv_str text)
{
    char first[SV_TEMPORAL_TEXT_SIZE];
    sv_duration duration, again;
    const char *problem;
    sv_error_type type = sv_duration_parse(text, &duration, &problem);
    if (type) {
        require_reason(type, problem);
        return;
    }
    require(abs(duration.days) <= 999999999);
    require(duration.seconds >= 0 && duration.seconds < 86400);
    require(duration.microseconds >= 0 && duration.microseconds < 1000000);
    size_t len = sv_temporal_text_duration(duration, first);
    require(!sv_duration_parse((sv_str){first, len}, &again, &problem));
    require(sv_moment_compare_duration(duration, again) == 0);
}

/* The bytes of the text as numbers. */
static void check_numbers(sv_str text)
{
    int64_t integer = 0;
    double number = 0;
    sv_datetime datetime;
    sv_time time;
    sv_duration duration;
    const char *problem;
    memcpy(&integer, text.ptr, text.len < sizeof integer ? text.len : sizeof integer);
    memcpy(&number, &integer, sizeof number);
    if (!sv_temporal_datetime_from_int(integer, &datetime, &problem))
        require_date(datetime.date);
    if (!sv_temporal_datetime_from_double(number, &datetime, &problem))
        require_time(&datetime.time);
    if (!sv_temporal_time_from_double(number, &time, &problem))
        require_time(&time);
    if (!sv_duration_from_int(integer, &duration, &problem))
        require(duration.seconds >= 0 && duration.seconds < 86400);
    if (!sv_duration_from_double(number, &duration, &problem))
        require(duration.microseconds >= 0 && duration.microseconds < 1000000);
}

static void check_uuid(sv_arena *arena, sv_str text)
{
    char printed[SV_UUID_TEXT_LEN];
    sv_uuid uuid, again;
    if (!sv_uuid_parse(text, &uuid)) {
        require(sv_uuid_problem(arena, text).len > 0);
        return;
    }
    sv_uuid_print(&uuid, printed);
    require(sv_uuid_parse((sv_str){printed, sizeof printed}, &again));
    require(!memcmp(&uuid, &again, sizeof uuid));
    require(sv_uuid_version(&uuid) >= 0 && sv_uuid_version(&uuid) <= 15);
}

static void check_base64(sv_arena *arena, sv_str text)
{
    sv_bytes bytes, again;
    sv_str problem = {0};
    sv_status status = sv_base64_lax_decode(arena, text, &bytes, &problem);
    require(status == SV_OK || (status == SV_INVALID && problem.len > 0));
    if (status)
        return;
    size_t len = sv_base64_encoded_len(bytes.len);
    char *encoded = sv_arena_alloc_raw(arena, len);
    require(encoded != NULL);
    sv_base64_encode(bytes.ptr, bytes.len, encoded);
    require(sv_base64_lax_decode(arena, (sv_str){encoded, len}, &again, &problem) == SV_OK);
    require(again.len == bytes.len && !memcmp(again.ptr, bytes.ptr, bytes.len));
}

static void check_limits(sv_decimal decimal)
{
    int64_t limit;
    sv_error_type type = sv_decimal_check_digits(decimal, 5, 2, &limit);
    require(!type || limit == 5 || limit == 2 || limit == 3);
    int order = sv_decimal_check_order(decimal, 0);
    require(order == 0 || (order < 0) == (decimal.text.ptr[0] == '-'));
    require(order != 0 || sv_decimal_check_is_multiple(decimal, 0.1));
    (void)sv_decimal_check_is_multiple(decimal, 5e-324);
    (void)sv_decimal_check_order(decimal, -1.7976931348623157e308);
}

static void check_decimal(sv_str text)
{
    char *first = malloc(sv_decimal_text_size(text.len)), *second = NULL;
    size_t len = 0, len_again = 0;
    require(first != NULL);
    if (!sv_decimal_text_parse(text, first, &len)) {
        second = malloc(sv_decimal_text_size(len));
        require(second != NULL);
        require(!sv_decimal_text_parse((sv_str){first, len}, second, &len_again));
        require(len == len_again && !memcmp(first, second, len));
        check_limits((sv_decimal){{first, len}});
    }
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_str text = {(const char *)data, size};
    sv_arena *arena = sv_arena_new(ARENA_LIMIT);
    require(arena != NULL);
    check_numbers(text);
    if (sv_str_is_utf8(text)) {
        check_datetime(text);
        check_date(text);
        check_time(text);
        check_duration(text);
        check_uuid(arena, text);
        check_base64(arena, text);
        check_decimal(text);
    }
    sv_arena_free(arena);
    return 0;
}
