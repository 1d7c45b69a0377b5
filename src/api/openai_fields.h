/* openai_fields.h: members of OpenAI's request bodies, read by tables: a name, a type, a range, a
 * place in a struct. `null` is as good as absent, a boolean is no number, and names that nobody
 * reads are fine. Not the requests themselves: openai_request.h. */
#ifndef SERVAL_API_OPENAI_FIELDS_H
#define SERVAL_API_OPENAI_FIELDS_H

#include "web/call.h"
#include "json/value.h"

/* Kinds of these endpoints; their codes are OpenAI's in capitals (http/mw_error.c). */
extern const sv_error_kind sv_openai_invalid_value, sv_openai_invalid_type, sv_openai_missing,
    sv_openai_context_length;

typedef enum sv_openai_type {
    SV_OPENAI_INTEGER, /* int64_t; 3.0 is one */
    SV_OPENAI_NUMBER,  /* double */
    SV_OPENAI_BOOLEAN, /* bool */
    SV_OPENAI_STRING,  /* sv_str */
    SV_OPENAI_OBJECT,  /* const sv_value * */
    SV_OPENAI_ARRAY,   /* const sv_value * */
} sv_openai_type;

typedef struct sv_openai_field {
    sv_openai_type type;
    sv_str name;
    size_t offset;
    double min, max; /* of numbers, both allowed */
    bool is_required;
} sv_openai_field;

/* A row: the type without its prefix, then what else it has. */
#define SV_OPENAI_FIELD(STRUCT, NAME, MEMBER, ...)                                                 \
    {.name = SV_STR_INIT(NAME), .offset = offsetof(STRUCT, MEMBER), .type = SV_OPENAI_##__VA_ARGS__}

/* Reads the members that are there into `*into`, by rows that end with {0}; a later row of the same
 * place wins. `error` gets the member as its path, below `prefix` ("" at the top, else
 * "tools[0]."). SV_INVALID. */
sv_status sv_openai_fields_read(const sv_value *object, const sv_openai_field *rows,
                                const char *prefix, void *into, sv_error *error) SV_MUST_USE;
/* The member; NULL: absent or null. */
const sv_value *sv_openai_fields_get(const sv_value *object, sv_str name);
bool sv_openai_fields_is(const sv_value *value, sv_value_type type);

/* Refusals: SV_INVALID with path and a message. */
sv_status sv_openai_fields_refuse(sv_error *error, const char *param, const char *format, ...)
    SV_PRINTF(3, 4);
sv_status sv_openai_fields_refuse_type(sv_error *error, const char *param, const char *expected,
                                       const sv_value *got);
sv_status sv_openai_fields_refuse_missing(sv_error *error, const char *param);

/* Reads the call's body as an object. SV_FAILED, told to the call. */
sv_status sv_openai_fields_body(sv_call *call, const sv_value **ret_body) SV_MUST_USE;
/* Ends with what a reader left in `error`: its path is the `param`. */
sv_status sv_openai_fields_fail(sv_call *call, sv_status status, const sv_error *error);

#endif
