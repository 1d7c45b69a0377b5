/* decode_text.c: UUIDs, bytes, decimals, and JSON that is kept as text. Reading them: uuid.c,
 * base64_lax.c, decimal_text.c. */
#include "base/writer.h"
#include "json/base64_lax.h"
#include "json/decimal_text.h"
#include "json/decoder.h"
#include "json/uuid.h"

enum { MAX_JSON = 1 << 30 };

static bool is_strict(const sv_decoder *d, const sv_plan_field *field)
{
    return field->strict && !d->skips_checks;
}

static bool refuse_class(sv_decoder *d, const char *class, const sv_loc *where,
                         const sv_value *value)
{
    return sv_decoder_refuse_text(d, SV_ERROR_TYPE_IS_INSTANCE_OF, where, value,
                                  sv_str_from(class));
}

bool sv_decode_text_uuid(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                         const sv_loc *where, void *out)
{
    sv_violation violation;
    if (is_strict(d, field))
        return refuse_class(d, "UUID", where, value);
    if (sv_value_get_type(value) != SV_VALUE_STR)
        return sv_decoder_refuse(d, SV_ERROR_TYPE_UUID_TYPE, where, value);
    sv_str text = sv_value_str(value);
    if (!sv_uuid_parse(text, out)) {
        sv_str problem = sv_uuid_problem(d->arena, text);
        return problem.ptr
                   ? sv_decoder_refuse_text(d, SV_ERROR_TYPE_UUID_PARSING, where, value, problem)
                   : sv_decoder_stop(d, SV_NO_MEMORY);
    }
    sv_decoder_floor(d, SV_EXACTNESS_LAX);
    return sv_validate_uuid(field->row, out, &violation) ||
           sv_decoder_refuse_violation(d, &violation, where, value);
}

static bool decode_base64(sv_decoder *d, const sv_value *value, const sv_loc *where,
                          sv_bytes *bytes)
{
    sv_str problem;
    sv_status status = sv_base64_lax_decode(d->arena, sv_value_str(value), bytes, &problem);
    if (status == SV_INVALID)
        return sv_decoder_refuse_text(d, SV_ERROR_TYPE_BASE64_DECODE, where, value, problem);
    return status ? sv_decoder_stop(d, status) : true;
}

bool sv_decode_text_bytes(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                          const sv_loc *where, void *out)
{
    sv_violation violation;
    if (sv_value_get_type(value) != SV_VALUE_STR || is_strict(d, field))
        return sv_decoder_refuse(d, SV_ERROR_TYPE_BYTES_TYPE, where, value);
    sv_str text = sv_value_str(value);
    sv_bytes *bytes = out;
    *bytes = (sv_bytes){(const uint8_t *)text.ptr, text.len};
    if (!sv_validate_bytes(field->row, text.len, &violation))
        return sv_decoder_refuse_violation(d, &violation, where, value);
    sv_decoder_floor(d, SV_EXACTNESS_LAX);
    return field->row->format != SV_FORMAT_BASE64 || decode_base64(d, value, where, bytes);
}

/* The text of a number in Python's form. */
static sv_error_type read_decimal(sv_decoder *d, const sv_value *value, sv_decimal *decimal)
{
    sv_value_type type = sv_value_get_type(value);
    char number[SV_DECIMAL_TEXT_DOUBLE_SIZE];
    sv_str text;
    if (type == SV_VALUE_STR)
        text = sv_value_str(value);
    else if (type == SV_VALUE_INT || type == SV_VALUE_BIG_INT)
        text = sv_decode_text_of(d, value);
    else if (type == SV_VALUE_DOUBLE)
        text = (sv_str){number, sv_decimal_text_from_double(sv_value_double(value), number)};
    else
        return type == SV_VALUE_INFINITE ? SV_ERROR_TYPE_FINITE_NUMBER : SV_ERROR_TYPE_DECIMAL_TYPE;
    char *made = d->status ? NULL : sv_arena_alloc_raw(d->arena, sv_decimal_text_size(text.len));
    if (!made) {
        d->status = SV_NO_MEMORY;
        return SV_ERROR_TYPE_NONE;
    }
    decimal->text.ptr = made;
    return sv_decimal_text_parse(text, made, &decimal->text.len);
}

bool sv_decode_text_decimal(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                            const sv_loc *where, void *out)
{
    sv_violation violation;
    sv_decimal *decimal = out;
    if (is_strict(d, field))
        return refuse_class(d, "Decimal", where, value);
    sv_error_type error = read_decimal(d, value, decimal);
    if (d->status)
        return false;
    if (error)
        return sv_decoder_refuse(d, error, where, value);
    sv_decoder_floor(d, SV_EXACTNESS_LAX);
    return sv_validate_decimal(field->row, *decimal, &violation) ||
           sv_decoder_refuse_violation(d, &violation, where, value);
}

sv_str sv_decode_text_of(sv_decoder *d, const sv_value *value)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, MAX_JSON);
    sv_writer_init(&writer, &buf);
    sv_value_write(value, &writer, 0);
    sv_str text = sv_buf_status(&buf) ? (sv_str){0} : sv_arena_copy(d->arena, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
    if (!text.ptr)
        d->status = SV_NO_MEMORY;
    return text;
}

bool sv_decode_text_json(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                         const sv_loc *where, void *out)
{
    (void)field, (void)where;
    sv_json *json = out;
    json->text = sv_decode_text_of(d, value);
    return json->text.ptr != NULL;
}
