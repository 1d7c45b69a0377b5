/* openapi_responses.h: what an operation answers, as OpenAPI's responses. */
#ifndef SERVAL_WEB_OPENAPI_RESPONSES_H
#define SERVAL_WEB_OPENAPI_RESPONSES_H

#include "web/openapi_document.h"

/* Adds the components that the responses refer to. SV_INVALID with `error`: another schema has the
 * name; SV_NO_MEMORY. */
sv_status sv_openapi_responses_collect(const sv_openapi_document *doc,
                                       const sv_bound_operation *operation,
                                       sv_error *error) SV_MUST_USE;
/* The member `responses`: the success, then every error that a request can be answered with, of
 * the layers around the handler too; all errors of one status are one response. SV_NO_MEMORY;
 * SV_TOO_LARGE when their titles together are longer than 4 KiB. */
sv_status sv_openapi_responses_write(const sv_openapi_document *doc,
                                     const sv_bound_operation *operation) SV_MUST_USE;

#endif
