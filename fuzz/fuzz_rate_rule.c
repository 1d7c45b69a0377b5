/* fuzz_rate_rule.c: hostile texts as rate limits. Whatever is accepted keeps its bounds, and what
 * it is printed as is read back as the same. */
#include <stdlib.h>
#include <string.h>

#include "http/rate_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_rule(const sv_rate_rule *rule)
{
    char text[SV_RATE_RULE_TEXT_SIZE];
    size_t len = sv_rate_rule_write(rule, text);
    sv_rate_limit again;
    require(len < sizeof text && strlen(text) == len);
    require(rule->count >= 1 && rule->multiple >= 1 && rule->interval_ns >= 1000);
    require(rule->count <= INT64_MAX / rule->interval_ns);
    require(sv_rate_rule_parse((sv_str){text, len}, NULL, &again) == SV_OK);
    require(again.n_rules == 1 && again.rules[0].count == rule->count &&
            again.rules[0].multiple == rule->multiple && again.rules[0].unit == rule->unit &&
            again.rules[0].interval_ns == rule->interval_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_rate_limit limit = {.n_rules = 0};
    sv_error error = {0};
    sv_status status = sv_rate_rule_parse((sv_str){(const char *)data, size}, &error, &limit);
    require(status == SV_OK || status == SV_INVALID);
    require((status == SV_OK) == !error.message[0]);
    require(limit.n_rules <= SV_RATE_RULE_MAX && (limit.n_rules > 0) == (status == SV_OK));
    for (size_t i = 0; i < limit.n_rules; i++)
        check_rule(&limit.rules[i]);
    return 0;
}
