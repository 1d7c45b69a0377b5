/* predict.h: POST /api/v1/predict; and what other routes that take pictures share with it. */
#ifndef SERVAL_API_PREDICT_H
#define SERVAL_API_PREDICT_H

#include <serval/operation.h>

#include "json/errors.h"
#include "json/value.h"

/* Ends with {0}; the application's state must be a sv_services. Static. */
const sv_operation *sv_predict_operations(void);

/* `image_url` of a body. SV_INVALID: `errors` has why; SV_NO_MEMORY. */
sv_status sv_predict_read_address(sv_arena *arena, const sv_value *body, sv_errors *errors,
                                  sv_str *ret_address) SV_MUST_USE;

#endif
