/* model_body.h: the JSON body of a call whose schema depends on the model that it names: read and
 * judged by hand, refused in the same words as any other. */
#ifndef SERVAL_API_MODEL_BODY_H
#define SERVAL_API_MODEL_BODY_H

#include "web/call.h"
#include "json/errors.h"
#include "json/value.h"

/* Values in one body, names included: two million numbers and their lists. */
enum { SV_MODEL_BODY_MAX_VALUES = 4 << 20 };

/* Parses the body. Failures were told to the call (SV_FAILED): 415 for a body that is not JSON, 400
 * or 422 for bad JSON, 413 for too many values; SV_NO_MEMORY. */
sv_status sv_model_body_read(sv_call *call, sv_errors *errors,
                             const sv_value **ret_body) SV_MUST_USE;

/* A member of the body, of the type asked for (ARRAY or OBJECT). SV_INVALID: the mistake is in
 * `errors`, at ["body", name]. */
sv_status sv_model_body_get(const sv_value *body, sv_str name, sv_value_type type,
                            sv_errors *errors, const sv_value **ret_value) SV_MUST_USE;

/* "body", where every place begins. */
extern const sv_loc sv_model_body_place;

#endif
