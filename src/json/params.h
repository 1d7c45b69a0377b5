/* params.h: path and query parameters -> struct, by the rules for bodies: every value is a text. */
#ifndef SERVAL_JSON_PARAMS_H
#define SERVAL_JSON_PARAMS_H

#include "base/arena.h"
#include "json/errors.h"
#include "json/plan.h"

typedef struct sv_param {
    sv_place in;        /* SV_IN_PATH or SV_IN_QUERY */
    sv_str name, value; /* percent-decoded UTF-8 */
} sv_param;

typedef struct sv_params {
    const sv_param *items; /* in the order of the request */
    size_t len;
} sv_params;

/* A new struct of the plan's schema (built for SV_FIELD_PARAMS) in the arena. Of a parameter given
 * several times the last counts, a list takes all. A field of SV_IN_AUTO is looked for in the path,
 * then in the query. Unknown parameters are ignored unless the schema forbids them. Errors stand at
 * ["path", name], then at ["query", name]. Texts are borrowed: they must live as long as the
 * struct. Status as sv_decode_body. */
sv_status sv_params_decode(sv_arena *arena, const sv_plan *plan, const sv_params *params,
                           sv_errors *errors, void **ret_struct) SV_MUST_USE;

#endif
