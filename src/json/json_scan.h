/* json_scan.h: finds what is wrong with a JSON text, in the words and at the place of Python's json
 * module. Slow and careful; only for texts that the fast parser refused. */
#ifndef SERVAL_JSON_JSON_SCAN_H
#define SERVAL_JSON_JSON_SCAN_H

#include "json/value.h"

/* Scans `text` (without byte order mark). True when it is JSON of at most `max_depth`
 * (<= SV_VALUE_MAX_DEPTH) levels; else `*ret_error` tells why not. A syntax error goes before a
 * lone surrogate, as in a parser that knows no surrogates. Memory: none. */
bool sv_json_scan(sv_str text, int max_depth, sv_value_error *ret_error);

#endif
