/* field.h: finds every mistake in a schema table before a request can, and knows how members of
 * each kind lie in memory. */
#ifndef SERVAL_JSON_FIELD_H
#define SERVAL_JSON_FIELD_H

#include <serval/schema.h>

#include "base/buf.h"

/* What a schema is used for. */
typedef enum sv_field_use {
    SV_FIELD_BODY,   /* body or answer: everything */
    SV_FIELD_PARAMS, /* path and query: no objects */
} sv_field_use;

/* Appends one line per mistake of this schema to `mistakes`, e.g. "generate.max_tokens: `le` is
 * below `ge`\n". Schemas inside it, and whether defaults are valid: sv_plan_new. SV_OK, SV_INVALID,
 * or the status of a buffer that failed. */
sv_status sv_field_check(const sv_schema *schema, sv_field_use use, sv_buf *mistakes) SV_MUST_USE;

/* A row that was left out: {0}. */
bool sv_field_is_left_out(const sv_field *row);
/* Where the value of a member stands in the struct: in an sv_opt_… behind its `set`. */
size_t sv_field_value_offset(const sv_field *row);
/* Bytes of one item of a list. */
size_t sv_field_item_size(const sv_field *row);

#endif
