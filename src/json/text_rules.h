/* text_rules.h: what a row asks of a text beyond its length: a pattern, a format, blanks cut off,
 * another case. Used on requests and on answers. */
#ifndef SERVAL_JSON_TEXT_RULES_H
#define SERVAL_JSON_TEXT_RULES_H

#include "json/plan.h"
#include "json/validate.h"

/* Strips, measures, matches, changes the case and normalises by format, in this order (pydantic's).
 * `*text` becomes the result: part of the old one, or in the arena. SV_INVALID: `*ret_violation`
 * tells the rule; SV_NO_MEMORY. */
sv_status sv_text_rules_apply(sv_arena *arena, const sv_plan_field *field, sv_str *text,
                              sv_violation *ret_violation) SV_MUST_USE;
/* A text in an answer stays as it is: is it what this might have made? Lengths and patterns are
 * about the text before its case changed or its format was normalised, and are not asked for then.
 */
sv_status sv_text_rules_check(const sv_plan_field *field, sv_str text,
                              sv_violation *ret_violation) SV_MUST_USE;
/* Addresses of the Internet may come as numbers, as Python's ipaddress takes them. False when this
 * field takes no number, or not this one. */
bool sv_text_rules_from_number(sv_arena *arena, const sv_plan_field *field, const sv_value *value,
                               sv_str *ret_text);
/* The error of a value that is no text. */
sv_error_type sv_text_rules_not_text(sv_text_format format);

#endif
