/* oip_body.h: JSON bodies of the Open Inference Protocol, but for those of inferences, which are
 * read without a value for each number (oip_request.h). */
#ifndef SERVAL_API_OIP_BODY_H
#define SERVAL_API_OIP_BODY_H

#include "web/call.h"
#include "json/value.h"

/* The call's body as an object; `*ret_object` is NULL for an empty one. SV_FAILED, told to the
 * call; SV_TOO_LARGE, SV_NO_MEMORY. */
sv_status sv_oip_body_read(sv_call *call, const sv_value **ret_object) SV_MUST_USE;

#endif
