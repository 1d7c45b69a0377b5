/* grammar_number.h: the numbers that a schema allows, between its bounds, as alternatives in GBNF.
 * Internal to grammar.h. */
#ifndef SERVAL_TEXT_GRAMMAR_NUMBER_H
#define SERVAL_TEXT_GRAMMAR_NUMBER_H

#include "text/grammar_rules.h"
#include "text/grammar_view.h"

/* Appends alternatives. Without bounds: up to 16 digits, `integer` or with fraction and exponent.
 * With bounds: exactly the integers between them; of other numbers, those with up to 4 digits
 * behind the point, or up to 8 where so few do not fit between. A bound that is missing lies 1e15
 * (1e9 for numbers) beyond the other. SV_INVALID: a bound is no number, or nothing is between. */
sv_status sv_grammar_number_write(sv_grammar_rules *rules, const sv_grammar_view *view,
                                  bool is_integer, sv_buf *line, sv_error *error) SV_MUST_USE;

#endif
