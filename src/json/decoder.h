/* decoder.h: the state of one decoding, and what the files that decode single kinds share. For
 * decode*.c only; everybody else: decode.h.
 *
 * DESIGN. A kind is one function and one row of the table in decode.c. A function writes what it
 * read to `out` and returns true, or adds errors at `where` and returns false. */
#ifndef SERVAL_JSON_DECODER_H
#define SERVAL_JSON_DECODER_H

#include "json/decode.h"
#include "json/validate.h"

/* How well a value fits a type, for unions: pydantic's three classes. */
typedef enum sv_exactness {
    SV_EXACTNESS_LAX,
    SV_EXACTNESS_STRICT,
    SV_EXACTNESS_EXACT
} sv_exactness;

typedef struct sv_decoder {
    sv_arena *arena;
    sv_errors *errors;
    sv_status status; /* what stops everything: no memory, or a check's own failure */
    int depth;
    bool skips_checks;
    /* Inside a union: the worst fit so far, and how many members of objects were given (-1: there
     * was no object). */
    sv_exactness exactness;
    int n_given;
    int n_unions;   /* open ones without discriminator */
    size_t n_tried; /* variants of unions within unions */
    /* Values of the members of the objects that are open, innermost last; may move when it grows.
     */
    const sv_value **found;
    size_t n_found, capacity;
} sv_decoder;

/* Decodes `value` into `out`, which is the member itself or, of nullable ones, its value. */
typedef bool sv_decode_function(sv_decoder *decoder, const sv_plan_field *field,
                                const sv_value *value, const sv_loc *where, void *out);

/* All return false. */
bool sv_decoder_stop(sv_decoder *decoder, sv_status status);
bool sv_decoder_refuse(sv_decoder *decoder, sv_error_type type, const sv_loc *where,
                       const sv_value *value);
/* With one text as context. */
bool sv_decoder_refuse_text(sv_decoder *decoder, sv_error_type type, const sv_loc *where,
                            const sv_value *value, sv_str text);
bool sv_decoder_refuse_violation(sv_decoder *decoder, const sv_violation *violation,
                                 const sv_loc *where, const sv_value *value);
/* What a custom check said; true when it agreed. */
bool sv_decoder_conclude(sv_decoder *decoder, sv_status status, const sv_check *check,
                         const sv_loc *where, const sv_value *value);

/* True when going on would find nothing that anybody reads. */
static inline bool sv_decoder_has_ended(const sv_decoder *decoder)
{
    return decoder->status || sv_errors_is_full(decoder->errors);
}
/* The value fits no better than that. */
static inline void sv_decoder_floor(sv_decoder *decoder, sv_exactness exactness)
{
    if (decoder->exactness > exactness)
        decoder->exactness = exactness;
}

/* decode.c: by kind. */
extern sv_decode_function *const sv_decode_functions[];
/* decode.c: null, `set`, pointers, then the kind's function and the custom check. */
bool sv_decode_careful(sv_decoder *decoder, const sv_plan_field *field, const sv_value *value,
                       const sv_loc *where, char *structure);
/* One member, or one item, that is there. `structure` is the struct or the item. */
static inline bool sv_decode_slot(sv_decoder *decoder, const sv_plan_field *field,
                                  const sv_value *value, const sv_loc *where, char *structure)
{
    if (!field->is_plain)
        return sv_decode_careful(decoder, field, value, where, structure);
    return sv_decode_functions[field->kind](decoder, field, value, where,
                                            structure + field->value_offset);
}
/* decode.c: a whole schema of whatever shape. */
bool sv_decode_object(sv_decoder *decoder, const sv_plan *plan, const sv_value *value,
                      const sv_loc *where, void *out);

/* The kinds, by the file they are in. */
sv_decode_function sv_decode_scalar_str, sv_decode_scalar_int, sv_decode_scalar_double,
    sv_decode_scalar_bool;
sv_decode_function sv_decode_choice;
sv_decode_function sv_decode_moment_datetime, sv_decode_moment_date, sv_decode_moment_time,
    sv_decode_moment_duration;
sv_decode_function sv_decode_text_uuid, sv_decode_text_bytes, sv_decode_text_decimal,
    sv_decode_text_json;
sv_decode_function sv_decode_list, sv_decode_list_array;
sv_decode_function sv_decode_map;
bool sv_decode_map_extras(sv_decoder *decoder, const sv_plan *plan, const sv_value *object,
                          sv_extras *ret_extras);
bool sv_decode_list_tuple(sv_decoder *decoder, const sv_plan *plan, const sv_value *value,
                          const sv_loc *where, void *out);
bool sv_decode_union(sv_decoder *decoder, const sv_plan *plan, const sv_value *value,
                     const sv_loc *where, void *out);
/* decode_text.c: a value as compact JSON text in the arena; NULL pointer: the decoder has stopped.
 */
sv_str sv_decode_text_of(sv_decoder *decoder, const sv_value *value);

#endif
