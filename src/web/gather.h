/* gather.h: the parameters of a request, wherever they stand: path, query, headers, cookies, form.
 */
#ifndef SERVAL_WEB_GATHER_H
#define SERVAL_WEB_GATHER_H

#include "http/form.h"
#include "web/call.h"
#include "json/errors.h"

/* Decodes the parameters of one plan into a struct in the call's arena. SV_INVALID: mistakes were
 * added to `errors`; SV_FAILED: sv_fail was called. */
sv_status sv_gather_params(sv_call *call, const sv_plan *plan, sv_errors *errors,
                           const void **ret_params) SV_MUST_USE;

/* The parts of a form in the body, by its content type; a body of another type has none. SV_FAILED:
 * sv_fail was called. */
sv_status sv_gather_form(sv_call *call, sv_form *ret_form) SV_MUST_USE;

#endif
