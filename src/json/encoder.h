/* encoder.h: the state of one encoding, and what encode.c (the walk) and encode_value.c (values
 * without parts) share. For those two only; everybody else: encode.h. */
#ifndef SERVAL_JSON_ENCODER_H
#define SERVAL_JSON_ENCODER_H

#include "json/encode.h"
#include "json/validate.h"

typedef struct sv_encoder {
    sv_writer *writer;
    sv_error *error;
    sv_status status; /* no memory */
    sv_encode_flags flags;
    int depth;
} sv_encoder;

/* Where the encoder is; the outermost has no parent and no name. */
typedef struct sv_encode_place {
    const struct sv_encode_place *parent;
    sv_str name; /* NULL pointer: an index */
    size_t index;
} sv_encode_place;

/* Writes a value; false: it breaks its schema, or memory is out. */
typedef bool sv_encode_function(sv_encoder *encoder, const sv_plan_field *field, const void *value,
                                const sv_encode_place *where);

/* encode.c. Both return false. */
bool sv_encode_refuse(sv_encoder *encoder, const sv_encode_place *where, const char *message);
bool sv_encode_refuse_violation(sv_encoder *encoder, const sv_encode_place *where,
                                const sv_violation *violation);

sv_encode_function sv_encode_value_str, sv_encode_value_int, sv_encode_value_double,
    sv_encode_value_bool, sv_encode_value_enum, sv_encode_value_datetime, sv_encode_value_date,
    sv_encode_value_time, sv_encode_value_duration, sv_encode_value_uuid, sv_encode_value_bytes,
    sv_encode_value_decimal, sv_encode_value_json, sv_encode_value_file;

#endif
