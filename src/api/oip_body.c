/* oip_body.c: a body as an object, refused in the words of Triton. */
#include "api/oip_body.h"

#include "api/oip_data.h"

sv_status sv_oip_body_read(sv_call *call, const sv_value **ret_object)
{
    sv_value_limits limits = {.max_depth = SV_OIP_MAX_DEPTH};
    sv_value_error why;
    *ret_object = NULL;
    if (!call->request.body.len)
        return SV_OK;
    sv_status status = sv_value_parse(call->arena, call->request.body, &limits, &why, ret_object);
    if (status == SV_INVALID && why.problem == SV_VALUE_TOO_DEEP)
        return sv_fail(call, &sv_kind_invalid_input,
                       "JSON nesting depth exceeds maximum allowed limit (%d)", SV_OIP_MAX_DEPTH);
    if (status == SV_INVALID)
        return sv_fail(call, &sv_kind_invalid_input,
                       "failed to parse the request JSON buffer: %s at %zu", why.message,
                       why.position);
    if (!status && sv_value_get_type(*ret_object) != SV_VALUE_OBJECT)
        return sv_fail(call, &sv_kind_invalid_input,
                       "failed to parse the request JSON buffer: expected an object");
    return status;
}
