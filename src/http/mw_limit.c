/* mw_limit.c: asks the table, refuses, and writes the fields. How is counted: rate_table.c. */
#include "http/mw_limit.h"

enum { MAX_LIMITS = 2 };

/* The limits that a request is under. */
static size_t find_limits(const sv_mw_limit *mw, const sv_exchange *exchange,
                          const sv_rate_limit *limits[MAX_LIMITS])
{
    const sv_route *route = exchange->route;
    size_t n = 0;
    if (route && route->policy.rate_limit)
        limits[n++] = route->policy.rate_limit;
    bool is_free =
        route ? route->policy.rate_exempt : sv_str_eq(exchange->method, SV_STR("OPTIONS"));
    if (mw->overall && !is_free)
        limits[n++] = mw->overall;
    return n;
}

static bool refuse(sv_exchange *exchange, const sv_rate_rule *rule)
{
    char text[SV_RATE_RULE_TEXT_SIZE];
    sv_rate_rule_write(rule, text);
    sv_str message = sv_arena_printf(exchange->arena, "Rate limit exceeded: %s", text);
    sv_exchange_fail(
        exchange, &(sv_failure){.kind = &sv_kind_rate_limited,
                                .message = message.ptr ? message : SV_STR("Rate limit exceeded")});
    return false;
}

static bool decide(sv_exchange *exchange, void *arg)
{
    const sv_mw_limit *mw = arg;
    const sv_rate_limit *limits[MAX_LIMITS];
    size_t n = mw->table ? find_limits(mw, exchange, limits) : 0;
    if (!n)
        return true;
    sv_rate_verdict verdict = sv_rate_table_decide(mw->table, exchange->client, limits, n);
    sv_rate_verdict *kept = sv_arena_alloc(exchange->arena, sizeof *kept);
    if (kept)
        *kept = verdict;
    exchange->rate = kept; /* without memory the answer goes without the fields */
    return verdict.allowed || refuse(exchange, verdict.rule);
}

static void add_field(sv_exchange *exchange, sv_str name, int64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    sv_status status =
        sv_exchange_add_header(exchange, name, (sv_str){digits + at, sizeof digits - at});
    (void)status; /* a courtesy: without room the answer goes without */
}

static void tell(sv_exchange *exchange, void *arg)
{
    (void)arg;
    const sv_rate_verdict *verdict = exchange->rate;
    if (!verdict)
        return;
    add_field(exchange, SV_STR("X-RateLimit-Limit"), verdict->rule->count);
    add_field(exchange, SV_STR("X-RateLimit-Remaining"), verdict->remaining);
    add_field(exchange, SV_STR("X-RateLimit-Reset"), verdict->reset_epoch_s);
    if (!verdict->allowed)
        add_field(exchange, SV_STR("Retry-After"), verdict->retry_after_s);
}

sv_http_middleware sv_mw_limit_middleware(const sv_mw_limit *limit)
{
    return (sv_http_middleware){.before = decide, .after = tell, .arg = (void *)limit};
}
