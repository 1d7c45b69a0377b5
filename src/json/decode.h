/* decode.h: JSON value + plan -> struct, by pydantic v2's rules in lax mode.
 *
 * A request is decoded in three steps, so that errors come in FastAPI's order: sv_body_read (a
 * syntax error stands alone), sv_params_decode, sv_decode_body. When any of them returned
 * SV_INVALID, the answer is a 422 with sv_errors_write as its `detail`. */
#ifndef SERVAL_JSON_DECODE_H
#define SERVAL_JSON_DECODE_H

#include "base/arena.h"
#include "json/errors.h"
#include "json/plan.h"
#include "json/value.h"

/* Levels of objects; deeper ones are refused with recursion_depth_exceeded, as by pydantic. */
enum { SV_DECODE_MAX_DEPTH = 254 };

/* A new struct of the plan's schema in the arena, from `value`; NULL means that there was no body
 * at all ("missing"). Every mistake is added to `errors` at ["body", …]. Texts are borrowed from
 * the document. SV_OK; SV_INVALID (`errors` has why); SV_NO_MEMORY; or what a custom check returned
 * other than SV_INVALID. */
sv_status sv_decode_body(sv_arena *arena, const sv_plan *plan, const sv_value *value,
                         sv_errors *errors, void **ret_struct) SV_MUST_USE;

/* The same for settings and the like, where the place is called "value". */
sv_status sv_decode_value(sv_arena *arena, const sv_plan *plan, const sv_value *value,
                          sv_errors *errors, void **ret_struct) SV_MUST_USE;

/* One member whose value was found elsewhere. */
typedef struct sv_decode_member {
    const sv_plan_field *field;
    sv_str name;                 /* in `loc` */
    const sv_value *value;       /* NULL: absent, unless there are files */
    const sv_loc *place;         /* what the member's name follows in `loc` */
    const sv_file *const *files; /* of a form; in a list NULL where `value` has a text */
    size_t n_files;
} sv_decode_member;

/* The same from members that come one by one (params.c): one for each field of the plan, in the
 * order in which errors shall be listed. What refuses the whole stands at the last one's place. */
sv_status sv_decode_members(sv_arena *arena, const sv_plan *plan, const sv_decode_member *members,
                            sv_errors *errors, void **ret_struct) SV_MUST_USE;

/* Puts a default into a struct of the field's schema (plan.c). Custom checks are not run. */
sv_status sv_decode_default(sv_arena *arena, const sv_plan_field *field, const sv_value *value,
                            sv_errors *errors, void *structure) SV_MUST_USE;

#endif
