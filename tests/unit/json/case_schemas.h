/* case_schemas.h: the models of tests/cases/validation/record.py as schema tables. */
#ifndef SERVAL_TESTS_CASE_SCHEMAS_H
#define SERVAL_TESTS_CASE_SCHEMAS_H

#include <serval/schema.h>

/* By the name of the Python model; NULL when there is none. */
const sv_schema *case_schema(sv_str name);
/* All of them, NULL at the end: of record.py itself, and of kinds.py. */
extern const sv_schema *const case_schemas[], *const kind_schemas[];
/* The parameters of the routes /query and /path/{item_id}/{size}. */
extern const sv_schema *const case_query_schema, *const case_path_schema;

#endif
