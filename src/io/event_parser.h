/* event_parser.h: a stream of server-sent events, taken apart while it comes. Pure: bytes in,
 * events out; nothing of HTTP, of connecting again, or of what an event's data means. */
#ifndef SERVAL_IO_EVENT_PARSER_H
#define SERVAL_IO_EVENT_PARSER_H

#include <stdbool.h>

#include <serval/status.h>

#include "base/buf.h"

enum { SV_EVENT_PARSER_MAX_NAME = 256 }; /* bytes of a type, and of an id */

/* One stream, in the caller's storage. No member is anybody else's business. */
typedef struct sv_event_parser {
    sv_buf buf;      /* the event's data so far, then the line that is not complete yet */
    size_t data_len; /* of the data, each of its lines with an LF */
    size_t type_len, id_len;
    int64_t retry_ms;
    sv_status status; /* the first failure */
    bool skips_lf;    /* the last byte was a CR */
    bool is_after_first_line;
    char type[SV_EVENT_PARSER_MAX_NAME], id[SV_EVENT_PARSER_MAX_NAME];
} sv_event_parser;

/* What an event says, borrowed. */
typedef struct sv_parsed_event {
    sv_str type;      /* "message" unless it has another */
    sv_str id;        /* the last one the stream has told, with this event or before; or empty */
    sv_str data;      /* its lines with LF between them */
    int64_t retry_ms; /* the last reconnection time the stream has told; 0: none */
} sv_parsed_event;

/* Gets one event, during the call. False: no more for now. */
typedef bool sv_event_parser_take(void *arg, const sv_parsed_event *event);

/* The data of one event and the line that is coming hold `max_bytes` together at most. Allocates
 * nothing. */
void sv_event_parser_init(sv_event_parser *parser, size_t max_bytes);
/* Accepts a zeroed one. An event that is not complete is dropped, as the standard wants it. */
void sv_event_parser_deinit(sv_event_parser *parser);

/* Takes what came off `*bytes` and calls `take(arg, event)` for each event that is complete. When
 * that says false, `*bytes` is left with what comes behind the event, for the next call; else
 * nothing is left. How the stream is cut into calls makes no difference.
 *
 * Any thread, one at a time. SV_TOO_LARGE: an event is larger than `max_bytes`, or its type or id
 * than SV_EVENT_PARSER_MAX_NAME; SV_NO_MEMORY. Either is said again ever after. Source: HTML
 * standard, 9.2.6 "Interpreting an event stream". Text that is not UTF-8 is passed on as it is. */
sv_status sv_event_parser_feed(sv_event_parser *parser, sv_str *bytes, sv_event_parser_take *take,
                               void *arg) SV_MUST_USE;

#endif
