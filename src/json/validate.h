/* validate.h: is a value within the limits of its row? Pure; used on requests and on answers. */
#ifndef SERVAL_JSON_VALIDATE_H
#define SERVAL_JSON_VALIDATE_H

#include <serval/schema.h>

#include "json/error_type.h"

/* The first limit that does not hold. */
typedef struct sv_violation {
    sv_error_type type;
    sv_context context[SV_ERROR_TYPE_MAX_VALUES];
} sv_violation;

/* True when the value is within the limits; else `*ret_violation` tells which it breaks. */
bool sv_validate_len(const sv_field *row, sv_str text, sv_violation *ret_violation);
static inline bool sv_validate_str(const sv_field *row, sv_str text, sv_violation *ret_violation)
{
    bool has_limit = row->min_len || row->max_len;
    return !has_limit || sv_validate_len(row, text, ret_violation);
}
bool sv_validate_int(const sv_field *row, int64_t number, sv_violation *ret_violation);
bool sv_validate_double(const sv_field *row, double number, sv_violation *ret_violation);
bool sv_validate_decimal(const sv_field *row, sv_decimal decimal, sv_violation *ret_violation);
/* Bytes as they are on the wire: of base64 that text. */
bool sv_validate_bytes(const sv_field *row, size_t n_bytes, sv_violation *ret_violation);
bool sv_validate_uuid(const sv_field *row, const sv_uuid *uuid, sv_violation *ret_violation);
/* Of a list, set or map: of a list too many items are refused before the items are looked at,
 * everything else after. */
bool sv_validate_max_items(const sv_field *row, size_t n_items, sv_violation *ret_violation);
bool sv_validate_min_items(const sv_field *row, size_t n_items, sv_violation *ret_violation);
/* The violation of a `what` ("Tuple") with too many items. */
sv_violation sv_validate_too_long(const char *what, size_t limit, size_t n_items);

#endif
