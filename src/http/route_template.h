/* route_template.h: the template of a route's path, as segments: text, `{name}`, `{name:path}`.
 * Pure; which route a path belongs to: router.h. */
#ifndef SERVAL_HTTP_ROUTE_TEMPLATE_H
#define SERVAL_HTTP_ROUTE_TEMPLATE_H

#include <stdbool.h>

#include <serval/status.h>
#include <serval/str.h>

typedef enum sv_route_part_kind {
    SV_ROUTE_PART_TEXT,  /* itself */
    SV_ROUTE_PART_PARAM, /* `{name}`: one segment, not empty */
    SV_ROUTE_PART_REST,  /* `{name:path}`: all that is left, slashes too, maybe empty */
} sv_route_part_kind;

/* One segment of a template. */
typedef struct sv_route_part {
    sv_route_part_kind kind;
    sv_str text; /* or the parameter's name */
} sv_route_part;

/* What stands behind the first slash of a template or a path: its segments are cut off by
 * sv_str_split at each slash. */
sv_str sv_route_template_segments(sv_str path);
sv_route_part sv_route_template_read(sv_str segment);
/* SV_INVALID with the reason when `path` is no template, see sv_router_add. */
sv_status sv_route_template_check(const char *path, sv_error *error) SV_MUST_USE;

#endif
