/* cookie.h: the fields Cookie and Set-Cookie, read and written as Starlette does it. Pure: no I/O,
 * no state; any thread. */
#ifndef SERVAL_HTTP_COOKIE_H
#define SERVAL_HTTP_COOKIE_H

#include <serval/cookie.h>
#include <serval/status.h>

#include "base/arena.h"

/* Cuts the next cookie off `*rest`, the value of a Cookie field: "a=b; c". A piece without '=' is a
 * value without a name; pieces of white space are skipped. Quotes around a value are taken off and
 * its escapes resolved; what is not UTF-8 becomes U+FFFD. Texts are spans of `*rest` where nothing
 * had to change, else of the arena. Repeated names are all given, in order. Odd input is never an
 * error: false at the end, and when out of memory. */
bool sv_cookie_next(sv_str *rest, sv_arena *arena, sv_str *ret_name, sv_str *ret_value);

/* The value of a Set-Cookie field, in the arena. SV_INVALID, with the reason in `error`: a name, or
 * text, that no cookie can have. SV_NO_MEMORY. */
sv_status sv_cookie_format(sv_arena *arena, const sv_cookie *cookie, sv_error *error,
                           sv_str *ret_value) SV_MUST_USE;

#endif
