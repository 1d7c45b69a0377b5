/* part_head.h: the head of one part of multipart/form-data, and the parameters of a field value.
 * Pure: no I/O, no state; any thread. */
#ifndef SERVAL_HTTP_PART_HEAD_H
#define SERVAL_HTTP_PART_HEAD_H

#include <serval/status.h>
#include <serval/str.h>

#include "base/arena.h"

/* Texts are UTF-8. */
typedef struct sv_part_head {
    sv_str name;
    sv_str filename;     /* NULL pointer: a text field */
    sv_str content_type; /* NULL pointer: none */
} sv_part_head;

/* Reads field lines, each with its CRLF, up to the empty line and with it (RFC 7578). Texts are
 * copied into the arena. SV_INVALID, with FastAPI's message in `error`: not field lines, or no
 * `Content-Disposition: form-data` with a name. SV_NO_MEMORY. */
sv_status sv_part_head_read(sv_arena *arena, sv_str lines, sv_error *error,
                            sv_part_head *ret_head) SV_MUST_USE;

/* The last parameter of this name, compared without case, in `value; name=text; name="text"`, as
 * written: with its quotes. NULL pointer: there is none. */
sv_str sv_part_head_param(sv_str value, sv_str name);

/* Text that is not UTF-8 is read as ISO 8859-1, as Starlette does. NULL pointer when out of memory.
 */
sv_str sv_part_head_to_utf8(sv_arena *arena, sv_str text);

/* Says that the body is not multipart/form-data, and returns SV_INVALID. */
sv_status sv_part_head_refuse(sv_error *error);

#endif
