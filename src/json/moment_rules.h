/* moment_rules.h: in the past, in the future, with or without a zone: the limits of dates. Used on
 * requests and on answers. */
#ifndef SERVAL_JSON_MOMENT_RULES_H
#define SERVAL_JSON_MOMENT_RULES_H

#include "json/validate.h"

/* True when the limits hold now; else `*ret_violation` tells which does not. Dates and times
 * without a zone count as UTC. */
bool sv_moment_rules_datetime(sv_moment moment, sv_zone zone, const sv_datetime *value,
                              sv_violation *ret_violation);
bool sv_moment_rules_date(sv_moment moment, sv_date value, sv_violation *ret_violation);
/* What an answer must keep: what was in the future when the request came may be over. */
sv_moment sv_moment_rules_lasting(sv_moment moment);
/* What a handler filled in: is there such a thing? */
bool sv_moment_rules_is_date(sv_date date);
bool sv_moment_rules_is_time(const sv_time *time);
bool sv_moment_rules_is_duration(const sv_duration *duration);

#endif
