/* moment_rules.h: in the past, in the future, with or without a zone: the limits of dates. Used on
 * requests and on answers. */
#ifndef SERVAL_JSON_MOMENT_RULES_H
#define SERVAL_JSON_MOMENT_RULES_H

#include "json/validate.h"

/* True when the row's limits hold now; else `*ret_violation` tells which it breaks. Dates and times
 * without a zone count as UTC. */
bool sv_moment_rules_datetime(const sv_field *row, const sv_datetime *value,
                              sv_violation *ret_violation);
bool sv_moment_rules_date(const sv_field *row, const sv_date *value, sv_violation *ret_violation);
/* What a handler filled in: is there such a thing? */
bool sv_moment_rules_is_date(sv_date date);
bool sv_moment_rules_is_time(const sv_time *time);
bool sv_moment_rules_is_duration(const sv_duration *duration);

#endif
