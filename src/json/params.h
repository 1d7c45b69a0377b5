/* params.h: what a request says outside of a JSON body, as texts with names, -> a struct: path,
 * query, headers, cookies, forms with files. */
#ifndef SERVAL_JSON_PARAMS_H
#define SERVAL_JSON_PARAMS_H

#include "base/arena.h"
#include "json/errors.h"
#include "json/plan.h"

typedef struct sv_param {
    sv_place in;         /* not SV_IN_AUTO */
    sv_str name, value;  /* decoded UTF-8; names of headers in any case */
    const sv_file *file; /* a part of a form with a file; NULL: `value` counts */
} sv_param;

typedef struct sv_params {
    const sv_param *items; /* in the order of the request */
    size_t len;
} sv_params;

/* A new struct of the plan's schema (built for SV_FIELD_PARAMS) in the arena. Of a parameter given
 * several times the last counts, of a header the first; a list takes all. A field of SV_IN_AUTO is
 * looked for in the path, then in the query. An empty text in a form counts as missing. Unknown
 * parameters of query and form are ignored unless the schema forbids them. Errors stand at
 * ["path", name], then "query", "header", "cookie", "body". Texts and files are borrowed: they must
 * live as long as the struct. Status as sv_decode_body. */
sv_status sv_params_decode(sv_arena *arena, const sv_plan *plan, const sv_params *params,
                           sv_errors *errors, void **ret_struct) SV_MUST_USE;

#endif
