/* planner.h: what the files that build a plan share: plan.c (schemas), plan_field.c (rows),
 * plan_union.c (variants). For plan*.c only. */
#ifndef SERVAL_JSON_PLANNER_H
#define SERVAL_JSON_PLANNER_H

#include "json/plan.h"

/* A plan in the making. */
typedef struct sv_plan_draft sv_plan_draft;
struct sv_plan_draft {
    sv_plan_draft *next;
    sv_plan plan;
    sv_plan_field *fields;
    bool has_started; /* its defaults */
};

typedef struct sv_planner {
    sv_arena *arena;
    sv_buf *mistakes;
    sv_field_use use;
    sv_plan_draft *drafts;
    const char *row; /* of the schema that is planned just now: rows of items have no name */
    bool has_mistakes;
} sv_planner;

/* The plan of a schema, made when it is met first. One with mistakes stays without fields. */
sv_status sv_plan_add(sv_planner *planner, const sv_schema *schema,
                      sv_plan_draft **ret_draft) SV_MUST_USE;
/* Notes a mistake of a row (NULL: of the schema). */
void sv_plan_report(sv_planner *planner, const sv_schema *schema, const char *row,
                    const char *format, ...) SV_PRINTF(4, 5);

/* Fills in everything about a row of `schema` but defaults and labels. */
sv_status sv_plan_field_fill(sv_planner *planner, const sv_schema *schema, const sv_field *row,
                             sv_plan_field *ret_field) SV_MUST_USE;

/* Tags and labels of a union, once the fields of all plans are there. */
sv_status sv_plan_union_fill(sv_planner *planner, sv_plan_draft *draft) SV_MUST_USE;

#endif
