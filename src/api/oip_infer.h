/* oip_infer.h: POST /v2/models/{model}[/versions/{version}]/infer. */
#ifndef SERVAL_API_OIP_INFER_H
#define SERVAL_API_OIP_INFER_H

#include "web/call.h"

enum { SV_OIP_INFER_MAX_BODY = 64 << 20 }; /* bytes, before and after decompression */

/* The handler: reads body, headers and path of the call and answers it with bytes. SV_DEFERRED, or
 * SV_FAILED, told to the call; SV_NO_MEMORY. */
sv_status sv_oip_infer(sv_call *call);

#endif
