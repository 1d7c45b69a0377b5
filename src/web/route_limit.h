/* route_limit.h: which rate limit each operation has: the settings' word first, then its row's. At
 * start only. How limits are obeyed: http/mw_limit.h. */
#ifndef SERVAL_WEB_ROUTE_LIMIT_H
#define SERVAL_WEB_ROUTE_LIMIT_H

#include "web/application.h"

/* The limits of `n` bound operations, parsed into `arena` and set in their policies. The
 * `rate_limits` of `config` name operations by method and path; "none" lifts a row's own.
 * SV_INVALID: each mistake is a line of `problems`, an unknown operation with the nearest one. */
sv_status sv_route_limit_apply(sv_bound_operation *operations, size_t n,
                               const sv_application_config *config, sv_arena *arena,
                               sv_buf *problems) SV_MUST_USE;
/* Reads a limit of a setting or a row: NULL, "" and "none" are no limit (`n_rules` 0). SV_INVALID:
 * a line of `problems` that begins with `where` and a colon. */
sv_status sv_route_limit_read(const char *text, const char *where, sv_buf *problems,
                              sv_rate_limit *ret_limit) SV_MUST_USE;

#endif
