/* field.h: finds every mistake in a schema table, before a request can. */
#ifndef SERVAL_JSON_FIELD_H
#define SERVAL_JSON_FIELD_H

#include <serval/schema.h>

#include "base/buf.h"

/* What a schema is used for. */
typedef enum sv_field_use {
    SV_FIELD_BODY,   /* body or answer: everything */
    SV_FIELD_PARAMS, /* path and query: no objects */
} sv_field_use;

/* Appends one line per mistake to `mistakes` ("generate.max_tokens: `le` is smaller than `ge`\n")
 * of this schema and the ones inside it; `default_json` and `example_json` are only parsed here
 * (sv_plan_new validates defaults). SV_OK, SV_INVALID, or the status of a buffer that failed. */
sv_status sv_field_check(const sv_schema *schema, sv_field_use use, sv_buf *mistakes) SV_MUST_USE;

#endif
