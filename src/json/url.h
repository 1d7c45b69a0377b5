/* url.h: absolute URLs as pydantic takes and prints them (HttpUrl, AnyUrl): read and normalised by
 * the WHATWG URL standard, with the words of the Rust crate `url` on errors. Not for fetching: what
 * this server fetches has stricter rules of its own. */
#ifndef SERVAL_JSON_URL_H
#define SERVAL_JSON_URL_H

#include "base/arena.h"
#include "json/error_type.h"

/* What is asked of a URL. */
typedef struct sv_url_rules {
    sv_str schemes[3];    /* lower case; the first empty one ends the list; none: any scheme */
    const char *expected; /* the list as the message says it; NULL without one */
    size_t max_len;       /* bytes of the input; 0: any */
} sv_url_rules;

/* HttpUrl, AnyHttpUrl (any length), AnyUrl, WebsocketUrl, FileUrl, FtpUrl. */
extern const sv_url_rules sv_url_http, sv_url_any_http, sv_url_any, sv_url_websocket, sv_url_file,
    sv_url_ftp;

typedef struct sv_url {
    sv_error_type error; /* SV_ERROR_TYPE_NONE, or one of SV_ERROR_TYPE_URL_... */
    sv_context context;  /* of the error; its text is static */
    sv_str text;         /* normalised: the input itself, or in the arena; empty on an error */
} sv_url;

/* Reads `text`, which is UTF-8. SV_OK also when it is no such URL: `ret_url->error` says so.
 * Otherwise SV_NO_MEMORY. Any thread. */
sv_status sv_url_read(sv_arena *arena, sv_str text, const sv_url_rules *rules,
                      sv_url *ret_url) SV_MUST_USE;

#endif
