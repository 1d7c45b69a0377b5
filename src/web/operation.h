/* operation.h: one row of a table of operations, checked and bound. */
#ifndef SERVAL_WEB_OPERATION_H
#define SERVAL_WEB_OPERATION_H

#include "web/application.h"

/* Completes `bound`, of which routes.c has filled what the row and its surroundings say; its plans
 * live in `arena`. Every mistake of the row becomes a line of `problems`, beginning with its method
 * and path; SV_INVALID then. */
sv_status sv_operation_bind(sv_bound_operation *bound, sv_arena *arena,
                            sv_buf *problems) SV_MUST_USE;
/* Where the field of a parameter schema comes from. */
sv_place sv_operation_place_of(const sv_bound_operation *bound, const sv_field *field);

#endif
