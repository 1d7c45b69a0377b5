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
 * context in the order of their keys, and {0s} is an "s" unless value 0 is 1. */
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
    X(TOO_MANY_ERRORS, "too_many_errors", "More than {0} errors, the rest is not listed", "limit")

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
