/* message.h: the small grammars of HTTP messages: methods, tokens, header fields, lists, media
 * types, percent encoding. Pure: no I/O, no state; any thread. */
#ifndef SERVAL_HTTP_MESSAGE_H
#define SERVAL_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <serval/status.h>
#include <serval/str.h>

#include "base/arena.h"

/* One of the methods of the IANA registry, in capitals. */
bool sv_message_is_method(sv_str text);
/* A token of RFC 9110: one or more of its characters. */
bool sv_message_is_token(sv_str text);
/* A field name and a value that may be sent: no control bytes but tab, no white space around the
 * value. */
bool sv_message_is_header(sv_str name, sv_str value);

/* Whether a comma-separated list has this member, compared without case. */
bool sv_message_list_has(sv_str list, sv_str member);

/* The weight of a list member, from its parameters (";q=0.5"), in thousandths; 1000 without one.
 * -1: it is no weight (RFC 9110, 12.4.2). */
int sv_message_weight(sv_str parameters);

/* The media type without parameters: "image/png" of "image/png; q=1". */
sv_str sv_message_media_type(sv_str content_type);
/* application/json or a type that ends in +json. */
bool sv_message_is_json(sv_str content_type);
/* Whether `content_type` is among the comma-separated `patterns`; one that ends in '/' matches all
 * its subtypes. */
bool sv_message_media_matches(sv_str content_type, sv_str patterns);

/* The byte that "%XY" at the start of `text` stands for, or -1. */
int sv_message_percent_byte(sv_str text);
enum { SV_MESSAGE_KEEP_NONE = -1 };
/* A copy in which every maximal piece that is not UTF-8 is one U+FFFD, but for the byte `keep`
 * (0xF8..0xFF, which begin no character; or SV_MESSAGE_KEEP_NONE). Well-formed text is returned as
 * it is. NULL pointer when out of memory. */
sv_str sv_message_repair_utf8(sv_arena *arena, sv_str text, int keep);

/* Upper bound of the pairs of a query: its non-empty pieces between '&'. */
size_t sv_message_count_pairs(sv_str query);
/* Cuts the next `name=value` off `*rest` and decodes both ('+' is a space; escapes that are not
 * hexadecimal stay as written; other bytes that are not UTF-8 become U+FFFD). False at the end, and
 * when out of memory. */
bool sv_message_next_pair(sv_str *rest, sv_arena *arena, sv_str *ret_name, sv_str *ret_value);

#endif
