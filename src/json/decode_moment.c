/* decode_moment.c: dates, times and durations of a request. Reading them: temporal.c, duration.c;
 * which is earlier: moment.c. */
#include "base/clock.h"
#include "json/decoder.h"
#include "json/duration.h"
#include "json/moment_rules.h"
#include "json/temporal.h"

static bool refuse(sv_decoder *d, sv_error_type error, const char *problem, const sv_loc *where,
                   const sv_value *value)
{
    if (!problem)
        return sv_decoder_refuse(d, error, where, value);
    return sv_decoder_refuse_text(d, error, where, value, sv_str_from(problem));
}

/* What a moment may be made of. Strict ones come from Python's own types, which JSON has not. */
static bool is_readable(const sv_decoder *d, const sv_plan_field *field, sv_value_type type)
{
    bool is_number = type == SV_VALUE_INT || type == SV_VALUE_BIG_INT || type == SV_VALUE_DOUBLE ||
                     type == SV_VALUE_INFINITE;
    return (type == SV_VALUE_STR || is_number) && (!field->strict || d->skips_checks);
}

bool sv_decode_moment_datetime(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                               const sv_loc *where, void *out)
{
    sv_value_type type = sv_value_get_type(value);
    const char *problem = NULL;
    sv_violation violation;
    sv_error_type error = SV_ERROR_TYPE_DATETIME_TYPE;
    if (is_readable(d, field, type)) {
        if (type == SV_VALUE_STR)
            error = sv_temporal_parse_datetime(sv_value_str(value), out, &problem);
        else if (type == SV_VALUE_INT)
            error = sv_temporal_datetime_from_int(sv_value_int(value), out, &problem);
        else
            error = sv_temporal_datetime_from_double(sv_value_double(value), out, &problem);
    }
    if (error)
        return refuse(d, error, problem, where, value);
    sv_decoder_floor(d, SV_EXACTNESS_LAX);
    return sv_moment_rules_datetime(field->row->moment, field->row->zone, out, &violation) ||
           sv_decoder_refuse_violation(d, &violation, where, value);
}

bool sv_decode_moment_date(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                           const sv_loc *where, void *out)
{
    sv_value_type type = sv_value_get_type(value);
    const char *problem = NULL;
    sv_violation violation;
    sv_error_type error = SV_ERROR_TYPE_DATE_TYPE;
    if (is_readable(d, field, type)) {
        if (type == SV_VALUE_STR)
            error = sv_temporal_parse_date(sv_value_str(value), out, &problem);
        else if (type == SV_VALUE_INT)
            error = sv_temporal_date_from_int(sv_value_int(value), out, &problem);
        else
            error = sv_temporal_date_from_double(sv_value_double(value), out, &problem);
    }
    if (error)
        return refuse(d, error, problem, where, value);
    sv_decoder_floor(d, SV_EXACTNESS_LAX);
    return sv_moment_rules_date(field->row->moment, *(const sv_date *)out, &violation) ||
           sv_decoder_refuse_violation(d, &violation, where, value);
}

bool sv_decode_moment_time(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                           const sv_loc *where, void *out)
{
    sv_value_type type = sv_value_get_type(value);
    const char *problem = NULL;
    sv_error_type error = SV_ERROR_TYPE_TIME_TYPE;
    if (is_readable(d, field, type)) {
        if (type == SV_VALUE_STR)
            error = sv_temporal_parse_time(sv_value_str(value), out, &problem);
        else if (type == SV_VALUE_INT)
            error = sv_temporal_time_from_int(sv_value_int(value), out, &problem);
        else
            error = sv_temporal_time_from_double(sv_value_double(value), out, &problem);
    }
    if (error)
        return refuse(d, error, problem, where, value);
    sv_decoder_floor(d, SV_EXACTNESS_LAX);
    return true;
}

bool sv_decode_moment_duration(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                               const sv_loc *where, void *out)
{
    sv_value_type type = sv_value_get_type(value);
    bool is_bool = type == SV_VALUE_BOOL && !field->strict; /* Python's True is a second */
    const char *problem = NULL;
    sv_error_type error = SV_ERROR_TYPE_TIME_DELTA_TYPE;
    if (is_bool)
        error = sv_duration_from_int(sv_value_bool(value), out, &problem);
    else if (is_readable(d, field, type)) {
        if (type == SV_VALUE_STR)
            error = sv_duration_parse(sv_value_str(value), out, &problem);
        else if (type == SV_VALUE_INT)
            error = sv_duration_from_int(sv_value_int(value), out, &problem);
        else
            error = sv_duration_from_double(sv_value_double(value), out, &problem);
    }
    if (error)
        return refuse(d, error, problem, where, value);
    sv_decoder_floor(d, SV_EXACTNESS_LAX);
    return true;
}
