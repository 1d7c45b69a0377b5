/* encode_value.c: values without parts as JSON, the mirror of decode_scalar.c, decode_choice.c,
 * decode_moment.c and decode_text.c. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "json/decimal_text.h"
#include "json/encoder.h"
#include "json/json_scan.h"
#include "json/moment_rules.h"
#include "json/temporal_text.h"
#include "json/text_rules.h"
#include "json/uuid.h"

enum { DECIMAL_ON_STACK = 256 };

static bool check_text(sv_encoder *e, const sv_plan_field *field, sv_str text,
                       const sv_encode_place *where)
{
    sv_violation violation;
    if (!field->edits_text)
        return sv_validate_str(field->row, text, &violation) ||
               sv_encode_refuse_violation(e, where, &violation);
    if (!sv_str_is_utf8(text)) /* patterns want it */
        return sv_encode_refuse(e, where, "the text is not UTF-8");
    e->status = sv_text_rules_check(field, text, &violation);
    if (e->status == SV_INVALID) {
        e->status = SV_OK;
        return sv_encode_refuse_violation(e, where, &violation);
    }
    return !e->status;
}

bool sv_encode_value_str(sv_encoder *e, const sv_plan_field *field, const void *value,
                         const sv_encode_place *where)
{
    const sv_str *text = value;
    if (!check_text(e, field, *text, where))
        return false;
    sv_writer_str(e->writer, *text);
    return !e->writer->has_repaired || sv_encode_refuse(e, where, "the text is not UTF-8");
}

bool sv_encode_value_int(sv_encoder *e, const sv_plan_field *field, const void *value,
                         const sv_encode_place *where)
{
    const int64_t *number = value;
    sv_violation violation;
    if (!sv_validate_int(field->row, *number, &violation))
        return sv_encode_refuse_violation(e, where, &violation);
    sv_writer_int(e->writer, *number);
    return true;
}

bool sv_encode_value_double(sv_encoder *e, const sv_plan_field *field, const void *value,
                            const sv_encode_place *where)
{
    const double *number = value;
    sv_violation violation;
    if (!sv_validate_double(field->row, *number, &violation))
        return sv_encode_refuse_violation(e, where, &violation);
    sv_writer_double(e->writer, *number);
    return true;
}

bool sv_encode_value_bool(sv_encoder *e, const sv_plan_field *field, const void *value,
                          const sv_encode_place *where)
{
    (void)field, (void)where;
    sv_writer_bool(e->writer, *(const bool *)value);
    return true;
}

static void write_choice(sv_writer *writer, const sv_enum *names, size_t i)
{
    switch (names->form) {
    case SV_ENUM_NAMES:
    case SV_ENUM_LITERAL_NAMES:
        sv_writer_str(writer, sv_str_from(names->values[i].name));
        break;
    case SV_ENUM_NUMBERS:
        sv_writer_int(writer, names->values[i].value);
        break;
    case SV_ENUM_LITERAL_JSON:
        sv_writer_raw(writer, sv_str_from(names->values[i].name));
        break;
    }
}

bool sv_encode_value_enum(sv_encoder *e, const sv_plan_field *field, const void *value,
                          const sv_encode_place *where)
{
    const sv_enum *names = field->row->enumeration;
    int number;
    memcpy(&number, value, sizeof number);
    for (size_t i = 0; i < names->n_values; i++) {
        if (names->values[i].value == number) {
            write_choice(e->writer, names, i);
            return true;
        }
    }
    sv_violation violation = {SV_ERROR_TYPE_ENUM,
                              {{.kind = SV_CONTEXT_TEXT, .text = field->expected}}};
    return sv_encode_refuse_violation(e, where, &violation);
}

bool sv_encode_value_datetime(sv_encoder *e, const sv_plan_field *field, const void *value,
                              const sv_encode_place *where)
{
    const sv_datetime *datetime = value;
    char text[SV_TEMPORAL_TEXT_SIZE];
    sv_violation violation;
    if (!sv_moment_rules_is_date(datetime->date) || !sv_moment_rules_is_time(&datetime->time))
        return sv_encode_refuse(e, where, "there is no such date or time");
    if (!sv_moment_rules_datetime(sv_moment_rules_lasting(field->row->moment), field->row->zone,
                                  datetime, &violation))
        return sv_encode_refuse_violation(e, where, &violation);
    sv_writer_str(e->writer, (sv_str){text, sv_temporal_text_datetime(datetime, text)});
    return true;
}

bool sv_encode_value_date(sv_encoder *e, const sv_plan_field *field, const void *value,
                          const sv_encode_place *where)
{
    const sv_date *date = value;
    char text[SV_TEMPORAL_TEXT_SIZE];
    sv_violation violation;
    if (!sv_moment_rules_is_date(*date))
        return sv_encode_refuse(e, where, "there is no such date");
    if (!sv_moment_rules_date(sv_moment_rules_lasting(field->row->moment), *date, &violation))
        return sv_encode_refuse_violation(e, where, &violation);
    sv_writer_str(e->writer, (sv_str){text, sv_temporal_text_date(*date, text)});
    return true;
}

bool sv_encode_value_time(sv_encoder *e, const sv_plan_field *field, const void *value,
                          const sv_encode_place *where)
{
    (void)field;
    char text[SV_TEMPORAL_TEXT_SIZE];
    if (!sv_moment_rules_is_time(value))
        return sv_encode_refuse(e, where, "there is no such time");
    sv_writer_str(e->writer, (sv_str){text, sv_temporal_text_time(value, text)});
    return true;
}

bool sv_encode_value_duration(sv_encoder *e, const sv_plan_field *field, const void *value,
                              const sv_encode_place *where)
{
    (void)field;
    const sv_duration *duration = value;
    char text[SV_TEMPORAL_TEXT_SIZE];
    if (!sv_moment_rules_is_duration(duration))
        return sv_encode_refuse(e, where, "the duration is not in its normal form");
    sv_writer_str(e->writer, (sv_str){text, sv_temporal_text_duration(*duration, text)});
    return true;
}

bool sv_encode_value_uuid(sv_encoder *e, const sv_plan_field *field, const void *value,
                          const sv_encode_place *where)
{
    char text[SV_UUID_TEXT_LEN];
    sv_violation violation;
    if (!sv_validate_uuid(field->row, value, &violation))
        return sv_encode_refuse_violation(e, where, &violation);
    sv_uuid_print(value, text);
    sv_writer_str(e->writer, (sv_str){text, sizeof text});
    return true;
}

static void write_base64(sv_writer *writer, sv_bytes bytes)
{
    size_t len = sv_base64_encoded_len(bytes.len);
    sv_writer_str(writer, SV_STR(""));
    writer->buf->len -= !sv_buf_status(writer->buf); /* the text goes between the quotes */
    char *text = sv_buf_reserve(writer->buf, len);
    if (!text)
        return;
    sv_base64_encode(bytes.ptr, bytes.len, text);
    sv_buf_advance(writer->buf, len);
    sv_buf_append_byte(writer->buf, '"');
}

bool sv_encode_value_bytes(sv_encoder *e, const sv_plan_field *field, const void *value,
                           const sv_encode_place *where)
{
    const sv_bytes *bytes = value;
    bool is_base64 = field->row->format == SV_FORMAT_BASE64;
    sv_str text = {(const char *)bytes->ptr, bytes->len};
    sv_violation violation;
    size_t n_bytes = is_base64 ? sv_base64_encoded_len(bytes->len) : bytes->len;
    if (is_base64 && n_bytes < field->row->min_len)
        n_bytes = field->row->min_len; /* foreign characters may have counted on the way in */
    if (!sv_validate_bytes(field->row, n_bytes, &violation))
        return sv_encode_refuse_violation(e, where, &violation);
    if (is_base64)
        write_base64(e->writer, *bytes);
    else
        sv_writer_str(e->writer, text);
    return !e->writer->has_repaired ||
           sv_encode_refuse(e, where, "the bytes are not UTF-8; send them as base64");
}

bool sv_encode_value_decimal(sv_encoder *e, const sv_plan_field *field, const void *value,
                             const sv_encode_place *where)
{
    const sv_decimal *decimal = value;
    char on_stack[DECIMAL_ON_STACK], *room = on_stack;
    size_t size = sv_decimal_text_size(decimal->text.len);
    sv_decimal normal = {.text = {on_stack, 0}};
    sv_violation violation;
    if (size > sizeof on_stack && !(normal.text.ptr = room = malloc(size))) {
        e->status = SV_NO_MEMORY;
        return false;
    }
    bool valid = !sv_decimal_text_parse(decimal->text, room, &normal.text.len);
    if (!valid)
        sv_encode_refuse(e, where, "the text is no decimal number");
    else if (!sv_validate_decimal(field->row, normal, &violation))
        valid = sv_encode_refuse_violation(e, where, &violation);
    else
        sv_writer_str(e->writer, normal.text);
    if (room != on_stack)
        free(room);
    return valid;
}

bool sv_encode_value_json(sv_encoder *e, const sv_plan_field *field, const void *value,
                          const sv_encode_place *where)
{
    (void)field;
    const sv_json *json = value;
    sv_value_error error;
    if (!json->text.ptr) {
        sv_writer_null(e->writer);
        return true;
    }
    if (!sv_json_scan(json->text, SV_VALUE_MAX_DEPTH, &error))
        return sv_encode_refuse(e, where, "the text is not JSON");
    sv_writer_raw(e->writer, json->text);
    return true;
}

bool sv_encode_value_file(sv_encoder *e, const sv_plan_field *field, const void *value,
                          const sv_encode_place *where)
{
    (void)field, (void)value;
    return sv_encode_refuse(e, where, "a file is no part of JSON");
}
