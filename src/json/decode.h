/* decode.h: JSON value + plan -> struct, by pydantic v2's rules in lax mode.
 *
 * How a request is decoded, so that errors come in FastAPI's order:
 *     sv_errors_init(&errors, arena);
 *     status = sv_body_read(arena, &body, &errors, &value);             // body.h; a syntax error
 * is reported alone if (!status) { status = sv_params_decode(arena, params_plan, &params, &errors,
 * &params_struct);     // params.h body_status = sv_decode_body(arena, body_plan, value, &errors,
 * &in_struct);
 *     }
 * SV_INVALID of any of them: answer 422 with sv_errors_write as `detail`. */
#ifndef SERVAL_JSON_DECODE_H
#define SERVAL_JSON_DECODE_H

#include "base/arena.h"
#include "json/errors.h"
#include "json/plan.h"
#include "json/value.h"

/* Objects of a schema inside objects of a schema; deeper ones are refused with recursion_loop, as
 * pydantic does. */
enum { SV_DECODE_MAX_DEPTH = 255 };

/* A new struct of the plan's schema in the arena, from `value`; NULL means that there was no body
 * at all ("missing"). Every mistake is added to `errors` at ["body", …]. SV_OK; SV_INVALID
 * (`errors` has why); SV_NO_MEMORY; or what a custom check returned other than SV_INVALID. */
sv_status sv_decode_body(sv_arena *arena, const sv_plan *plan, const sv_value *value,
                         sv_errors *errors, void **ret_struct) SV_MUST_USE;

/* The same at any place, e.g. a settings file; `where` may be NULL: paths then start with the
 * field. */
sv_status sv_decode_value(sv_arena *arena, const sv_plan *plan, const sv_value *value,
                          const sv_loc *where, sv_errors *errors, void **ret_struct) SV_MUST_USE;

#endif
