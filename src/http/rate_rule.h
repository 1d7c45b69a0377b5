/* rate_rule.h: how often a client may ask, as people write it: `10/minute`, `100/hour;10/minute`.
 *
 * The notation is that of the Python package `limits`, which slowapi users know: a count, `/` or
 * `per`, perhaps a multiple, a unit; several rules are separated by `;`, `,` or `|`. Pure. What has
 * been used of a rule: rate_table.h. */
#ifndef SERVAL_HTTP_RATE_RULE_H
#define SERVAL_HTTP_RATE_RULE_H

#include <stddef.h>
#include <stdint.h>

#include <serval/status.h>
#include <serval/str.h>

enum { SV_RATE_RULE_MAX = 8, SV_RATE_RULE_TEXT_SIZE = 64 };

typedef struct sv_rate_rule {
    int64_t count;       /* requests in a burst, 1 to 1,000,000,000 */
    int64_t multiple;    /* of the unit, from 1 on */
    const char *unit;    /* "minute"; static */
    int64_t interval_ns; /* after which one more request is free: period / count, at least 1000 */
} sv_rate_rule;

/* Rules that hold together. Its address is its identity: two limits are counted apart. */
typedef struct sv_rate_limit {
    sv_rate_rule rules[SV_RATE_RULE_MAX];
    size_t n_rules; /* from 1 on */
} sv_rate_limit;

/* Reads one or several rules. Letters are of any case, units singular or plural, white space is
 * free; a month is 30 days, a year 12 months, as `limits` has it. SV_INVALID: `error` (may be NULL)
 * names what is wrong and what is allowed. Unlike `limits`, counts and multiples of 0, more than a
 * million requests a second and more than ten years are refused. */
sv_status sv_rate_rule_parse(sv_str text, sv_error *error, sv_rate_limit *ret_limit) SV_MUST_USE;
/* "10 per 1 minute", as slowapi prints it, zero-terminated; returns its length. */
size_t sv_rate_rule_write(const sv_rate_rule *rule, char text[SV_RATE_RULE_TEXT_SIZE]);

#endif
