/* error_type.h: the types of validation errors: their name on the wire, their message, the keys of
 * their context. Names and words are pydantic's, so that clients written for FastAPI understand
 * them. */
#ifndef SERVAL_JSON_ERROR_TYPE_H
#define SERVAL_JSON_ERROR_TYPE_H

#include <stdint.h>

#include <serval/str.h>

#include "base/buf.h"

enum { SV_ERROR_TYPE_MAX_VALUES = 3 };

/* X(NAME, name, message, context keys ...). In the message {0}, {1}, {2} are the values of the
 * context in the order of their keys, and {0s} is an "s" unless value 0 is 1. A null
 * value reads "more": the true length of a set is not known. */
#define SV_ERROR_TYPE_MAP(X)                                                                       \
    X(MISSING, "missing", "Field required", NULL)                                                  \
    X(JSON_INVALID, "json_invalid", "JSON decode error", "error")                                  \
    X(EXTRA_FORBIDDEN, "extra_forbidden", "Extra inputs are not permitted", NULL)                  \
    X(MODEL_ATTRIBUTES_TYPE, "model_attributes_type",                                              \
      "Input should be a valid dictionary or object to extract fields from", NULL)                 \
    X(RECURSION_DEPTH_EXCEEDED, "recursion_depth_exceeded",                                        \
      "Recursion error - maximum validation depth exceeded", NULL)                                 \
    X(STRING_TYPE, "string_type", "Input should be a valid string", NULL)                          \
    X(STRING_TOO_SHORT, "string_too_short", "String should have at least {0} character{0s}",       \
      "min_length")                                                                                \
    X(STRING_TOO_LONG, "string_too_long", "String should have at most {0} character{0s}",          \
      "max_length")                                                                                \
    X(INT_TYPE, "int_type", "Input should be a valid integer", NULL)                               \
    X(INT_PARSING, "int_parsing",                                                                  \
      "Input should be a valid integer, unable to parse string as an integer", NULL)               \
    X(INT_PARSING_SIZE, "int_parsing_size",                                                        \
      "Unable to parse input string as an integer, exceeded maximum size", NULL)                   \
    X(INT_FROM_FLOAT, "int_from_float",                                                            \
      "Input should be a valid integer, got a number with a fractional part", NULL)                \
    X(FLOAT_TYPE, "float_type", "Input should be a valid number", NULL)                            \
    X(FLOAT_PARSING, "float_parsing",                                                              \
      "Input should be a valid number, unable to parse string as a number", NULL)                  \
    X(FINITE_NUMBER, "finite_number", "Input should be a finite number", NULL)                     \
    X(BOOL_TYPE, "bool_type", "Input should be a valid boolean", NULL)                             \
    X(BOOL_PARSING, "bool_parsing", "Input should be a valid boolean, unable to interpret input",  \
      NULL)                                                                                        \
    X(GREATER_THAN, "greater_than", "Input should be greater than {0}", "gt")                      \
    X(GREATER_THAN_EQUAL, "greater_than_equal", "Input should be greater than or equal to {0}",    \
      "ge")                                                                                        \
    X(LESS_THAN, "less_than", "Input should be less than {0}", "lt")                               \
    X(LESS_THAN_EQUAL, "less_than_equal", "Input should be less than or equal to {0}", "le")       \
    X(ENUM, "enum", "Input should be {0}", "expected")                                             \
    X(LIST_TYPE, "list_type", "Input should be a valid list", NULL)                                \
    X(TOO_SHORT, "too_short", "{0} should have at least {1} item{1s} after validation, not {2}",   \
      "field_type", "min_length", "actual_length")                                                 \
    X(TOO_LONG, "too_long", "{0} should have at most {1} item{1s} after validation, not {2}",      \
      "field_type", "max_length", "actual_length")                                                 \
    X(VALUE_ERROR, "value_error", "Value error, {0}", "error")                                     \
    X(TOO_MANY_ERRORS, "too_many_errors", "More than {0} errors, the rest is not listed", "limit") \
    X(NONE_REQUIRED, "none_required", "Input should be None", NULL)                                \
    X(ASSERTION_ERROR, "assertion_error", "Assertion failed, {0}", "error")                        \
    X(MULTIPLE_OF, "multiple_of", "Input should be a multiple of {0}", "multiple_of")              \
    X(LITERAL_ERROR, "literal_error", "Input should be {0}", "expected")                           \
    X(IS_INSTANCE_OF, "is_instance_of", "Input should be an instance of {0}", "class")             \
    X(STRING_PATTERN_MISMATCH, "string_pattern_mismatch", "String should match pattern '{0}'",     \
      "pattern")                                                                                   \
    X(STRING_UNICODE, "string_unicode",                                                            \
      "Input should be a valid string, unable to parse raw data as a unicode string", NULL)        \
    X(JSON_TYPE, "json_type", "JSON input should be string, bytes or bytearray", NULL)             \
    X(JSON_TEXT_INVALID, "json_invalid", "Invalid JSON: {0}", "error")                             \
    X(DICT_TYPE, "dict_type", "Input should be a valid dictionary", NULL)                          \
    X(INVALID_KEY, "invalid_key", "Keys should be strings", NULL)                                  \
    X(SET_TYPE, "set_type", "Input should be a valid set", NULL)                                   \
    X(FROZEN_SET_TYPE, "frozen_set_type", "Input should be a valid frozenset", NULL)               \
    X(TUPLE_TYPE, "tuple_type", "Input should be a valid tuple", NULL)                             \
    X(UNION_TAG_INVALID, "union_tag_invalid",                                                      \
      "Input tag '{1}' found using {0} does not match any of the expected tags: {2}",              \
      "discriminator", "tag", "expected_tags")                                                     \
    X(UNION_TAG_NOT_FOUND, "union_tag_not_found", "Unable to extract tag using discriminator {0}", \
      "discriminator")                                                                             \
    X(DATETIME_TYPE, "datetime_type", "Input should be a valid datetime", NULL)                    \
    X(DATETIME_PARSING, "datetime_parsing", "Input should be a valid datetime, {0}", "error")      \
    X(DATETIME_FROM_DATE_PARSING, "datetime_from_date_parsing",                                    \
      "Input should be a valid datetime or date, {0}", "error")                                    \
    X(DATETIME_PAST, "datetime_past", "Input should be in the past", NULL)                         \
    X(DATETIME_FUTURE, "datetime_future", "Input should be in the future", NULL)                   \
    X(TIMEZONE_AWARE, "timezone_aware", "Input should have timezone info", NULL)                   \
    X(TIMEZONE_NAIVE, "timezone_naive", "Input should not have timezone info", NULL)               \
    X(DATE_TYPE, "date_type", "Input should be a valid date", NULL)                                \
    X(DATE_PARSING, "date_parsing", "Input should be a valid date in the format YYYY-MM-DD, {0}",  \
      "error")                                                                                     \
    X(DATE_FROM_DATETIME_PARSING, "date_from_datetime_parsing",                                    \
      "Input should be a valid date or datetime, {0}", "error")                                    \
    X(DATE_FROM_DATETIME_INEXACT, "date_from_datetime_inexact",                                    \
      "Datetimes provided to dates should have zero time - e.g. be exact dates", NULL)             \
    X(DATE_PAST, "date_past", "Date should be in the past", NULL)                                  \
    X(DATE_FUTURE, "date_future", "Date should be in the future", NULL)                            \
    X(TIME_TYPE, "time_type", "Input should be a valid time", NULL)                                \
    X(TIME_PARSING, "time_parsing", "Input should be in a valid time format, {0}", "error")        \
    X(TIME_DELTA_TYPE, "time_delta_type", "Input should be a valid timedelta", NULL)               \
    X(TIME_DELTA_PARSING, "time_delta_parsing", "Input should be a valid timedelta, {0}", "error") \
    X(UUID_TYPE, "uuid_type", "UUID input should be a string, bytes or UUID object", NULL)         \
    X(UUID_PARSING, "uuid_parsing", "Input should be a valid UUID, {0}", "error")                  \
    X(UUID_VERSION, "uuid_version", "UUID version {0} expected", "expected_version")               \
    X(BYTES_TYPE, "bytes_type", "Input should be a valid bytes", NULL)                             \
    X(BYTES_TOO_SHORT, "bytes_too_short", "Data should have at least {0} byte{0s}", "min_length")  \
    X(BYTES_TOO_LONG, "bytes_too_long", "Data should have at most {0} byte{0s}", "max_length")     \
    X(BYTES_INVALID_ENCODING, "bytes_invalid_encoding", "Data should be valid {0}: {1}",           \
      "encoding", "encoding_error")                                                                \
    X(BASE64_DECODE, "base64_decode", "Base64 decoding error: '{0}'", "error")                     \
    X(DECIMAL_TYPE, "decimal_type",                                                                \
      "Decimal input should be an integer, float, string or Decimal object", NULL)                 \
    X(DECIMAL_PARSING, "decimal_parsing", "Input should be a valid decimal", NULL)                 \
    X(DECIMAL_MAX_DIGITS, "decimal_max_digits",                                                    \
      "Decimal input should have no more than {0} digit{0s} in total", "max_digits")               \
    X(DECIMAL_MAX_PLACES, "decimal_max_places",                                                    \
      "Decimal input should have no more than {0} decimal place{0s}", "decimal_places")            \
    X(DECIMAL_WHOLE_DIGITS, "decimal_whole_digits",                                                \
      "Decimal input should have no more than {0} digit{0s} before the decimal point",             \
      "whole_digits")                                                                              \
    X(URL_TYPE, "url_type", "URL input should be a string or URL", NULL)                           \
    X(URL_PARSING, "url_parsing", "Input should be a valid URL, {0}", "error")                     \
    X(URL_SCHEME, "url_scheme", "URL scheme should be {0}", "expected_schemes")                    \
    X(URL_TOO_LONG, "url_too_long", "URL should have at most {0} character{0s}", "max_length")     \
    X(URL_SYNTAX_VIOLATION, "url_syntax_violation", "Input violated strict URL syntax rules, {0}", \
      "error")                                                                                     \
    X(EMAIL, "value_error", "value is not a valid email address: {0}", "reason")                   \
    X(IP_V4_ADDRESS, "ip_v4_address", "Input is not a valid IPv4 address", NULL)                   \
    X(IP_V6_ADDRESS, "ip_v6_address", "Input is not a valid IPv6 address", NULL)

typedef enum sv_error_type {
    SV_ERROR_TYPE_NONE,
#define SV_ERROR_TYPE_ENUM(NAME, ...) SV_ERROR_TYPE_##NAME,
    SV_ERROR_TYPE_MAP(SV_ERROR_TYPE_ENUM)
#undef SV_ERROR_TYPE_ENUM
} sv_error_type;

typedef struct sv_error_type_info {
    const char *name;
    const char *message;
    const char *keys[SV_ERROR_TYPE_MAX_VALUES]; /* NULL: no more */
} sv_error_type_info;

/* A value of the context. Zeroed: null. */
typedef enum sv_context_kind {
    SV_CONTEXT_NULL,
    SV_CONTEXT_INT,
    SV_CONTEXT_DOUBLE,
    SV_CONTEXT_TEXT,
    SV_CONTEXT_ERROR, /* text in the message, {} in the context: FastAPI's form of an exception */
} sv_context_kind;
typedef struct sv_context {
    sv_context_kind kind;
    int64_t integer;
    double number;
    sv_str text;
} sv_context;

/* Static; never NULL for a type other than SV_ERROR_TYPE_NONE. */
const sv_error_type_info *sv_error_type_get(sv_error_type type);
/* Appends the message of a type; `context` has a value for each of its keys. */
void sv_error_type_append_message(sv_buf *buf, sv_error_type type, const sv_context *context);

#endif
