/* openapi_operation.h: one operation in OpenAPI. */
#ifndef SERVAL_WEB_OPENAPI_OPERATION_H
#define SERVAL_WEB_OPENAPI_OPERATION_H

#include "web/openapi_document.h"

/* FastAPI's unique id: function name, path, method; NULL pointer when out of memory. */
sv_str sv_openapi_operation_id(const sv_openapi_document *doc, const sv_bound_operation *operation);
/* The path as a key of `paths`: without the application's prefix, "{rest:path}" as "{rest}"; NULL
 * pointer when out of memory. */
sv_str sv_openapi_operation_path(const sv_openapi_document *doc,
                                 const sv_bound_operation *operation);
/* Adds what the operation refers to to the components. SV_INVALID with `error`: another schema has
 * the name; SV_NO_MEMORY. */
sv_status sv_openapi_operation_collect(const sv_openapi_document *doc,
                                       const sv_bound_operation *operation,
                                       sv_error *error) SV_MUST_USE;
/* The Operation Object. SV_NO_MEMORY. */
sv_status sv_openapi_operation_write(const sv_openapi_document *doc,
                                     const sv_bound_operation *operation) SV_MUST_USE;

#endif
