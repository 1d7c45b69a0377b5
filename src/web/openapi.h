/* openapi.h: the OpenAPI 3.1 document of an application, from its tables. */
#ifndef SERVAL_WEB_OPENAPI_H
#define SERVAL_WEB_OPENAPI_H

#include "web/application.h"

/* Appends the document to `buf`. SV_INVALID when two different schemas have one name (`error` says
 * which). Start-up only. */
sv_status sv_openapi_write(const sv_application *application, sv_buf *buf,
                           sv_error *error) SV_MUST_USE;

#endif
