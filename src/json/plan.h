/* plan.h: a schema made ready for requests: rows checked, names measured, defaults decoded.
 *
 * Built once at start, const from then on, read by every thread. */
#ifndef SERVAL_JSON_PLAN_H
#define SERVAL_JSON_PLAN_H

#include <serval/schema.h>

#include "base/arena.h"
#include "base/buf.h"
#include "json/field.h"

typedef struct sv_plan sv_plan;

/* One row. */
typedef struct sv_plan_field {
    const sv_field *row;
    sv_str name;
    sv_str key;      /* `"name":`, as JSON */
    bool required;   /* neither default nor `.optional` */
    bool takes_null; /* in a request */
    size_t
        value_offset; /* in the struct: of the value inside an sv_opt_…, or of the member itself */
    size_t item_size; /* of a list's items, bytes */
    const sv_plan *plan; /* of an object, or of a list's items */
    sv_str expected;     /* of an enum: 'red', 'green' or 'blue' */
} sv_plan_field;

struct sv_plan {
    const sv_schema *schema;
    const sv_plan_field *fields; /* rows that were left out are not here */
    size_t n_fields;
    const void *defaults; /* a struct with every default in place */
};

/* Checks the schema with all that is inside it and builds its plan in `arena` (the application's).
 * Every mistake becomes a line in `mistakes`, see field.h. SV_INVALID when there was one;
 * SV_NO_MEMORY. */
sv_status sv_plan_new(sv_arena *arena, const sv_schema *schema, sv_field_use use, sv_buf *mistakes,
                      const sv_plan **ret_plan) SV_MUST_USE;

#endif
