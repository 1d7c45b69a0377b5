/* decode_scalar.c: text, numbers and truth values. Which value is a number: coerce.c; limits:
 * validate.c; text that is more than text: text_rules.c. */
#include "json/check.h"
#include "json/coerce.h"
#include "json/decoder.h"
#include "json/text_rules.h"

static bool edit_text(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                      const sv_loc *where, sv_str *text)
{
    sv_violation violation;
    sv_status status = sv_text_rules_apply(d->arena, field, text, &violation);
    if (status == SV_INVALID)
        return sv_decoder_refuse_violation(d, &violation, where, value);
    return status ? sv_decoder_stop(d, status) : true;
}

/* Formats have their own word for what is no text. */
static sv_error_type not_text(const sv_plan_field *field)
{
    return field->edits_text ? sv_text_rules_not_text(field->row->format)
                             : SV_ERROR_TYPE_STRING_TYPE;
}

bool sv_decode_scalar_str(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                          const sv_loc *where, void *out)
{
    sv_violation violation;
    sv_str *text = out;
    if (sv_value_get_type(value) == SV_VALUE_STR)
        *text = sv_value_str(value);
    else if (!field->edits_text || !sv_text_rules_from_number(d->arena, field, value, text))
        return sv_decoder_refuse(d, not_text(field), where, value);
    if (field->edits_text) {
        if (!edit_text(d, field, value, where, text))
            return false;
        sv_decoder_floor(d, field->row->format ? SV_EXACTNESS_LAX : SV_EXACTNESS_EXACT);
    } else if (!sv_validate_str(field->row, *text, &violation)) {
        return sv_decoder_refuse_violation(d, &violation, where, value);
    }
    if (!field->row->check_str || d->skips_checks)
        return true;
    sv_check check = {.arena = d->arena};
    return sv_decoder_conclude(d, field->row->check_str(&check, text), &check, where, value);
}

bool sv_decode_scalar_int(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                          const sv_loc *where, void *out)
{
    sv_violation violation;
    int64_t *number = out;
    sv_value_type type = sv_value_get_type(value);
    if (type != SV_VALUE_INT) {
        if (field->strict && type != SV_VALUE_BIG_INT)
            return sv_decoder_refuse(d, SV_ERROR_TYPE_INT_TYPE, where, value);
        sv_decoder_floor(d, SV_EXACTNESS_LAX);
    }
    sv_error_type error = sv_coerce_int(value, number);
    if (error)
        return sv_decoder_refuse(d, error, where, value);
    if (!sv_validate_int(field->row, *number, &violation))
        return sv_decoder_refuse_violation(d, &violation, where, value);
    if (!field->row->check_int || d->skips_checks)
        return true;
    sv_check check = {.arena = d->arena};
    return sv_decoder_conclude(d, field->row->check_int(&check, number), &check, where, value);
}

bool sv_decode_scalar_double(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                             const sv_loc *where, void *out)
{
    sv_violation violation;
    double *number = out;
    sv_value_type type = sv_value_get_type(value);
    if (type != SV_VALUE_DOUBLE) {
        bool is_text = type == SV_VALUE_STR || type == SV_VALUE_BOOL;
        if (field->strict && is_text)
            return sv_decoder_refuse(d, SV_ERROR_TYPE_FLOAT_TYPE, where, value);
        sv_decoder_floor(d, is_text ? SV_EXACTNESS_LAX : SV_EXACTNESS_STRICT);
    }
    sv_error_type error = sv_coerce_double(value, number);
    if (error)
        return sv_decoder_refuse(d, error, where, value);
    if (!sv_validate_double(field->row, *number, &violation))
        return sv_decoder_refuse_violation(d, &violation, where, value);
    if (!field->row->check_double || d->skips_checks)
        return true;
    sv_check check = {.arena = d->arena};
    return sv_decoder_conclude(d, field->row->check_double(&check, number), &check, where, value);
}

bool sv_decode_scalar_bool(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                           const sv_loc *where, void *out)
{
    if (sv_value_get_type(value) != SV_VALUE_BOOL) {
        if (field->strict)
            return sv_decoder_refuse(d, SV_ERROR_TYPE_BOOL_TYPE, where, value);
        sv_decoder_floor(d, SV_EXACTNESS_LAX);
    }
    sv_error_type error = sv_coerce_bool(value, out);
    return error ? sv_decoder_refuse(d, error, where, value) : true;
}
