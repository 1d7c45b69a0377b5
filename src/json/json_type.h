/* json_type.h: the type and the limits of one row as JSON Schema. Whole schemas and components:
 * json_schema.h. */
#ifndef SERVAL_JSON_JSON_TYPE_H
#define SERVAL_JSON_JSON_TYPE_H

#include <serval/schema.h>

#include "base/writer.h"

/* Which of two places a field is described at: they differ in how bounds of integers look. */
typedef enum sv_json_type_place {
    SV_JSON_TYPE_AT_PROPERTY,
    SV_JSON_TYPE_AT_PARAM,
} sv_json_type_place;

/* The component that a value of this row is described by; NULL: none. */
const char *sv_json_type_component(const sv_field *row);
/* Type and limits as members of an object that is open. */
void sv_json_type_write(sv_writer *writer, const sv_field *row, sv_json_type_place place);
/* What stands behind title and default: the discriminator of a union. */
void sv_json_type_write_discriminator(sv_writer *writer, const sv_field *row);
/* All of a schema that is no component: a tuple or a union. */
void sv_json_type_write_inline(sv_writer *writer, const sv_schema *schema);
/* The values of an enum: `"type":…,"enum":[…]`. */
void sv_json_type_write_choices(sv_writer *writer, const sv_enum *names);
/* True for schemas that are described where they are used: tuples and unions. */
bool sv_json_type_is_inline(const sv_schema *schema);
/* "$ref" as a member of an object that is open. */
void sv_json_type_write_ref(sv_writer *writer, const char *component);

#endif
