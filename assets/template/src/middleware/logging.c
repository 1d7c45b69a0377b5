#include "middleware/logging.h"

#include <stdio.h>

void logging_done(sv_call *call)
{
    sv_str method = sv_request_method(call), path = sv_request_path(call);
    printf("%.*s %.*s -> %d in %.1f ms\n", SV_STR_ARG(method), SV_STR_ARG(path),
           sv_response_status(call), sv_elapsed_ms(call));
}
