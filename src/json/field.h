/* field.h: finds every mistake in a schema table before a request can. */
#ifndef SERVAL_JSON_FIELD_H
#define SERVAL_JSON_FIELD_H

#include <serval/schema.h>

#include "base/buf.h"

/* What a schema is used for. */
typedef enum sv_field_use {
    SV_FIELD_BODY,   /* body or answer: everything but files */
    SV_FIELD_PARAMS, /* path, query, headers, cookies, forms: no objects */
} sv_field_use;

/* Appends one line per mistake of this schema to `mistakes`, e.g. "generate.max_tokens: `le` is
 * below `ge`\n". Schemas inside it, and whether defaults are valid: sv_plan_new. SV_OK, SV_INVALID,
 * or the status of a buffer that failed. */
sv_status sv_field_check(const sv_schema *schema, sv_field_use use, sv_buf *mistakes) SV_MUST_USE;

/* A row that was left out: {0}. */
bool sv_field_is_left_out(const sv_field *row);

#endif
