/* decoder.c: how decoding refuses a value or stops. What is refused: decode.c and its kinds. */
#include "json/decoder.h"

#include "json/check.h"

bool sv_decoder_stop(sv_decoder *d, sv_status status)
{
    d->status = status;
    return false;
}

bool sv_decoder_refuse(sv_decoder *d, sv_error_type type, const sv_loc *where,
                       const sv_value *value)
{
    sv_errors_add(d->errors, type, where, (sv_input){.value = value}, NULL);
    return false;
}

bool sv_decoder_refuse_text(sv_decoder *d, sv_error_type type, const sv_loc *where,
                            const sv_value *value, sv_str text)
{
    sv_context context = {.kind = SV_CONTEXT_TEXT, .text = text};
    sv_errors_add(d->errors, type, where, (sv_input){.value = value}, &context);
    return false;
}

bool sv_decoder_refuse_violation(sv_decoder *d, const sv_violation *violation, const sv_loc *where,
                                 const sv_value *value)
{
    sv_errors_add(d->errors, violation->type, where, (sv_input){.value = value},
                  violation->context);
    return false;
}

bool sv_decoder_conclude(sv_decoder *d, sv_status status, const sv_check *check,
                         const sv_loc *where, const sv_value *value)
{
    if (!status)
        return true;
    if (status != SV_INVALID)
        return sv_decoder_stop(d, status);
    sv_context text = {.kind = SV_CONTEXT_ERROR,
                       .text = check->message.ptr ? check->message : SV_STR("invalid")};
    sv_errors_add(d->errors, SV_ERROR_TYPE_VALUE_ERROR, where, (sv_input){.value = value}, &text);
    return false;
}
