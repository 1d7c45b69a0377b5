/* target.h: the request target, taken apart and normalised. Pure; any thread. */
#ifndef SERVAL_HTTP_TARGET_H
#define SERVAL_HTTP_TARGET_H

#include <stdbool.h>

#include <serval/status.h>
#include <serval/str.h>

#include "base/arena.h"
#include "http/framing.h"

/* Stands in `sv_target.path` for an encoded slash, which must not part segments: a byte that UTF-8
 * does not have. */
enum { SV_TARGET_SLASH = 0xFF };

typedef struct sv_target {
    sv_str authority; /* of an absolute target, without user; NULL pointer: none */
    sv_str raw_path;  /* as received; "*" for the asterisk form */
    sv_str query;     /* after '?', as received */
    sv_str path;      /* decoded, dot segments removed, bytes that are not UTF-8 replaced; see
                         SV_TARGET_SLASH */
    bool is_asterisk;
} sv_target;

/* Takes a target apart: `/p?q`, `http://h/p?q`, or `*`. Spans point into `text`; a decoded path is
 * in `arena`. */
sv_refusal sv_target_read(sv_arena *arena, sv_str text, sv_target *ret_target);

/* A span of `path` with its encoded slashes written out: as "%2F", or as "/" where they are data (a
 * path parameter). NULL pointer when out of memory. */
sv_str sv_target_show_path(sv_arena *arena, sv_str path);
sv_str sv_target_read_param(sv_arena *arena, sv_str span);

#endif
