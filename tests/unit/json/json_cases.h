/* json_cases.h: reads the recorded cases of tests/cases/validation, and what tests of this room
 * share. Failures end the test. */
#ifndef SERVAL_TESTS_JSON_CASES_H
#define SERVAL_TESTS_JSON_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>

#include "base/arena.h"
#include "json/errors.h"
#include "json/plan.h"
#include "json/value.h"

/* tests/cases/validation/<name>, parsed. */
const sv_value *cases_read(sv_arena *arena, const char *name);
/* A member that must be there. */
const sv_value *cases_get(const sv_value *object, const char *name);
/* JSON text that must parse. */
const sv_value *cases_parse(sv_arena *arena, const char *json);
/* A value as compact JSON. */
sv_str cases_text(sv_arena *arena, const sv_value *value);
/* The detail list of errors. */
sv_str cases_detail(sv_arena *arena, const sv_errors *errors);
/* A plan of a schema that must be without mistakes. */
const sv_plan *cases_plan(sv_arena *arena, const sv_schema *schema, sv_field_use use);
/* What a server answers to a JSON body: the struct as JSON, or "type at path" of every error, with
 * a comma and a blank between. */
sv_str cases_answer(sv_arena *arena, const sv_schema *schema, const char *body);
/* A struct as JSON; or, when it breaks its schema, "path: message". */
sv_str cases_encode(sv_arena *arena, const sv_schema *schema, const void *value);
/* The mistakes of a schema, as one text. */
sv_str cases_mistakes(sv_arena *arena, const sv_schema *schema, sv_field_use use);
/* A model of case_schemas.h, a body and its answer. */
typedef struct cases_row {
    const char *model, *body, *answer;
} cases_row;
/* Every row must be answered so. */
void cases_check(const cases_row *rows, size_t n_rows);
/* Both texts must be equal; `what` is printed when they are not. Returns false then. */
bool cases_same(sv_str what, sv_str expected, sv_str actual);

#endif
