/* multipart.h: multipart/form-data (RFC 7578), read as a stream: bytes in pieces of any size give
 * events; and a whole body as a list of parts. Pure: no I/O; a parser belongs to one thread. */
#ifndef SERVAL_HTTP_MULTIPART_H
#define SERVAL_HTTP_MULTIPART_H

#include <serval/status.h>
#include <serval/str.h>

#include "http/form.h"
#include "http/part_head.h"

typedef struct sv_multipart sv_multipart;

typedef enum sv_multipart_kind {
    SV_MULTIPART_MORE,     /* the piece is used up */
    SV_MULTIPART_PART,     /* a part begins: `head` */
    SV_MULTIPART_DATA,     /* `bytes` of it */
    SV_MULTIPART_PART_END, /* it is complete */
    SV_MULTIPART_END       /* the form is complete; what follows is ignored */
} sv_multipart_kind;

typedef struct sv_multipart_event {
    sv_multipart_kind kind;
    sv_part_head head; /* in the arena */
    sv_str bytes;      /* in the piece or the parser: valid until the next call */
} sv_multipart_event;

/* A parser, in the arena, for the boundary that `content_type` names. SV_INVALID, with FastAPI's
 * message in `error`: no boundary, or none that is 1 to 70 printable characters. SV_NO_MEMORY. */
sv_status sv_multipart_new(sv_arena *arena, sv_str content_type, const sv_form_limits *limits,
                           sv_error *error, sv_multipart **ret_parser) SV_MUST_USE;

/* Cuts what belongs to the next event off `*piece`; call until SV_MULTIPART_MORE. SV_INVALID: the
 * bytes are no form, or the parser failed before. SV_TOO_LARGE: a limit; SV_NO_MEMORY. All have
 * FastAPI's message in `error`, and are final. */
sv_status sv_multipart_next(sv_multipart *parser, sv_str *piece, sv_error *error,
                            sv_multipart_event *ret_event) SV_MUST_USE;

/* True once the last delimiter has come. A body that ends before is cut off: SV_INVALID, whatever
 * its parts. */
sv_status sv_multipart_finish(const sv_multipart *parser, sv_error *error) SV_MUST_USE;

/* Reads a whole body with a fresh parser. Bytes of files are spans of `body`; fields are too if
 * they are UTF-8, else they are read as ISO 8859-1 (as Starlette does). Failures as above. */
sv_status sv_multipart_collect(sv_multipart *parser, sv_str body, sv_error *error,
                               sv_form *ret_form) SV_MUST_USE;

#endif
