/* model_body.c: from the bytes of a body to its members. */
#include "api/model_body.h"

#include "web/dispatch.h"
#include "json/body.h"

const sv_loc sv_model_body_place = {.name = SV_STR_INIT("body")};

sv_status sv_model_body_read(sv_call *call, sv_errors *errors, const sv_value **ret_body)
{
    sv_body body = {.content_type = sv_request_header(call, "content-type"),
                    .bytes = call->request.body,
                    .max_values = SV_MODEL_BODY_MAX_VALUES};
    const sv_value *value = NULL;
    if (!sv_body_is_json(body.content_type))
        return sv_fail(call, &sv_kind_unsupported_media_type,
                       "This model takes application/json, not %.*s",
                       SV_STR_ARG(sv_str_slice(body.content_type, 0, 100)));
    sv_status status = sv_body_read(call->arena, &body, errors, &value);
    if (!status && !value) {
        sv_errors_add(errors, SV_ERROR_TYPE_MISSING, &sv_model_body_place, (sv_input){0}, NULL);
        status = SV_INVALID;
    }
    if (status == SV_INVALID)
        return sv_dispatch_refuse(call, errors);
    if (status == SV_FAILED)
        return sv_fail(call, &sv_kind_invalid_json, SV_BODY_UNREADABLE);
    if (status == SV_TOO_LARGE)
        return sv_fail(call, &sv_kind_payload_too_large, "The body holds too many values");
    if (!status)
        *ret_body = value;
    return status;
}

sv_status sv_model_body_get(const sv_value *body, sv_str name, sv_value_type type,
                            sv_errors *errors, const sv_value **ret_value)
{
    const sv_loc member = {.parent = &sv_model_body_place, .name = name};
    const sv_value *value = sv_value_get(body, name);
    bool is_object = sv_value_get_type(body) == SV_VALUE_OBJECT;
    if (!is_object)
        sv_errors_add(errors, SV_ERROR_TYPE_MODEL_ATTRIBUTES_TYPE, &sv_model_body_place,
                      (sv_input){.value = body}, NULL);
    else if (!value)
        sv_errors_add(errors, SV_ERROR_TYPE_MISSING, &member, (sv_input){.value = body}, NULL);
    else if (sv_value_get_type(value) != type)
        sv_errors_add(errors,
                      type == SV_VALUE_ARRAY ? SV_ERROR_TYPE_LIST_TYPE : SV_ERROR_TYPE_DICT_TYPE,
                      &member, (sv_input){.value = value}, NULL);
    if (errors->status)
        return errors->status;
    *ret_value = value;
    return SV_OK;
}
