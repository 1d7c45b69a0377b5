/* openapi_body.h: what an operation reads, as OpenAPI's request body. */
#ifndef SERVAL_WEB_OPENAPI_BODY_H
#define SERVAL_WEB_OPENAPI_BODY_H

#include "web/openapi_document.h"

/* Whether a request has a body at all. */
bool sv_openapi_body_is_there(const sv_bound_operation *operation);
/* Adds the component of the body. Several parameters in one body, and the fields of a form, become
 * one that is called Body_<id>. SV_INVALID with `error`: another schema has the name;
 * SV_NO_MEMORY. */
sv_status sv_openapi_body_collect(const sv_openapi_document *doc,
                                  const sv_bound_operation *operation, sv_str id,
                                  sv_error *error) SV_MUST_USE;
/* The member `requestBody`, if there is a body. `id` is that of the operation. SV_NO_MEMORY. */
sv_status sv_openapi_body_write(const sv_openapi_document *doc, const sv_bound_operation *operation,
                                sv_str id) SV_MUST_USE;

#endif
