/* parser.h: the bytes of one request -> events. Fed in pieces of any size, cut anywhere; what
 * follows the request is left in the input.
 *
 * Thread: a parser belongs to its connection's loop. */
#ifndef SERVAL_HTTP_PARSER_H
#define SERVAL_HTTP_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <serval/str.h>

#include "base/arena.h"
#include "http/framing.h"

typedef struct sv_parser sv_parser;

typedef struct sv_parser_limits {
    size_t max_target_bytes; /* 414 above */
    size_t max_header_bytes; /* all field lines with their line ends, trailers counted anew: 431
                                above */
    size_t max_headers;      /* at most SV_EXCHANGE_MAX_HEADERS: 431 above */
} sv_parser_limits;

typedef enum sv_parser_event {
    SV_PARSER_MORE,     /* the input is used up */
    SV_PARSER_HEAD,     /* sv_parser_head is complete; nothing of the body was touched */
    SV_PARSER_BODY,     /* `piece` is the next part of the body, borrowed from the input */
    SV_PARSER_COMPLETE, /* the request has ended; start again before the next one */
    SV_PARSER_REFUSED,  /* `refusal` says why; nothing behind may be read as HTTP */
} sv_parser_event;

/* Text lives in the arena given to sv_parser_start. */
typedef struct sv_parser_head {
    sv_request_line line;
    sv_http_header headers[SV_EXCHANGE_MAX_HEADERS];
    size_t n_headers;
    sv_framing framing;
} sv_parser_head;

/* NULL when out of memory. Call sv_parser_start before the first use. */
sv_parser *sv_parser_new(void);
/* NULL is fine. */
void sv_parser_free(sv_parser *parser);

/* Gets ready for one request. The head's text is allocated in `arena`, which lives until the next
 * start. */
void sv_parser_start(sv_parser *parser, sv_arena *arena, sv_parser_limits limits);
/* After HEAD: what is allocated from now on is no part of the request's text, and goes there, so
 * that the first arena can be another thread's. It lives until the next start, too. */
void sv_parser_move(sv_parser *parser, sv_arena *arena);
/* Takes bytes off the front of `*input` up to the next event. After HEAD it must be called again
 * even when the input is empty: a request may be complete without another byte. */
sv_parser_event sv_parser_next(sv_parser *parser, sv_str *input, sv_str *ret_piece);
/* Whether a byte of the request itself was seen; empty lines before it do not count. */
bool sv_parser_has_begun(const sv_parser *parser);
/* After HEAD. Fields may be changed by the caller. */
sv_parser_head *sv_parser_get_head(sv_parser *parser);
/* The request line alone is known: method and target may be shown in an answer. */
bool sv_parser_has_line(const sv_parser *parser);
sv_refusal sv_parser_get_refusal(const sv_parser *parser);

#endif
