/* json_schema.h: schema tables -> JSON Schema 2020-12 as FastAPI writes it into OpenAPI 3.1. */
#ifndef SERVAL_JSON_JSON_SCHEMA_H
#define SERVAL_JSON_JSON_SCHEMA_H

#include <serval/schema.h>

#include "base/arena.h"
#include "base/writer.h"

/* The components of one document, by name. */
typedef struct sv_json_schema_set sv_json_schema_set;

/* Empty, in the arena; NULL when out of memory. */
sv_json_schema_set *sv_json_schema_set_new(sv_arena *arena);
/* Adds a schema and every schema and enum inside it, once each; tuples, unions and literals inside
 * are described where they are used and are no components. SV_INVALID when another one has the
 * same name (`error` tells which); SV_NO_MEMORY. The schema must be one that sv_plan_new accepted.
 */
sv_status sv_json_schema_add(sv_json_schema_set *set, const sv_schema *schema,
                             sv_error *error) SV_MUST_USE;
/* Adds the enums that a parameter schema uses, but not the schema itself: parameters are written
 * one by one. */
sv_status sv_json_schema_add_params(sv_json_schema_set *set, const sv_schema *schema,
                                    sv_error *error) SV_MUST_USE;
/* Adds a component of the caller's own: static JSON text. Statuses as above. */
sv_status sv_json_schema_add_json(sv_json_schema_set *set, const char *name, const char *json,
                                  sv_error *error) SV_MUST_USE;
/* FastAPI's HTTPValidationError and ValidationError. */
sv_status sv_json_schema_add_validation_error(sv_json_schema_set *set, sv_error *error) SV_MUST_USE;
/* The object of all components, sorted by name: {"Item":{…},…}. */
void sv_json_schema_write_components(const sv_json_schema_set *set, sv_writer *writer);

/* The name a schema has among the components. */
const char *sv_json_schema_component(const sv_schema *schema);
/* {"$ref":"#/components/schemas/NAME"} */
void sv_json_schema_write_ref(sv_writer *writer, const char *name);
/* The schema of one field, as it stands at a parameter. */
void sv_json_schema_write_param(sv_writer *writer, const sv_field *field);
/* The object of the form fields of a parameter schema, files included. */
void sv_json_schema_write_form(sv_writer *writer, const sv_schema *params, const char *title);
/* A name in Title Case, as a JSON text: "model_version" gives "Model Version". */
void sv_json_schema_write_title(sv_writer *writer, sv_str name);

#endif
