/* generate.h: the guide's text routes: POST /generate, /chat and /chat/stream, bare and under
 * /api/v1. */
#ifndef SERVAL_API_GENERATE_H
#define SERVAL_API_GENERATE_H

#include <serval/operation.h>

#include "api/model_work.h"

/* Ends with an empty row; the handlers need sv_services as the application's state. */
const sv_operation *sv_generate_operations(void);
/* `begin` of /api/v1/models/{name}/predict for language models: reads the body as /generate does
 * and goes on with the instance that `found` has. */
sv_status sv_generate_begin_model(sv_model_work *found) SV_MUST_USE;

#endif
