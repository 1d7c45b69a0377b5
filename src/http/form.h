/* form.h: what a form sends, as a list of parts, and the reader of
 * application/x-www-form-urlencoded. multipart/form-data, which gives the same list, is read by
 * multipart.h. Pure: no I/O, no state; any thread. */
#ifndef SERVAL_HTTP_FORM_H
#define SERVAL_HTTP_FORM_H

#include <stddef.h>

#include <serval/status.h>
#include <serval/str.h>

#include "base/arena.h"

/* One field or file. Text is UTF-8; the filename is what the client says, never a path. */
typedef struct sv_form_part {
    sv_str name;
    sv_str filename;     /* NULL pointer: a text field */
    sv_str content_type; /* NULL pointer: none was given */
    sv_str bytes;        /* of a file: as sent */
} sv_form_part;

/* In the order sent; names may repeat. */
typedef struct sv_form {
    sv_form_part *parts;
    size_t n_parts;
} sv_form;

typedef struct sv_form_limits {
    size_t max_parts;       /* text fields, and as many files */
    size_t max_field_bytes; /* of a part that is not a file */
    size_t max_head_bytes;  /* of a part of multipart/form-data */
} sv_form_limits;

/* 1000 parts, 1 MiB a field, 8 KiB a head: as Starlette. */
extern const sv_form_limits sv_form_limits_default;

/* Reads "a=1&b=2": '+' is a space, escapes that are not hexadecimal stay as written, bytes that are
 * not UTF-8 become U+FFFD. Parts and what had to be decoded lie in the arena, the rest in `body`.
 * SV_TOO_LARGE, with Starlette's message in `error`: more parts than allowed, or a longer one.
 * SV_NO_MEMORY. */
sv_status sv_form_read(sv_arena *arena, sv_str body, const sv_form_limits *limits, sv_error *error,
                       sv_form *ret_form) SV_MUST_USE;

/* What is said of forms beyond a limit, with its status and kind (400). */
sv_status sv_form_refuse_count(sv_error *error, const char *what, size_t limit);
sv_status sv_form_refuse_size(sv_error *error, const char *what, size_t limit_bytes);

#endif
