#include "middleware/logging.h"

#include <stdio.h>

/* The path as it came, percent-encoded: a client cannot break lines with it. The answer has the
 * same id in X-Request-ID. */
void logging_done(sv_call *call)
{
    sv_str id = sv_request_id(call), method = sv_request_method(call);
    sv_str path = sv_request_raw_path(call);
    fprintf(stderr,
            "Request completed request_id=%.*s method=%.*s path=%.*s status_code=%d "
            "duration_ms=%.2f\n",
            SV_STR_ARG(id), SV_STR_ARG(method), SV_STR_ARG(path), sv_response_status(call),
            sv_elapsed_ms(call));
}
