/* openapi_security.h: how clients prove who they are, in OpenAPI. */
#ifndef SERVAL_WEB_OPENAPI_SECURITY_H
#define SERVAL_WEB_OPENAPI_SECURITY_H

#include "web/openapi_document.h"

/* The member `security` of an operation, if it has any: each scheme once. */
void sv_openapi_security_write(const sv_openapi_document *doc, const sv_bound_operation *operation);
/* The schemes of operations (a NULL-terminated list of them), each once, sorted as they come.
 * SV_INVALID with `error` when two different ones have one name; SV_NO_MEMORY. The list lives as
 * long as the document. */
sv_status sv_openapi_security_collect(const sv_openapi_document *doc,
                                      const sv_bound_operation *const *operations,
                                      const sv_security *const **ret_schemes,
                                      sv_error *error) SV_MUST_USE;
/* The member `securitySchemes` of the components, if there are any. */
void sv_openapi_security_write_schemes(const sv_openapi_document *doc,
                                       const sv_security *const *schemes);

#endif
