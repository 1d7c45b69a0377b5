/* plan.h: a schema made ready for requests: rows checked, names measured, patterns compiled,
 * defaults decoded.
 *
 * Built once at start, const from then on, read by every thread. */
#ifndef SERVAL_JSON_PLAN_H
#define SERVAL_JSON_PLAN_H

#include <serval/schema.h>

#include "base/arena.h"
#include "base/buf.h"
#include "json/field.h"
#include "json/pattern.h"
#include "json/value.h"

typedef struct sv_plan sv_plan;
typedef struct sv_plan_field sv_plan_field;

/* One row, or the items of one. */
struct sv_plan_field {
    sv_str name; /* on the wire */
    const sv_field *row;
    size_t value_offset; /* in the struct: of the value inside an SV_OPT, or of the member itself */
    sv_kind kind;
    bool is_plain;    /* neither nullable nor with `.check`: the function of its kind does it all */
    bool required;    /* neither default nor `.optional` */
    bool takes_null;  /* in a request */
    bool strict;      /* the row's or its schema's */
    bool edits_text;  /* the text has a pattern or format, or is changed before it is checked */
    sv_str own_name;  /* taken too when the name on the wire is an alias; NULL pointer: it is not */
    sv_str key;       /* `"name":`, as JSON */
    size_t item_size; /* of a list or array; of a map: of its entries; bytes */
    size_t n_items;   /* of an array */
    const sv_plan_field *item;    /* of a list, map or array; its offsets are those in an item */
    const sv_plan_field *map_key; /* of a map; NULL: any text */
    const sv_plan *plan;          /* of an object */
    sv_str expected;              /* of an enum: 'red', 'green' or 'blue' */
    const sv_value **literals;    /* of SV_ENUM_LITERAL_JSON: its names, parsed */
    const sv_pattern *pattern;
    sv_str label; /* of a union's variant: what pydantic calls its type */
};

/* One value of the discriminator of a union. */
typedef struct sv_plan_tag {
    sv_str text;
    size_t variant; /* index of the field */
} sv_plan_tag;

struct sv_plan {
    const sv_schema *schema;
    const sv_plan_field *fields; /* rows that were left out are not here, nor that of the extras */
    size_t n_fields;
    const sv_plan_field *extras; /* where unknown members are kept; NULL: nowhere */
    const void *defaults;        /* a struct with every default in place */
    /* Of a union with a discriminator: */
    sv_str tag_name;      /* the member that holds the tag, on the wire */
    sv_str quoted_name;   /* 'kind' */
    sv_str expected_tags; /* 'cat', 'dog' */
    const sv_plan_tag *tags;
    size_t n_tags;
};

/* Checks the schema with all that is inside it and builds its plan in `arena` (the application's).
 * Every mistake becomes a line in `mistakes`, see field.h. SV_INVALID when there was one;
 * SV_NO_MEMORY. */
sv_status sv_plan_new(sv_arena *arena, const sv_schema *schema, sv_field_use use, sv_buf *mistakes,
                      const sv_plan **ret_plan) SV_MUST_USE;

#endif
