/* body.h: the bytes of a request body -> a JSON value, by FastAPI's rules about content types.
 * Pure. */
#ifndef SERVAL_JSON_BODY_H
#define SERVAL_JSON_BODY_H

#include "json/errors.h"
#include "json/value.h"

typedef struct sv_body {
    sv_str content_type; /* the header's value; NULL pointer: there was none */
    sv_str bytes;        /* must live as long as the arena: a body that is not JSON is not copied */
    int max_depth;       /* 0: SV_VALUE_MAX_DEPTH */
    size_t max_values;   /* 0: SV_VALUE_MAX_VALUES */
    bool only_json;      /* a body of another type counts as none */
} sv_body;

/* True for application/json and application/…+json, any case, any parameters. */
bool sv_body_is_json(sv_str content_type);

/* Gives the value to decode. NULL: the body was empty. A body of another content type, or of none,
 * is one text, which the schema then refuses, unless `only_json`. SV_OK; SV_INVALID: a syntax
 * error, added to `errors` as json_invalid (it stands alone: answer at once); SV_FAILED: not UTF-8,
 * a lone surrogate or nested too deeply, answer 400 INVALID_JSON with SV_BODY_UNREADABLE;
 * SV_TOO_LARGE: too many values; SV_NO_MEMORY. */
sv_status sv_body_read(sv_arena *arena, const sv_body *body, sv_errors *errors,
                       const sv_value **ret_value) SV_MUST_USE;

/* Message and detail of that 400. */
#define SV_BODY_UNREADABLE "There was an error parsing the body"

#endif
