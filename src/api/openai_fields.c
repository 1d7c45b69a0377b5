/* openai_fields.c: members of OpenAI's request bodies, read by tables. */
#include "api/openai_fields.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { MAX_DEPTH = 100 };

const sv_error_kind sv_openai_invalid_value = {"INVALID_VALUE", 400, "Invalid value",
                                               "A member of the body is out of range."};
const sv_error_kind sv_openai_invalid_type = {"INVALID_TYPE", 400, "Invalid type",
                                              "A member of the body has the wrong type."};
const sv_error_kind sv_openai_missing = {"MISSING_REQUIRED_PARAMETER", 400, "Missing parameter",
                                         "A member of the body is missing."};
const sv_error_kind sv_openai_context_length = {"CONTEXT_LENGTH_EXCEEDED", 400,
                                                "Context length exceeded",
                                                "The prompt is longer than the model's context."};

static const char *const type_names[] = {
    [SV_OPENAI_INTEGER] = "an integer", [SV_OPENAI_NUMBER] = "a number",
    [SV_OPENAI_BOOLEAN] = "a boolean",  [SV_OPENAI_STRING] = "a string",
    [SV_OPENAI_OBJECT] = "an object",   [SV_OPENAI_ARRAY] = "an array",
};

static const char *name_value(const sv_value *value)
{
    switch (sv_value_get_type(value)) {
    case SV_VALUE_NULL:
        return "null";
    case SV_VALUE_BOOL:
        return "a boolean";
    case SV_VALUE_INT:
    case SV_VALUE_BIG_INT:
        return "an integer";
    case SV_VALUE_DOUBLE:
    case SV_VALUE_INFINITE:
        return "a number";
    case SV_VALUE_STR:
        return "a string";
    case SV_VALUE_ARRAY:
        return "an array";
    case SV_VALUE_OBJECT:
        return "an object";
    }
    return "";
}

sv_status sv_openai_fields_refuse(sv_error *error, const char *param, const char *format, ...)
{
    char text[sizeof error->message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sv_error_set(error, SV_INVALID, &sv_openai_invalid_value, "%s", text);
    sv_error_set_path(error, "%s", param);
    return SV_INVALID;
}

sv_status sv_openai_fields_refuse_type(sv_error *error, const char *param, const char *expected,
                                       const sv_value *got)
{
    sv_error_set(error, SV_INVALID, &sv_openai_invalid_type,
                 "Invalid type for '%s': expected %s, but got %s instead.", param, expected,
                 name_value(got));
    sv_error_set_path(error, "%s", param);
    return SV_INVALID;
}

sv_status sv_openai_fields_refuse_missing(sv_error *error, const char *param)
{
    sv_error_set(error, SV_INVALID, &sv_openai_missing, "Missing required parameter: '%s'.", param);
    sv_error_set_path(error, "%s", param);
    return SV_INVALID;
}

bool sv_openai_fields_is(const sv_value *value, sv_value_type type)
{
    return value && sv_value_get_type(value) == type;
}

const sv_value *sv_openai_fields_get(const sv_value *object, sv_str name)
{
    const sv_value *value = sv_value_get(object, name);
    return sv_openai_fields_is(value, SV_VALUE_NULL) ? NULL : value;
}

static bool is_number(const sv_value *value)
{
    switch (sv_value_get_type(value)) {
    case SV_VALUE_INT:
    case SV_VALUE_BIG_INT:
    case SV_VALUE_DOUBLE:
    case SV_VALUE_INFINITE:
        return true;
    case SV_VALUE_NULL:
    case SV_VALUE_BOOL:
    case SV_VALUE_STR:
    case SV_VALUE_ARRAY:
    case SV_VALUE_OBJECT:
        break;
    }
    return false;
}

static bool fits(sv_openai_type type, const sv_value *value)
{
    switch (type) {
    case SV_OPENAI_INTEGER:
        return is_number(value) && (sv_value_get_type(value) == SV_VALUE_INT ||
                                    nearbyint(sv_value_double(value)) == sv_value_double(value));
    case SV_OPENAI_NUMBER:
        return is_number(value);
    case SV_OPENAI_BOOLEAN:
        return sv_value_get_type(value) == SV_VALUE_BOOL;
    case SV_OPENAI_STRING:
        return sv_value_get_type(value) == SV_VALUE_STR;
    case SV_OPENAI_OBJECT:
        return sv_value_get_type(value) == SV_VALUE_OBJECT;
    case SV_OPENAI_ARRAY:
        return sv_value_get_type(value) == SV_VALUE_ARRAY;
    }
    return false;
}

/* Of what fits. */
static void store(const sv_openai_field *row, const sv_value *value, void *place)
{
    switch (row->type) {
    case SV_OPENAI_INTEGER:
        *(int64_t *)place = sv_value_get_type(value) == SV_VALUE_INT
                                ? sv_value_int(value)
                                : (int64_t)sv_value_double(value);
        break;
    case SV_OPENAI_NUMBER:
        *(double *)place = sv_value_double(value);
        break;
    case SV_OPENAI_BOOLEAN:
        *(bool *)place = sv_value_bool(value);
        break;
    case SV_OPENAI_STRING:
        *(sv_str *)place = sv_value_str(value);
        break;
    case SV_OPENAI_OBJECT:
    case SV_OPENAI_ARRAY:
        *(const sv_value **)place = value;
        break;
    }
}

static bool is_in_range(const sv_openai_field *row, const sv_value *value)
{
    if (row->type != SV_OPENAI_INTEGER && row->type != SV_OPENAI_NUMBER)
        return true;
    double number = sv_value_double(value);
    if (sv_value_get_type(value) == SV_VALUE_INT) /* a double may be just outside */
        number = fmax(fmin(number, nextafter(0x1p63, 0)), -0x1p63);
    return number >= row->min && number <= row->max;
}

/* Large numbers as people write them. */
static sv_status refuse_range(const sv_openai_field *row, const sv_value *value, const char *param,
                              sv_error *error)
{
    if (row->type == SV_OPENAI_INTEGER && sv_value_get_type(value) == SV_VALUE_INT)
        return sv_openai_fields_refuse(
            error, param, "Invalid value for '%s': %lld. Expected a value from %.0f to %.0f.",
            param, (long long)sv_value_int(value), row->min, row->max);
    return sv_openai_fields_refuse(
        error, param, "Invalid value for '%s': %.17g. Expected a value from %.17g to %.17g.", param,
        sv_value_double(value), row->min, row->max);
}

static sv_status read_field(const sv_openai_field *row, const sv_value *value, const char *param,
                            void *into, sv_error *error)
{
    if (!fits(row->type, value))
        return sv_openai_fields_refuse_type(error, param, type_names[row->type], value);
    if (!is_in_range(row, value))
        return refuse_range(row, value, param, error);
    store(row, value, (char *)into + row->offset);
    return SV_OK;
}

sv_status sv_openai_fields_read(const sv_value *object, const sv_openai_field *rows,
                                const char *prefix, void *into, sv_error *error)
{
    char param[sizeof error->path];
    sv_status status = SV_OK;
    for (size_t i = 0; rows[i].name.len && !status; i++) {
        const sv_value *value = sv_openai_fields_get(object, rows[i].name);
        snprintf(param, sizeof param, "%s%.*s", prefix, SV_STR_ARG(rows[i].name));
        if (value)
            status = read_field(&rows[i], value, param, into, error);
        else if (rows[i].is_required)
            status = sv_openai_fields_refuse_missing(error, param);
    }
    return status;
}

sv_status sv_openai_fields_body(sv_call *call, const sv_value **ret_body)
{
    sv_value_limits limits = {.max_depth = MAX_DEPTH};
    sv_value_error why;
    const sv_value *body;
    sv_status status = sv_value_parse(call->arena, call->request.body, &limits, &why, &body);
    if (status == SV_INVALID && why.problem == SV_VALUE_TOO_DEEP)
        return sv_fail(call, &sv_kind_invalid_json, "The body is nested deeper than %d levels.",
                       MAX_DEPTH);
    if (status == SV_INVALID)
        return sv_fail(call, &sv_kind_invalid_json,
                       "We could not parse the JSON body of your request: %s at character %zu.",
                       why.message, why.position);
    if (status == SV_TOO_LARGE)
        return sv_fail(call, &sv_kind_payload_too_large, "The body holds too many values.");
    if (!status && sv_value_get_type(body) != SV_VALUE_OBJECT)
        return sv_fail(call, &sv_openai_invalid_type,
                       "Invalid type for the body: expected an object, but got %s instead.",
                       name_value(body));
    if (!status)
        *ret_body = body;
    return status;
}

/* Outside /v1 errors have the codes of everything else. */
static bool is_native(const sv_call *call)
{
    return !sv_str_starts_with(call->request.path, SV_STR("/v1/"));
}

sv_status sv_openai_fields_fail(sv_call *call, sv_status status, const sv_error *error)
{
    sv_error told = *error;
    if (status == SV_INVALID && is_native(call))
        told.kind = &sv_kind_invalid_input;
    (void)sv_call_fail_with(call, status, &told);
    if (status == SV_INVALID && error->path[0])
        (void)sv_call_blame(call, sv_str_from(error->path));
    return SV_FAILED;
}
